"""A Kubernetes API on a socket, as `kubectl proxy` makes one: lists, and streams of events."""

import contextlib
import http.server
import json
import shutil
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support import port_forward

Object = dict[str, Any]


Log = list[list[bytes | threading.Event]]
"""What each request for a log gets, the last one all that come after it, too: lines, and what is
waited for between them."""


@dataclass
class ApiServer:
    """What it answers, by the plural of a kind: a list, or a status code with a message."""

    path: str
    lists: dict[str, list[Object] | tuple[int, str]] = field(default_factory=dict)
    logs: dict[str, "Log"] = field(default_factory=dict)
    """Of pods, by name."""
    forwarded: dict[str, int] = field(default_factory=dict)
    """Ports of this machine that `pods/portforward` leads to, by the name of the pod."""
    asked: list[str] = field(default_factory=list)
    """The paths and queries of all requests."""
    _events: dict[str, list[Object | None]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def tell(self, plural: str, kind: str, item: Object) -> None:
        """Send an event to all who watch, and who watch from an earlier version on."""
        version = str(self.version(plural) + 1)
        metadata = {**item.get("metadata", {}), "resourceVersion": version}
        self.send(plural, {"type": kind, "object": {**item, "metadata": metadata}})

    def send(self, plural: str, event: Object | None) -> None:
        """Send any event; None ends the streams that there are."""
        with self._changed:
            self._events.setdefault(plural, []).append(event)
            self._changed.notify_all()

    def version(self, plural: str) -> int:
        """Of the list as it is now."""
        return len(self._events.get(plural, []))

    def since(self, plural: str, version: int) -> Iterator[Object]:
        """The events after a version, as long as nobody ends the stream."""
        events = self._events.setdefault(plural, [])
        while version < len(events) and events[version] is None:
            version += 1
        while True:
            with self._changed:
                while len(events) <= version:
                    self._changed.wait()
            event = events[version]
            if event is None:
                return
            yield event
            version += 1


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


@contextmanager
def api_server() -> Iterator[ApiServer]:
    """Runs until the block ends. The folder is short, for sockets have short names."""
    folder = tempfile.mkdtemp()
    given = ApiServer(str(Path(folder, "api")))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.asked.append(self.path)
            parts = urlsplit(self.path)
            plural = parts.path.rpartition("/")[2]
            query = parse_qs(parts.query)
            if plural == "portforward":
                self._forward(parts.path.split("/")[-2])
                return
            if "/secrets/" in parts.path:
                self._secret(parts.path.rpartition("/")[2])
                return
            if "/pods/" in parts.path:
                self._pod(parts.path.partition("/pods/")[2])
                return
            if "watch" in query:
                self._watch(given.since(plural, int(query["resourceVersion"][0])))
                return
            version = str(given.version(plural))
            found = given.lists.get(plural, [])
            if isinstance(found, tuple):
                self._answer(found[0], {"kind": "Status", "message": found[1]})
            else:
                self._answer(200, {"metadata": {"resourceVersion": version}, "items": found})

        def _secret(self, name: str) -> None:
            found = given.lists.get("secrets", [])
            if isinstance(found, tuple):
                self._answer(found[0], {"kind": "Status", "message": found[1]})
                return
            for secret in found:
                if secret["metadata"]["name"] == name:
                    self._answer(200, secret)
                    return
            self._answer(404, {"kind": "Status", "message": f'secrets "{name}" not found'})

        def _pod(self, path: str) -> None:
            """A pod, or its log: `name` or `name/log`."""
            name, _, what = path.partition("/")
            pods = given.lists.get("pods", [])
            found = [
                pod for pod in pods if isinstance(pod, dict) and pod["metadata"]["name"] == name
            ]
            streams = given.logs.get(name)
            if not found or (what and streams is None):
                self._answer(404, {"kind": "Status", "message": f'pods "{name}" not found'})
            elif streams is None or not what:
                self._answer(200, found[0])
            else:
                self._log(streams.pop(0) if len(streams) > 1 else streams[0])

        def _forward(self, name: str) -> None:
            if name not in given.forwarded:
                self._answer(404, {"kind": "Status", "message": f'pods "{name}" not found'})
                return
            self.protocol_version = "HTTP/1.1"
            self.close_connection = True
            self.send_response(101)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", "websocket")
            key = self.headers["Sec-WebSocket-Key"]
            self.send_header("Sec-WebSocket-Accept", port_forward.accept(key))
            self.send_header("Sec-WebSocket-Protocol", self.headers["Sec-WebSocket-Protocol"])
            self.end_headers()
            port_forward.bridge(self.rfile, self.wfile, given.forwarded[name])

        def _log(self, parts: list[bytes | threading.Event]) -> None:
            self.send_response(200)
            self.end_headers()
            for part in parts:
                if isinstance(part, bytes):
                    self.wfile.write(part)
                    self.wfile.flush()
                else:
                    part.wait()

        def _answer(self, status: int, body: Object) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def _watch(self, events: Iterator[Object]) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):  # nobody reads it any more
                for event in events:
                    self.wfile.write(json.dumps(event).encode() + b"\n")
                    self.wfile.flush()

        def address_string(self) -> str:
            return ""

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = _Server(given.path, Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield given
    finally:
        for plural in list(given._events):
            given.send(plural, None)
        server.shutdown()
        server.server_close()
        shutil.rmtree(folder)
