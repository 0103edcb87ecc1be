"""A Kubernetes API on a socket, as `kubectl proxy` makes one: lists, and streams of events."""

import http.server
import json
import queue
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

Object = dict[str, Any]


@dataclass
class ApiServer:
    """What it answers, by the plural of a kind: a list, or a status code with a message."""

    path: str
    lists: dict[str, list[Object] | tuple[int, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """The paths and queries of all requests."""
    _streams: dict[str, queue.Queue[Object | None]] = field(default_factory=dict)

    def stream(self, plural: str) -> "queue.Queue[Object | None]":
        """Events to send to whoever watches; None ends the stream."""
        return self._streams.setdefault(plural, queue.Queue())

    def tell(self, plural: str, kind: str, item: Object) -> None:
        """Send an event."""
        metadata = {"resourceVersion": "2", **item.get("metadata", {})}
        self.stream(plural).put({"type": kind, "object": {**item, "metadata": metadata}})


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
            if "watch" in parse_qs(parts.query):
                self._watch(given.stream(plural))
                return
            found = given.lists.get(plural, [])
            if isinstance(found, tuple):
                self._answer(found[0], {"kind": "Status", "message": found[1]})
            else:
                self._answer(200, {"metadata": {"resourceVersion": "1"}, "items": found})

        def _answer(self, status: int, body: Object) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def _watch(self, events: "queue.Queue[Object | None]") -> None:
            self.send_response(200)
            self.end_headers()
            while (event := events.get()) is not None:
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
        for events in list(given._streams.values()):
            events.put(None)
        server.shutdown()
        server.server_close()
        shutil.rmtree(folder)
