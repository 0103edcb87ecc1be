"""The front's connections to the server behind it."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from serving.front import client
from serving.front.client import Client

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Upstream:
    """Answers each request on a connection until it was told to close that one."""

    listener: socket.socket
    closes_after: int = 1000
    accepted: int = 0
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            with connection:
                for _ in range(self.closes_after):
                    head = connection.recv(65536)
                    if not head:
                        break
                    self.requests.append(head.decode().partition(" HTTP")[0])
                    connection.sendall(ANSWER)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Upstream(listener)
        thread = threading.Thread(target=made.serve, daemon=True)
        thread.start()
        yield made
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(60)


@pytest.fixture
def asking(upstream: Upstream) -> Iterator[Client]:
    made = Client(upstream.url, 60)
    yield made
    for _, connection in made._idle:
        connection.close()


def test_a_connection_serves_request_after_request(upstream: Upstream, asking: Client) -> None:
    for path in ("/a", "/b", "/c"):
        assert asking.get(path) == (200, {})
    assert upstream.requests == ["GET /a", "GET /b", "GET /c"]
    assert upstream.accepted == 1


def test_a_connection_that_was_closed_meanwhile_costs_no_request(
    upstream: Upstream, asking: Client
) -> None:
    upstream.closes_after = 1
    for path in ("/a", "/b", "/c"):
        assert asking.get(path) == (200, {})
    assert upstream.requests == ["GET /a", "GET /b", "GET /c"]
    assert upstream.accepted == 3


def test_a_connection_that_nobody_used_is_not_used_again(
    upstream: Upstream, asking: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_IDLE_SECONDS", 0)
    upstream.closes_after = 1
    assert asking.get("/a") == asking.get("/b") == (200, {})
    assert upstream.accepted == 2
