"""From the start of the process to its end."""

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import NAME, Answer, Server, Start

# Reading from the pipe ends when the test opens its other side.
WAITS = """
    def handle(data, context):
        if data == ["wait"]:
            print("waiting")
            open("{pipe}").close()
        return data and ["done"]
"""


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    made = tmp_path / "pipe"
    os.mkfifo(made)
    return made


def release(pipe: Path) -> None:
    pipe.open("w").close()


def in_background(work: Callable[[], Answer]) -> Callable[[], Answer]:
    """Start; what is returned waits for the result."""
    results: list[Answer] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()

    def result() -> Answer:
        thread.join(60)
        return results[0]

    return result


def test_is_alive_and_not_ready_while_it_loads(serve: Start, pipe: Path) -> None:
    server = serve(f"""
        class Slow:
            def initialize(self, context):
                print("initializing")
                open("{pipe}").close()

            def handle(self, data, context):
                return data
    """)
    server.line("initializing")
    loading = {"error": "the model is still being loaded"}
    assert server.ask("GET", "/v2/health/live").status == 200
    for method, path in (("GET", "/v2/health/ready"), ("GET", f"/v2/models/{NAME}")):
        answer = server.ask(method, path)
        assert (answer.status, answer.data) == (503, loading)
    refused = server.predict(1)
    assert (refused.status, refused.data) == (503, loading)
    model = server.ask("GET", f"/v1/models/{NAME}")
    assert (model.status, model.data) == (503, {"name": NAME, "ready": False, **loading})
    release(pipe)
    server.ready()
    assert server.ask("GET", "/v2/health/ready").status == 200


def test_stops_at_once_while_it_loads(serve: Start, pipe: Path) -> None:
    server = serve(f"""
        def handle(data, context):
            print("initializing")
            open("{pipe}").close()
    """)
    server.line("initializing")
    server.stop()
    assert server.end() == 0


def test_running_and_late_requests_are_answered_before_the_end(serve: Start, pipe: Path) -> None:
    server = serve(WAITS.format(pipe=pipe), "--linger", "60").ready()
    running = in_background(lambda: server.predict("wait"))
    server.line("waiting")
    server.stop()
    server.line("stopping")
    end = time.monotonic() + 0.5  # a server that listens no more takes 0.1 s to close
    while time.monotonic() < end:
        ready = server.ask("GET", "/v2/health/ready")
        assert (ready.status, ready.data) == (503, {"error": "this server is stopping"})
        assert ready.headers["connection"] == "close"
    late = in_background(lambda: server.predict("late"))
    server.stop()  # which ends the time for late requests, with both still there
    release(pipe)
    for answer in (running(), late()):
        assert (answer.status, answer.data) == (200, {"predictions": ["done"]})
    assert server.end() == 0


def test_a_request_that_never_ends_holds_nobody_up(serve: Start, pipe: Path) -> None:
    server = serve(WAITS.format(pipe=pipe), "--timeout", "0.5", "--linger", "0", "--grace", "1")
    answer = server.ready().predict("wait")
    assert (answer.status, answer.data) == (504, {"error": "the prediction took longer than 0.5 s"})
    server.stop()
    assert server.end() == 0


def test_a_body_that_never_comes_is_refused(serve: Start) -> None:
    server = serve("def handle(data, context): return data", "--timeout", "0.5").ready()

    def parts() -> Iterator[bytes]:
        yield b"{"
        server.line(" 408 ")
        yield b"}"

    answer = server.ask("POST", "/inference", parts())
    assert (answer.status, answer.data) == (
        408,
        {"error": "the request's body did not arrive in time"},
    )


def failing(start: Start, folder: Path, *arguments: str) -> Server:
    server = start("--framework", "pytorch", "--model-dir", str(folder), *arguments)
    assert server.end() == 1
    assert server.log[-3].endswith(server.sentence) or server.log[-2].endswith(server.sentence)
    return server


def test_a_model_that_fails_to_load_ends_the_process(
    start: Start, project: Callable[..., Path]
) -> None:
    server = failing(start, project(handler_py="import missing_package"))
    assert server.sentence.startswith(
        "handler.py could not be loaded (ModuleNotFoundError: No module named 'missing_package'); "
        "needed is a .mar archive"
    )
    assert "\n" not in server.sentence


def test_a_model_that_fails_its_first_prediction_ends_the_process(
    start: Start, project: Callable[..., Path]
) -> None:
    folder = project(handler_py="def handle(data, context):\n    return data and data[0].missing")
    (folder / "serving_input_example.json").write_text('{"inputs": [[1, 2]]}')
    assert failing(start, folder).sentence == (
        "handler.py was loaded, but its first prediction failed (AttributeError: 'list' object has "
        "no attribute 'missing'); serving_input_example.json beside it holds another example if "
        "this one is wrong"
    )


def test_a_handler_that_exits_is_a_failure(start: Start, project: Callable[..., Path]) -> None:
    server = failing(start, project(handler_py="raise SystemExit(3)"))
    assert server.sentence.startswith("handler.py could not be loaded (SystemExit: 3); needed is")


def test_the_example_is_tried_and_shown(serve: Start, project: Callable[..., Path]) -> None:
    example = {"instances": [{"sepal": 5.1}]}
    project(**{"serving_input_example.json": json.dumps(example)})
    server = serve("def handle(data, context):\n    print('asked', data)\n    return data").ready()
    assert server.line("asked [") == "asked [{'sepal': 5.1}]"
    assert server.ask("GET", f"/v2/models/{NAME}").data["example"] == example


def test_records_have_easymakers_fields(serve: Start) -> None:
    server = serve(
        "def handle(data, context): return data and [1 / data[0]]",
        *("--log-json", "--endpoint", "iris", "--stage", "blue", "--app-key", "key"),
    ).ready()
    headers = {"X-Request-Id": "one"}
    server.ask("GET", "/v2/health/ready")
    server.ask("POST", "/inference", {"instances": [1]}, headers)
    server.ask("POST", "/inference", {"instances": [0]}, {"X-Request-Id": "two"})
    server.ask("GET", "/none", None, {"X-Request-Id": "three"})
    server.line("/none")
    records = [json.loads(line) for line in server.log]
    times = [record.pop("time") for record in records]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time in times)
    bodies = [record.pop("body") for record in records]
    assert re.fullmatch(r"POST /inference 200 \d+\.\d ms", bodies[-4])
    assert bodies[-3].startswith("Traceback")
    assert re.fullmatch(r"POST /inference 500 \d+\.\d ms", bodies[-2])
    fields = {
        "easymakerAppKey": "key",
        "category": "easymaker.inference",
        "logType": "NHNCloud-AIEasyMaker",
        "endpointId": "iris",
        "endpointStageId": "blue",
        "action": "Endpoint.Model",
        "modelName": NAME,
    }
    assert records[-4:] == [
        {**fields, "logLevel": "INFO", "inferenceId": "one"},
        {**fields, "logLevel": "ERROR", "inferenceId": "two"},
        {**fields, "logLevel": "ERROR", "inferenceId": "two"},
        {**fields, "logLevel": "WARNING", "inferenceId": "three"},
    ]
    assert records[0] == {**fields, "logLevel": "INFO"}


def test_a_busy_port_gets_a_sentence(serve: Start, start: Start, tmp_path: Path) -> None:
    first = serve("def handle(data, context): return data").ready()
    with pytest.raises(AssertionError, match=r"cannot listen: .*Address already in use"):
        start("--framework", "sklearn", "--model-dir", str(tmp_path), "--port", str(first.port))
