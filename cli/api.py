"""Reading the Kubernetes API as kubectl's user, over one connection that needs no new process.

`kubectl proxy` speaks to the cluster, with whatever credentials the kubeconfig names; it listens
on a socket that this user alone can open, and passes reading requests on.
"""

import base64
import contextlib
import http.client
import io
import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import live
from live import Context
from tools.errors import ToolError

_SOCKET_PATH = 100
"""Bytes that a socket's address surely holds."""


class NotFound(ToolError):
    """There is no such object, or the cluster does not know its kind."""


class Forbidden(ToolError):
    """The user may not read it."""


class Api:
    """The API behind a socket. Raises ToolError in one sentence where it can't be read."""

    def __init__(self, path: str) -> None:
        self._path = path

    def get(self, path: str, **parameters: str) -> Any:
        """One object or list, read."""
        with self._answer(path, parameters, timeout=30) as answer:
            return json.loads(answer.content.read())

    @contextmanager
    def lines(self, path: str, **parameters: str) -> Iterator["Stream"]:
        """A stream of lines that comes as long as the API server likes, or until it is closed."""
        with self._answer(path, parameters, timeout=None) as answer:
            yield Stream(answer)

    @contextmanager
    def upgraded(
        self, path: str, protocol: str, **parameters: str
    ) -> Iterator[tuple[socket.socket, io.BufferedReader]]:
        """A websocket: the line to write to, and what is to be read from it."""
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Protocol": protocol,
        }
        expected = http.client.SWITCHING_PROTOCOLS
        with self._answer(path, parameters, 30, headers, expected) as answer:
            # What was read ahead stays in the answer's own buffer.
            yield answer.line, answer.content.fp

    @contextmanager
    def _answer(
        self,
        path: str,
        parameters: dict[str, str],
        timeout: float | None,
        headers: dict[str, str] | None = None,
        expected: int = http.client.OK,
    ) -> Iterator["_Answer"]:
        connection = _Connection(self._path, timeout)
        try:
            connection.request("GET", f"{path}?{urlencode(parameters)}", headers=headers or {})
            line = connection.sock
            answer = connection.getresponse()
            if answer.status != expected:
                raise _refusal(answer)
            yield _Answer(line, answer)
        except (OSError, http.client.HTTPException) as error:
            raise ToolError(f"the cluster can't be read: {error}") from None
        finally:
            connection.close()


class _Answer(NamedTuple):
    line: socket.socket
    content: http.client.HTTPResponse


class Stream:
    """Lines as they come; any thread may close it."""

    def __init__(self, answer: _Answer) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer.content)

    def close(self) -> None:
        """End it for whoever reads."""
        with contextlib.suppress(OSError):  # it has ended by itself
            self._answer.line.shutdown(socket.SHUT_RDWR)


@contextmanager
def api(context: Context) -> Iterator[Api]:
    """The API of a cluster."""
    try:
        kubectl = live.kubectl()
    except live.LiveError as error:
        raise ToolError(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="emctl-", dir=_short_folder()) as folder:
        path, log = f"{folder}/api", Path(folder, "log")
        with (
            log.open("w", encoding="utf-8") as errors,
            subprocess.Popen(
                [
                    kubectl,
                    *context.arguments,
                    "proxy",
                    f"--unix-socket={path}",
                    "--reject-methods=^(POST|PUT|PATCH|DELETE)$",
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as proxy,
        ):
            try:
                assert proxy.stdout is not None  # noqa: S101
                if not proxy.stdout.readline():
                    said = log.read_text(encoding="utf-8").strip().splitlines()
                    why = said[-1].removeprefix("error: ") if said else "kubectl proxy ended"
                    raise ToolError(f"the cluster can't be read: {why}")
                yield Api(path)
            finally:
                proxy.terminate()


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)  # waits for its turn, which one with a timeout does not
        self.sock.settimeout(self.timeout)


def _short_folder() -> str | None:
    """Where a socket's path is short enough; None for the usual place."""
    return None if len(tempfile.gettempdir()) < _SOCKET_PATH - 40 else "/tmp"  # noqa: S108


def _refusal(answer: http.client.HTTPResponse) -> ToolError:
    text = answer.read().decode("utf-8", "replace").strip()
    try:
        said = json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        said = text.splitlines()[-1] if text else answer.reason
    kinds = {http.client.NOT_FOUND: NotFound, http.client.FORBIDDEN: Forbidden}
    return kinds.get(answer.status, ToolError)(f"the cluster can't be read: {said}")
