"""What may follow from what was applied: judged in previews, after half an apply, a refresh."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import Checkout, Done

pytestmark = pytest.mark.e2e

STACK = "transitions"
SPEC = "stacks/transitions.yaml"
# Nothing in it runs, so that all of it is applied in seconds.
TEXT = """\
api_version: easymaker/v1
kind: Workspace
workspace: transitions
include: [platform/local.yaml]
notebooks:
  first:
    image: python-3-notebook-cpu
    flavor: m2.c1m2
    boot_storage: 10
    data_storage: 10
    state: stopped
"""
SECOND = """\
  second:
    image: python-3-notebook-cpu
    flavor: m2.c1m2
    boot_storage: 10
    data_storage: 10
    state: stopped
"""
SIZE = "data_storage: 10\n    state: stopped\n"
LARGER = SIZE.replace("10", "20")
REFUSED = "notebooks.{}.data_storage: a volume keeps its size: a new notebook can have another"


@pytest.fixture(name="stack", scope="module")
def _stack(checkout: Checkout) -> Iterator[Checkout]:
    (checkout.folder / SPEC).write_text(TEXT)
    call = checkout.plain_stack(STACK, SPEC)
    call("up", "--yes", "--skip-preview")
    yield checkout
    (checkout.folder / SPEC).write_text(TEXT)
    call("destroy", "--yes", "--skip-preview")
    call("stack", "rm", "--yes")


def pulumi(stack: Checkout, text: str, *arguments: str) -> Done:
    """A command of Pulumi's with another text of the spec."""
    (stack.folder / SPEC).write_text(text)
    return stack.pulumi(*arguments, f"--stack={STACK}", "--suppress-progress")


def refusals(done: Done) -> list[str]:
    return [line.strip() for line in done.stdout.splitlines() if "a volume keeps" in line]


def test_preview_refuses_it_with_its_place_and_once(stack: Checkout) -> None:
    done = pulumi(stack, TEXT.replace(SIZE, LARGER), "preview")
    assert done.returncode != 0
    (line,) = refusals(done)
    place = f"{SPEC}:10:19"
    assert line == f"{place}: {REFUSED.format('first')}"
    assert "Traceback" not in done.stdout + done.stderr


def test_after_a_refresh_it_is_refused_all_the_same(stack: Checkout) -> None:
    assert pulumi(stack, TEXT, "refresh", "--yes").returncode == 0
    again = pulumi(stack, TEXT, "preview", "--expect-no-changes")
    assert again.returncode == 0, again.stdout
    assert len(refusals(pulumi(stack, TEXT.replace(SIZE, LARGER), "preview"))) == 1


def test_half_an_apply_counts_as_far_as_it_went(stack: Checkout) -> None:
    """The second notebook fails, as the cluster admits no further StatefulSet."""
    kubectl = stack.cluster.kubectl
    kubectl("-n", STACK, "create", "quota", "one", "--hard=count/statefulsets.apps=1")
    both = TEXT + SECOND
    changed = both.replace("notebooks:\n  first:\n", "notebooks:\n  first:\n    description: new\n")
    done = pulumi(stack, changed, "up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "exceeded quota" in done.stdout
    # The first one's change arrived; of the second there is the volume, and it keeps its size too.
    lines = refusals(pulumi(stack, changed.replace(SIZE, LARGER), "preview"))
    found = [line.partition(": ")[2] for line in lines]
    assert found == [REFUSED.format("first"), REFUSED.format("second")]
    kubectl("-n", STACK, "delete", "quota", "one")
    done = pulumi(stack, changed, "up", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout
    sets = stack.cluster.get("statefulsets", "-n", STACK)["items"]
    assert len(sets) == 2


def test_unreachable_cluster_is_one_clear_sentence(stack: Checkout, tmp_path: Path) -> None:
    config = json.loads(stack.cluster.kubectl("config", "view", "--raw", "--flatten", "-o", "json"))
    for entry in config["clusters"]:
        entry["cluster"]["server"] = "https://127.0.0.1:1"
    elsewhere = tmp_path / "kubeconfig"
    elsewhere.write_text(json.dumps(config))
    (stack.folder / SPEC).write_text(TEXT)
    done = stack.run(
        ["pulumi", "preview", f"--stack={STACK}", "--non-interactive", "--color=never"],
        KUBECONFIG=str(elsewhere),
        PULUMI_CONFIG_PASSPHRASE_FILE=str(stack.folder / ".state" / "passphrase"),
    )
    assert done.returncode != 0
    diagnostics = done.stdout.partition("Diagnostics:")[2]
    said = [line for line in diagnostics.splitlines() if "can't be read" in line]
    assert len(said) == 1
    assert "connection refused" in said[0] or "was refused" in said[0]
    assert "Traceback" not in done.stdout + done.stderr
