"""Waiting until resources are as wished, by the cluster's own events."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from cli.feed import Feed
from cli.statuses.objects import Objects
from cli.statuses.status import Status
from cli.targets import KINDS, Target, failures
from tools.errors import ToolError

Say = Callable[[str], None]


@dataclass
class Waiting:
    """Waits, and tells each change of a status."""

    feed: Feed
    say: Say
    objects: Objects | None = None
    """As they were last; None until they are read."""
    told: dict[Target, str] = field(default_factory=dict)
    """What was said of each; given, so that several waits say it once."""

    def until(
        self, wishes: Mapping[Target, StrEnum], end: float | None = None
    ) -> dict[Target, Status]:
        """Wait until each target has its word, or one that stays until a person does something.

        `end` is when to give up, on the monotonic clock; they are read once in any case. Returns
        the last statuses.
        """
        while True:
            if self.objects is not None:
                found = {target: target.status(self.objects) for target in wishes}
                for target, status in found.items():
                    self._tell(target, status)
                if all(self._is_over(t, wishes[t], found[t]) for t in wishes):
                    return found
            left = None
            if end is not None and self.objects is not None:
                left = max(0.0, end - time.monotonic())
            fresh = self.feed.next(left)
            if fresh is None:
                return found
            self.objects = fresh

    def _tell(self, target: Target, status: Status) -> None:
        if self.told.get(target) != str(status):
            self.told[target] = str(status)
            self.say(f"{target}: {status}")

    @staticmethod
    def _is_over(target: Target, wish: StrEnum, status: Status) -> bool:
        return status.word == wish or status.word in KINDS[target.kind].final


@contextmanager
def failures_told(feed: Feed, before: Mapping[Target, Status], say: Say) -> Iterator[None]:
    """Tell what fails while the block runs: of these targets, and unlike it was `before`."""

    told = {target: str(status) for target, status in before.items()}

    def tell() -> None:
        # Where the cluster can't be read, what runs in the block says so.
        with contextlib.suppress(ToolError):
            while (objects := feed.next()) is not None:
                for target in before:
                    status = target.status(objects)
                    if status.word in failures(target.kind) and told[target] != str(status):
                        say(f"{target}: {status}")
                    told[target] = str(status)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        feed.close()
        thread.join()


def goals(targets: list[Target]) -> dict[Target, StrEnum]:
    """The words that say all is well."""
    return {target: KINDS[target.kind].goal for target in targets}
