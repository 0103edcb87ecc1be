"""HTTP to the gateway, from outside: its address is dialled, the Host header says who is meant."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.support.cluster import LocalCluster


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Web:
    """The hosts behind a cluster's gateway."""

    cluster: LocalCluster

    def call(
        self,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> Answer:
        """GET a URL, or POST `body` to it as JSON. The URL's own port is not looked at."""
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = None if body is None else json.dumps(body).encode()
        said = {"Host": parts.hostname or "", "Content-Type": "application/json", **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.cluster.gateway_port, timeout=30)
        try:
            verb = method or ("GET" if sent is None else "POST")
            connection.request(verb, path, body=sent, headers=said)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def predict(self, url: str, rows: Sequence[Sequence[float]]) -> list[list[float]]:
        """Three probabilities a row, checked to be such."""
        answer = self.call(url, {"instances": rows})
        assert answer.status == 200, answer.body
        found = answer.json()["predictions"]
        assert len(found) == len(rows)
        for row in found:
            assert len(row) == 3
            assert min(row) >= 0
            assert abs(sum(row) - 1) < 1e-5
        return list(found)


@dataclass
class Load:
    """What came of requests that were sent at a steady rate."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0
    """Seconds."""


@contextmanager
def load(web: Web, url: str, body: Any, rate: int) -> Iterator[Load]:
    """Send `rate` requests a second while the block runs, each whether or not others are done."""
    seen = Load()
    lock = threading.Lock()
    over = threading.Event()

    def one() -> None:
        begun = time.monotonic()
        try:
            outcome = str(web.call(url, body).status)
        except OSError as error:
            outcome = repr(error)
        except http.client.HTTPException as error:
            outcome = repr(error)
        with lock:
            seen.outcomes[outcome] += 1
            seen.slowest = max(seen.slowest, time.monotonic() - begun)

    def send() -> None:
        due = time.monotonic()
        while not over.wait(max(0.0, due - time.monotonic())):
            pool.submit(one)
            due += 1 / rate

    with ThreadPoolExecutor(4 * rate) as pool:
        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield seen
        finally:
            over.set()
            sender.join()
