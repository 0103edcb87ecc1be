"""Archived logs, by the workspace's reader: what trainings wrote whose pods are gone.

The launcher keeps them (`launcher.archive`), below `<training>/<revision>/<instance>/<attempt>/`.
"""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote
from xml.etree import ElementTree

from cli import portforward
from cli.api import Api, NotFound
from components.manifests import reader
from tools.errors import ToolError

_END = "end.json"
_DAV = "{DAV:}"
Say = Callable[[str], None]


@dataclass(frozen=True, order=True)
class Attempt:
    """One run of an instance. Attempts sort by their start."""

    name: str
    """`<start>.<pod>`"""
    revision: str
    folder: str

    @property
    def pod(self) -> str:
        return self.name.partition(".")[2]


class Archive:
    """What the reader shows. All methods raise ToolError where it shows nothing."""

    def __init__(self, line: http.client.HTTPConnection) -> None:
        self._line = line

    def revisions(self, training: str) -> list[str]:
        """All that something is archived of."""
        return self._names(f"{training}/")

    def attempts(self, training: str, revision: str, instance: int) -> list[Attempt]:
        """Oldest first."""
        folder = f"{training}/{revision}/{instance}/"
        found = self._names(folder)
        return sorted(Attempt(name, revision, f"{folder}{name}/") for name in found)

    def lines(self, attempt: Attempt, say: Say) -> Iterator[str]:
        """The log; `say` is told where something of it was left out."""
        parts = [name for name in self._names(attempt.folder) if name != _END]
        expected = None
        for name in sorted(parts):
            number = int("".join(filter(str.isdigit, name)))
            if expected is not None and number > expected:
                say("here a part of the log was left out: it is too long")
            expected = number + 1
            with self._asked("GET", attempt.folder + name) as answer:
                for line in answer:
                    yield line.decode("utf-8", "replace").removesuffix("\n")

    def end(self, attempt: Attempt) -> dict[str, Any] | None:
        """How the attempt ended; None if it was killed before it could say, or still runs."""
        if _END not in self._names(attempt.folder):
            return None
        with self._asked("GET", attempt.folder + _END) as answer:
            found = json.loads(answer.read())
        return found if isinstance(found, dict) else None

    def _names(self, folder: str) -> list[str]:
        """What lies in a folder; nothing where there is none."""
        with self._asked("PROPFIND", folder, {"Depth": "1"}) as answer:
            text = answer.read()
        if answer.status == http.client.NOT_FOUND:
            return []
        root = ElementTree.fromstring(text)  # noqa: S314 - the reader's own, not what it reads
        paths = [unquote(item.findtext(f"{_DAV}href", "")) for item in root]
        return sorted(path.rstrip("/").rpartition("/")[2] for path in paths if path != f"/{folder}")

    @contextmanager
    def _asked(
        self, method: str, path: str, headers: dict[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        try:
            self._line.request(method, f"/{quote(path)}", headers=headers or {})
            answer = self._line.getresponse()
            is_missing = method == "PROPFIND" and answer.status == http.client.NOT_FOUND
            if answer.status >= 400 and not is_missing:
                said = answer.read().decode("utf-8", "replace").strip() or answer.reason
                raise ToolError(f"the archive of logs can't be read: {said}")
            yield answer
            answer.close()  # which reading it line by line does not, and the next one needs
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ToolError(f"the archive of logs can't be read: {error}") from None


@contextmanager
def archive(api: Api, namespace: str) -> Iterator[Archive]:
    """The archive of a workspace. Raises ToolError."""
    try:
        with portforward.connection(api, namespace, reader.POD, reader.PORT) as line:
            yield Archive(line)
    except NotFound:
        why = f"the pod {reader.POD} is not there"
        raise ToolError(f"the archive of logs can't be read: {why}") from None
