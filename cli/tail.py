"""The log of one run of a container, to its end, whatever happens to the connection."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cli.api import Api, NotFound
from cli.logpods import Run
from tools.errors import ToolError

_PAUSE_SECONDS = 1
_LOOKS = 3


@dataclass(frozen=True)
class Line:
    """A line of a run's log, without its end."""

    run: Run
    text: str


@dataclass(frozen=True)
class Note:
    """What a person must know of a run's log."""

    text: str


@dataclass(frozen=True)
class End:
    """The run is over, or its pod is gone: nothing more comes of it."""

    key: tuple[str, int]
    run: Run
    """As it was then; where the container was started again, with its earlier end."""


Item = Line | Note | End


def whole(api: Api, namespace: str, run: Run, *, previous: bool = False) -> Iterator[str]:
    """The log as it is now. Raises ToolError."""
    parameters = {"previous": "true"} if previous else {}
    path = _path(namespace, run)
    try:
        with api.lines(path, container=run.container, **parameters) as stream:
            for line in stream:
                yield line.decode("utf-8", "replace").removesuffix("\n")
    except NotFound:
        raise ToolError(f"the pod {run.name} is gone") from None


@dataclass
class Tail:
    """Follows a run in a thread of its own, and gives `put` what comes."""

    api: Api
    namespace: str
    run: Run
    put: Callable[[Item], object]
    _last: str = ""
    """Time of the last line."""
    _told: set[str] = field(default_factory=set)

    def start(self) -> None:
        """Begin. What is under way ends with the process."""
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        first = self.run.key
        while (now := self._after_stream()) is not None and now.key == first and not now.is_over:
            pass
        if now is None:
            self._note(f"the pod {self.run.name} is gone")
        else:
            # What was written last may not have been read, for an end is seen before.
            self._read(previous=now.key != first)
        self.put(End(first, now or self.run))

    def _after_stream(self) -> Run | None:
        """Read, and see what is there then; None if the pod is gone.

        A container's end is seen a little later than that of its log. Reading on at once could be
        reading the log of the next run.
        """
        self._read()
        for _ in range(_LOOKS):
            now = self._now()
            if now is None or now.key != self.run.key or now.is_over:
                break
            time.sleep(_PAUSE_SECONDS)
        return now

    def _read(self, *, previous: bool = False) -> None:
        """Read on from the last line, until the stream ends; `previous` is the run before."""
        parameters = {"previous": "true"} if previous else {"follow": "true"}
        if self._last:
            parameters["sinceTime"] = self._last
        path = _path(self.namespace, self.run)
        try:
            with self.api.lines(
                path, container=self.run.container, timestamps="true", **parameters
            ) as stream:
                last = self._last
                for line in stream:
                    stamp, _, text = line.decode("utf-8", "replace").partition(" ")
                    # The kubelet counts whole seconds: it sends some lines once more.
                    if stamp > last:
                        self._last = stamp
                        self.put(Line(self.run, text.removesuffix("\n")))
        except NotFound:
            pass  # it will be seen that the pod is gone
        except ToolError as error:
            self._note(str(error))

    def _now(self) -> Run | None:
        """The run as it is now, or one that came after it; None if the pod is gone."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{self.run.name}"
        while True:
            try:
                found = self.run.of(self.api.get(path))
            except NotFound:
                return None
            except ToolError as error:
                self._note(str(error))
                time.sleep(_PAUSE_SECONDS)
                continue
            return found if found.key[0] == self.run.key[0] else None

    def _note(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.put(Note(text))


def _path(namespace: str, run: Run) -> str:
    return f"/api/v1/namespaces/{namespace}/pods/{run.name}/log"
