"""HTTP to the server behind the front, over connections that are kept for the next request."""

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_IDLE_SECONDS = 2.0
"""Servers close connections that nobody uses, and must not be first."""


class Answer(NamedTuple):
    """What came back; `data` is None unless it is JSON."""

    status: int
    data: Any

    @property
    def error(self) -> str:
        """What the other server says is wrong, in one line of at most 300 characters."""
        said = self.data.get("error") if isinstance(self.data, dict) else None
        text = said if isinstance(said, str) else f"status {self.status}"
        return " ".join(text.split())[:300]


class _Request(NamedTuple):
    method: str
    path: str
    body: bytes | None
    headers: dict[str, str]


class Client:
    """Raises OSError or http.client.HTTPException where no answer comes."""

    def __init__(self, url: str, timeout: float) -> None:
        """`timeout` is in seconds. Raises ValueError for what is no http URL of a host."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(f"{url} is not like http://127.0.0.1:8501")
        self._host = parts.hostname
        self._port = parts.port or 80
        self._timeout = timeout
        self._idle: list[tuple[float, http.client.HTTPConnection]] = []

    def get(self, path: str, timeout: float | None = None) -> Answer:
        """Ask for something."""
        return self._send(_Request("GET", path, None, {}), timeout)

    def post(self, path: str, data: Any, headers: Mapping[str, str]) -> Answer:
        """Send JSON."""
        sent = {"Content-Type": "application/json", **headers}
        return self._send(_Request("POST", path, json.dumps(data).encode(), sent), None)

    def _send(self, request: "_Request", timeout: float | None) -> Answer:
        kept = self._kept()
        try:
            return self._over(kept or self._new(), request, timeout)
        except (ConnectionError, http.client.BadStatusLine):
            if kept is None:
                raise
        # The other server had closed it meanwhile: nobody has seen the request.
        return self._over(self._new(), request, timeout)

    def _over(
        self, connection: http.client.HTTPConnection, request: "_Request", timeout: float | None
    ) -> Answer:
        stays = False
        try:
            connection.timeout = timeout or self._timeout
            if connection.sock:
                connection.sock.settimeout(connection.timeout)
            connection.request(*request)
            response = connection.getresponse()
            text = response.read()
            stays = not response.will_close
        finally:
            if stays:
                self._idle.append((time.monotonic(), connection))
            else:
                connection.close()
        try:
            return Answer(response.status, json.loads(text))
        except (ValueError, RecursionError):
            return Answer(response.status, None)

    def _new(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._host, self._port)

    def _kept(self) -> http.client.HTTPConnection | None:
        """The connection that was used last, unless that is long ago; threads share them."""
        while True:
            try:
                last, connection = self._idle.pop()
            except IndexError:
                return None
            if time.monotonic() - last < _IDLE_SECONDS:
                return connection
            connection.close()
