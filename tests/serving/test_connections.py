"""Callers that are slow, or speak no HTTP."""

import http.client
import json
import socket

import pytest
from serving import connections

from .conftest import TIMEOUT_SECONDS, Server, Start

ECHO = "def handle(data, context): return data"


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_SECONDS)


def received(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    found = b""
    while part := connection.recv(65536):
        found += part
    return found


def test_a_head_that_does_not_come_ends_the_connection(serve: Start) -> None:
    server = serve(ECHO, "--head-timeout", "0.5").ready()
    with connected(server) as silent, connected(server) as partial, connected(server) as second:
        partial.sendall(b"POST /inference HTTP/1.1\r\nHost:")
        second.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\nGET /")
        assert received(silent) == b""
        assert received(partial) == b""
        assert received(second).startswith(b"HTTP/1.1 200 ")


def test_a_head_in_parts_must_be_whole_in_time(serve: Start) -> None:
    server = serve(ECHO, "--head-timeout", "0.5").ready()
    with connected(server) as dripping:
        dripping.settimeout(0.05)
        ended = False
        while not ended:
            try:
                dripping.sendall(b"a")
                ended = dripping.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                ended = True
    assert server.predict(1).status == 200


def test_the_rest_of_a_refused_body_must_come_in_time(serve: Start) -> None:
    server = serve(ECHO, "--head-timeout", "0.5", "--timeout", "0.5").ready()
    with connected(server) as connection:
        connection.sendall(b"POST /inference HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")
        connection.sendall(b" ")
        received(connection)


def test_who_leaves_an_answer_unread_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections.settle(listener, unread_seconds=1)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted, pytest.raises(TimeoutError, match="Connection timed out"):
                accepted.sendall(b" " * 100_000_000)  # more than sockets hold


def test_bodies_of_answers_do_not_wait_for_their_heads() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections.settle(listener)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_an_idle_connection_is_kept(serve: Start) -> None:
    server = serve(ECHO, "--head-timeout", "0.5").ready()
    idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_SECONDS)
    idle.request("GET", "/v2/health/live")
    assert idle.getresponse().read() == b'{"live":true}'
    kept = idle.sock
    with connected(server) as silent:
        assert received(silent) == b""  # by then the time for a head is over
    idle.request("GET", "/v2/health/live")
    assert idle.getresponse().read() == b'{"live":true}'
    assert idle.sock is kept
    idle.close()


def test_what_is_no_http_gets_json(serve: Start) -> None:
    server = serve(ECHO, "--log-json").ready()
    with connected(server) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\r\n\r\n")
        head, _, body = received(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body) == {"error": "this is no HTTP request, or its headers are too long"}
    assert json.loads(server.line("Invalid HTTP"))["logLevel"] == "WARNING"


def test_a_path_cannot_write_lines_of_its_own(serve: Start) -> None:
    server = serve(ECHO).ready()
    server.ask("GET", "/a%0A[easymaker]%20forged")
    assert " GET /a%0A[easymaker]%20forged 404 " in server.line("forged")
