"""Calls through the gateway, by its address: how names resolve here does not matter."""

import http.client
import json
import shlex
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from schemas import resolved

_TIMEOUT_SECONDS = 10
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Gateway:
    """Where a platform's gateway answers, and how."""

    host: str
    port: int
    tls: bool

    def get(self, host: str, path: str) -> tuple[int, bytes]:
        """Status and body of what `host` says. Raises OSError or HTTPException."""
        connection = _Connection(self, host)
        try:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def until_ok(self, host: str, path: str, patience_seconds: float) -> str:
        """Ask again until the answer is 200. Returns why it never was, else nothing.

        Gateways take on routes and pods some time after the cluster has them, and tell nobody.
        """
        end = time.monotonic() + patience_seconds
        while True:
            try:
                status, _ = self.get(host, path)
                if status == http.client.OK:
                    return ""
                why = f"it answers {status} at {path} through the gateway"
            except (OSError, http.client.HTTPException) as error:
                why = f"it can't be reached through the gateway ({error})"
            if time.monotonic() > end:
                return why
            time.sleep(_PAUSE_SECONDS)

    def example(self, host: str) -> Any:
        """A request that the model behind `host` takes; None if it doesn't tell one."""
        models = self._json(host, "/v1/models").get("models")
        name = models[0] if isinstance(models, list) and models else ""
        return self._json(host, f"/v2/models/{quote(str(name), safe='')}").get("example")

    def _json(self, host: str, path: str) -> dict[str, Any]:
        """A JSON object that is there; an empty one if none is."""
        try:
            status, body = self.get(host, path)
            found = json.loads(body) if status == http.client.OK else None
        except (OSError, http.client.HTTPException, ValueError):
            found = None
        return found if isinstance(found, dict) else {}

    def curl(self, host: str, path: str, body: object) -> str:
        """The command line that sends a request, for any POSIX shell."""
        argv = ["curl", "-s"]
        if self.tls:
            # The name is needed for TLS as well as for HTTP.
            shown = host if self.port == http.client.HTTPS_PORT else f"{host}:{self.port}"
            argv += ["--connect-to", f"::{self._address}", f"https://{shown}{path}"]
        else:
            argv += [f"http://{self._address}{path}", "-H", f"Host: {host}"]
        argv += ["-H", "Content-Type: application/json"]
        argv += ["-d", json.dumps(body, ensure_ascii=False)]
        return shlex.join(argv)

    @property
    def _address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def gateway(platform: resolved.Platform) -> Gateway:
    """The gateway of a platform."""
    host, _, port = platform.gateway_address.rpartition(":")
    return Gateway(host.strip("[]"), int(port), platform.gateway.tls)


class _Connection(http.client.HTTPConnection):
    """Dials the gateway; with TLS the certificate must be `host`'s."""

    def __init__(self, to: Gateway, host: str) -> None:
        super().__init__(to.host, to.port, timeout=_TIMEOUT_SECONDS)
        self._to, self._meant = to, host

    def connect(self) -> None:
        self.sock = socket.create_connection((self._to.host, self._to.port), _TIMEOUT_SECONDS)
        if self._to.tls:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._meant)
