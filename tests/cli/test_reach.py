"""Calls through the gateway, and the command line that is printed for one."""

import http.server
import json
import shlex
import subprocess
import threading
from collections.abc import Iterator

import pytest

from cli import reach

HOST = "iris.lab.ml.test"
EXAMPLE = {"instances": [[5.1, 'it\'s "so" $HOME `id`', "붓꽃"]]}


class Handler(http.server.BaseHTTPRequestHandler):
    """A model behind a gateway that only knows one host; ready from the second request on."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += self.path == "/v2/health/ready"
        if self.headers["Host"] != HOST or Handler.asked == 1:
            self._answer(404, {"error": "no route"})
        elif self.path == "/v2/health/ready":
            self._answer(200, {"ready": True})
        elif self.path == "/v1/models":
            self._answer(200, {"models": ["the iris"]})
        elif self.path == "/v2/models/the%20iris":
            self._answer(200, {"name": "the iris", "example": EXAMPLE})
        else:
            self._answer(404, {"error": "no route"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = {"host": self.headers["Host"], "type": self.headers["Content-Type"]}
        self._answer(200, {**said, "path": self.path, "body": json.loads(body)})

    def _answer(self, status: int, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[reach.Gateway]:
    Handler.asked = 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield reach.Gateway("127.0.0.1", server.server_port, False)
        server.shutdown()


def test_asks_until_the_gateway_has_taken_on_the_route(gateway: reach.Gateway) -> None:
    assert gateway.until_ok(HOST, "/v2/health/ready", 10) == ""
    assert Handler.asked == 2


def test_says_why_nothing_answers(gateway: reach.Gateway) -> None:
    assert gateway.until_ok("other.test", "/", 0) == "it answers 404 at / through the gateway"
    dead = reach.Gateway("127.0.0.1", 1, False)
    why = dead.until_ok(HOST, "/", 0)
    assert why.startswith("it can't be reached through the gateway (")
    assert "Connection refused" in why


def test_model_tells_an_example(gateway: reach.Gateway) -> None:
    assert gateway.example(HOST) == EXAMPLE
    assert gateway.example("other.test") is None


def test_printed_line_works_in_a_shell(gateway: reach.Gateway) -> None:
    line = gateway.curl(HOST, "/inference", EXAMPLE)
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        "host": HOST,
        "type": "application/json",
        "path": "/inference",
        "body": EXAMPLE,
    }


def test_line_for_https_has_the_name_in_it() -> None:
    line = reach.Gateway("2001:db8::1", 8443, True).curl(HOST, "/inference", {"instances": [1]})
    assert shlex.split(line) == [
        "curl",
        "-s",
        "--connect-to",
        "::[2001:db8::1]:8443",
        f"https://{HOST}:8443/inference",
        "-H",
        "Content-Type: application/json",
        "-d",
        '{"instances": [1]}',
    ]
