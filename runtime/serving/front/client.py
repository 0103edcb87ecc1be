"""HTTP to the server behind the front: one connection a request, over loopback."""

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit


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

    def get(self, path: str, timeout: float | None = None) -> Answer:
        """Ask for something."""
        return self._request("GET", path, None, {}, timeout)

    def post(self, path: str, data: Any, headers: Mapping[str, str]) -> Answer:
        """Send JSON."""
        body = json.dumps(data).encode()
        return self._request("POST", path, body, {"Content-Type": "application/json", **headers})

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(
            self._host, self._port, timeout=timeout or self._timeout
        )
        try:
            connection.request(method, path, body, {"Connection": "close", **headers})
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        try:
            return Answer(response.status, json.loads(text))
        except (ValueError, RecursionError):
            return Answer(response.status, None)
