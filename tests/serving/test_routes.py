"""What a caller sees of a model that is served."""

import http.client
import socket
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import NAME, Server, Start, starting

DOUBLES = """
    class Doubles:
        def initialize(self, context):
            print("loaded from", context.system_properties["model_dir"])

        def handle(self, data, context):
            return [[2 * value for value in row] for row in data]
"""
HOLDS = '{"instances": [...]}, a list with one element per row'


@pytest.fixture(scope="module")
def doubles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("doubles")
    (folder / "handler.py").write_text(textwrap.dedent(DOUBLES))
    with starting(tmp_path_factory.mktemp("run")) as start:
        arguments = ("--framework", "pytorch", "--model-dir", str(folder), "--max-body-mb", "0.25")
        yield start(*arguments).ready()


def test_predicts_at_each_route(doubles: Server) -> None:
    for path in ("/inference", f"/v1/models/{NAME}:predict"):
        answer = doubles.predict([1, 2], [3, 0.5], path=path)
        assert (answer.status, answer.data) == (200, {"predictions": [[2, 4], [6, 1.0]]})
        assert answer.headers["content-type"] == "application/json"


def test_other_routes(doubles: Server) -> None:
    expected: dict[str, Any] = {
        "/v2/health/live": {"live": True},
        "/v2/health/ready": {"ready": True},
        "/v1/models": {"models": [NAME]},
        f"/v1/models/{NAME}": {"name": NAME, "ready": True},
        f"/v2/models/{NAME}": {
            "name": NAME,
            "platform": "pytorch_handler",
            "inputs": [],
            "outputs": [],
            "example": None,
        },
    }
    answers = {path: doubles.ask("GET", path) for path in expected}
    assert {path: answer.data for path, answer in answers.items()} == expected
    assert {answer.status for answer in answers.values()} == {200}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("GET", "/", None, 404, "nothing is served at /; predictions are at POST /inference"),
        ("POST", "/inference/", b"{}", 404, "nothing is served at /inference/; "),
        ("POST", "/Inference", b"{}", 404, "nothing is served at /Inference; "),
        ("POST", "/v1/models/other:predict", b"{}", 404, "nothing is served at /v1/models/other"),
        ("GET", "/inference", None, 405, "/inference takes POST, not GET"),
        ("PUT", "/inference", b"{}", 405, "/inference takes POST, not PUT"),
        ("POST", "/v2/health/ready", b"", 405, "/v2/health/ready takes GET, HEAD, not POST"),
        ("POST", "/inference", b"", 400, "the body is no JSON (Expecting value: line 1 column 1"),
        ("POST", "/inference", b"{'instances'", 400, "the body is no JSON (Expecting property"),
        ("POST", "/inference", b"\xff\xfe\xfd", 400, "the body is no JSON ("),
        ("POST", "/inference", b'{"a":' * 200, 400, "the body is no JSON ("),
        ("POST", "/inference", [], 400, f"the body is {HOLDS}"),
        ("POST", "/inference", {"inputs": [[1]]}, 400, f"the body is {HOLDS}"),
        ("POST", "/inference", {"instances": {"0": 1}}, 400, f"the body is {HOLDS}"),
        ("POST", "/inference", {"instances": []}, 400, "instances is empty"),
        ("POST", "/inference", b" " * 262_145, 413, "the body is longer than 0.25 MiB"),
        ("POST", "/inference", (b" " * 100_000,) * 3, 413, "the body is longer than 0.25 MiB"),
    ],
)
def test_other_requests_get_a_sentence(
    doubles: Server, method: str, path: str, body: Any, status: int, error: str
) -> None:
    answer = doubles.ask(method, path, body)
    assert answer.status == status
    assert list(answer.data) == ["error"]
    assert answer.data["error"].startswith(error)
    assert "Traceback" not in "\n".join(doubles.log)
    if status == 405:
        assert f"takes {answer.headers['allow']}, not" in error


def test_deep_json_is_refused(serve: Start) -> None:
    server = serve(DOUBLES).ready()
    answer = server.ask("POST", "/inference", b"[" * 200_000)
    assert (answer.status, answer.data) == (400, {"error": "the body is nested too deeply"})


def test_a_long_body_is_refused_before_it_is_sent(doubles: Server) -> None:
    head = (
        "POST /inference HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
        "Content-Length: 99999999\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", doubles.port), timeout=30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_caller_that_closes_sees_the_answer_to_a_long_body(doubles: Server) -> None:
    body = b" " * 30_000_000  # more than sockets hold
    answer = doubles.ask("POST", "/inference", body, {"Connection": "close"})
    assert (answer.status, answer.data) == (413, {"error": "the body is longer than 0.25 MiB"})


def test_the_connection_lives_on_after_a_long_body(doubles: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", doubles.port, timeout=30)
    connection.connect()
    sock = connection.sock
    for _ in range(2):
        connection.request("POST", "/inference", b" " * 300_000)
        response = connection.getresponse()
        assert (response.status, len(response.read())) == (413, 44)
    assert connection.sock is sock
    connection.close()


def test_numbers_that_json_lacks_become_null(serve: Start) -> None:
    server = serve("""
        def handle(data, context):
            return data and [float("nan"), {"row": [float("-inf"), 1.5]}]
    """).ready()
    assert server.predict(1, 2).data == {"predictions": [None, {"row": [None, 1.5]}]}


def test_a_failing_model_gets_a_sentence_and_its_log_the_rest(serve: Start) -> None:
    server = serve("""
        def handle(data, context):
            return data and [1 / value for value in data]
    """).ready()
    answer = server.predict(0)
    assert (answer.status, answer.data) == (
        500,
        {"error": "the model failed on this request (ZeroDivisionError: division by zero)"},
    )
    assert "Traceback" in server.line("Traceback")
    assert server.predict(2).data == {"predictions": [0.5]}


def test_a_handler_refuses_with_a_status(serve: Start) -> None:
    server = serve("""
        class PredictionException(Exception):
            def __init__(self, message, error_code):
                self.message, self.error_code = message, error_code

        def handle(data, context):
            if data == ["odd"]:
                raise PredictionException("too odd", 422)
            return {"no": "list"}
    """).ready()
    odd, no_list = server.predict("odd"), server.predict("even")
    assert (odd.status, odd.data) == (422, {"error": "too odd"})
    assert (no_list.status, no_list.data) == (
        500,
        {"error": "the handler returned dict, not a list of predictions"},
    )


def test_responses_say_which_stage_and_revision_answered(serve: Start) -> None:
    server = serve("def handle(data, context):\n    return data\n", "--stage=blue", "--revision=a1")
    server.ready()
    for answer in (
        server.predict(1),
        server.ask("GET", "/nowhere"),
        server.ask("GET", "/v1/models"),
    ):
        assert answer.headers["x-easymaker-stage"] == "blue"
        assert answer.headers["x-easymaker-revision"] == "a1"


def test_request_ids_are_passed_on(serve: Start) -> None:
    server = serve("""
        def handle(data, context):
            return data and [context.get_request_id(0), context.get_request_header(0, "X-Team")]
    """).ready()
    headers = {"X-Request-Id": "JKJaXmPLvHcESHA=", "x-team": "vision"}
    answer = server.ask("POST", "/inference", {"instances": [1]}, headers)
    assert answer.data == {"predictions": ["JKJaXmPLvHcESHA=", "vision"]}
    assert answer.headers["x-request-id"] == "JKJaXmPLvHcESHA="
    made = server.ask("POST", "/inference", {"instances": [1]}, {"X-Request-Id": "a b\tc"})
    assert len(made.headers["x-request-id"]) == 36
    assert made.data["predictions"][0] == made.headers["x-request-id"]
