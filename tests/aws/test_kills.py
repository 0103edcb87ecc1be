"""Runs that are killed at random, and what comes of their cluster."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.recovery.pending import operations
from tests.aws.conftest import Account
from tests.aws.stacks import Spec, Stack, misfound
from tests.support.killing import kill
from tests.support.soak import ROUNDS

pytestmark = pytest.mark.e2e

CHANGES: tuple[Callable[[Spec], object], ...] = (
    # Another group for the pool, and a new one.
    lambda spec: spec["pools"]["gpu"].update(disk=300),
    lambda spec: spec["pools"].update(more={"instance_types": ["g5.12xlarge"], "max": 2}),
    lambda spec: spec["pools"]["gpu"].update(capacity="spot"),
    lambda spec: spec["pools"]["cpu"].update(max=9, disk=150),
    lambda spec: spec["pools"].pop("more"),
)
PENDING = "the last run was killed while it made "
MAKING = "a run makes "


class Killer:
    """Kills runs at random."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.seed = random.randrange(2**32)
        self.chance = random.Random(self.seed)
        self.left = 0
        """Things that killed runs were making."""

    def apply(self, most: int) -> bool:
        """Start to apply, and kill it when up to so many things are done. Whether it was killed;
        else it had come to its end."""
        project = self.stack.project
        after, seen = self.chance.randrange(1, most), 0
        process = project.start("up", "--yes", "--skip-preview")
        assert process.stdout is not None
        for line in process.stdout:
            seen += any(word in line for word in (" created", " updated", " deleted"))
            if seen == after:
                # Most are done within this, so what is under way then is another thing each time.
                with_plugins = self.chance.random() < 0.5
                for _ in range(self.chance.randrange(3)):
                    process.stdout.readline()
                kill(process, plugins=with_plugins, whole=self.stack.account.emulators.whole)
                return True
        process.communicate(timeout=300)
        assert process.returncode == 0, f"seed {self.seed}"
        return False

    def recover(self) -> None:
        """What the program says of it, and what `emctl` does."""
        account = self.stack.account
        state = json.loads(self.stack.project.pulumi("stack", "export").stdout)
        making = [item for item in operations(state) if item.kind == "creating"]
        if making:
            self.stack.project.pulumi("cancel", "--yes")
            if not self.left:
                said = self.stack.project.pulumi("preview").stdout
                assert f"warning: {MAKING}" in said, f"seed {self.seed}: {said}"
            self.left += len(making)
            done = self.stack.project.pulumi("up", "--yes", "--skip-preview", check=False)
            assert PENDING in done.stdout, f"seed {self.seed}: {done.stdout}"
        print(account.recover())  # noqa: T201 - what to read where it fails


@pytest.mark.timeout(7200)
@pytest.mark.soak
def test_applies_that_are_killed_are_finished_by_the_next(account: Account, tmp_path: Path) -> None:
    empty = account.inventory()
    stack = Stack(account, tmp_path)
    killer = Killer(stack)
    for number in range(ROUNDS):
        if number == ROUNDS // 2:
            # From here on there is a cluster, which changes.
            killer.recover()
            stack.up()
        if number >= ROUNDS // 2:
            stack.change(CHANGES[(number - ROUNDS // 2) % len(CHANGES)])
        killer.apply(45 if number < ROUNDS // 2 else 12)
        killer.recover()
    stack.up()
    print(f"seed {killer.seed}: {ROUNDS} kills in {killer.left} creations")  # noqa: T201
    assert stack.preview() == {}, f"seed {killer.seed}"
    assert misfound(account, least=20) == {}
    # What a killed run made and forgot would stay.
    stack.project.pulumi("destroy", "--yes", "--skip-preview")
    assert account.inventory() == empty, f"seed {killer.seed}"
