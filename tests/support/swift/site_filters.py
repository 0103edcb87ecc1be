"""What stands around Swift in a cloud, in its proxy's pipeline: a cache, and an identity service.

Runs in Swift's own environment. The cache stands for memcached. The identity service speaks
version 2 as NHN Cloud's does (Keystone itself dropped it), and leaves the judging to Swift's own
`tempauth`.
"""

import json
from collections.abc import Callable
from typing import Any

Wsgi = Callable[[dict[str, Any], Any], Any]


class Cache:
    """Swift's memcached client, with a dict behind it."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def get(self, key: str, **_: Any) -> Any:
        return self._kept.get(key)

    def set(self, key: str, value: Any, **_: Any) -> None:
        self._kept[key] = value

    def delete(self, key: str, **_: Any) -> None:
        self._kept.pop(key, None)

    def incr(self, key: str, delta: int = 1, **_: Any) -> int:
        self._kept[key] = self._kept.get(key, 0) + delta
        found: int = self._kept[key]
        return found


def cache(_settings: dict[str, str], **_local: str) -> Callable[[Wsgi], Wsgi]:
    """Paste's factory."""
    kept = Cache()

    def around(app: Wsgi) -> Wsgi:
        def call(env: dict[str, Any], start: Any) -> Any:
            return app({**env, "swift.cache": kept}, start)

        return call

    return around


def identity(_settings: dict[str, str], **local: str) -> Callable[[Wsgi], Wsgi]:
    """Paste's factory. `region` is the only one of the catalogue."""

    def around(app: Wsgi) -> Wsgi:
        def call(env: dict[str, Any], start: Any) -> Any:
            if env["PATH_INFO"] == "/v2.0/tokens":
                return _tokens(app, env, start, local["region"])
            return app(env, start)

        return call

    return around


def _tokens(app: Wsgi, env: dict[str, Any], start: Any, region: str) -> Any:
    asked = json.loads(env["wsgi.input"].read(int(env["CONTENT_LENGTH"])))["auth"]
    user = asked.get("passwordCredentials")
    if not user:  # rclone's second guess, which Keystone does not know either
        return _answer(start, "400 Bad Request", {"error": {"code": 400}})
    inner = {
        **env,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/auth/v1.0",
        "CONTENT_LENGTH": "0",
        "HTTP_X_STORAGE_USER": "{}:{}".format(asked["tenantId"], user["username"]),
        "HTTP_X_STORAGE_PASS": user["password"],
    }
    got: dict[str, Any] = {}

    def answered(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
        got.update(headers, status=status)

    for _ in app(inner, answered):
        pass
    if not got["status"].startswith("200"):
        return _answer(start, got["status"], {"error": {"code": int(got["status"][:3])}})
    endpoints = [{"region": region, "publicURL": got["X-Storage-Url"]}]
    access = {
        "token": {"id": got["X-Auth-Token"], "tenant": {"id": asked["tenantId"]}},
        "serviceCatalog": [{"type": "object-store", "name": "swift", "endpoints": endpoints}],
    }
    return _answer(start, "200 OK", {"access": access})


def _answer(start: Any, status: str, content: dict[str, Any]) -> list[bytes]:
    body = json.dumps(content).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
