"""The front before servers that speak the two protocols."""

from typing import Any

import pytest

from .conftest import NAME, Foreign, Server, Start

V1 = f"/v1/models/{NAME}"
V2 = f"/v2/models/{NAME}"
AVAILABLE = {"model_version_status": [{"version": "1", "state": "AVAILABLE"}]}
SIGNATURE = {
    "inputs": {
        "x": {
            "dtype": "DT_FLOAT",
            "tensor_shape": {"dim": [{"size": "-1", "name": ""}, {"size": "2", "name": ""}]},
            "name": "serving_default_x:0",
        }
    },
    "outputs": {"y": {"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "-1"}]}}},
    "method_name": "tensorflow/serving/predict",
}


@pytest.fixture
def front(start: Start, foreign: Foreign) -> Start:
    def started(protocol: str, *arguments: str) -> Server:
        return start(
            "--upstream", foreign.url, "--protocol", protocol, *arguments, module="serving.front"
        )

    return started


def test_v1_bodies_go_on_as_they_come(front: Start, foreign: Foreign) -> None:
    foreign.answers = {
        ("GET", V1): (200, AVAILABLE),
        ("GET", f"{V1}/metadata"): (
            200,
            {"metadata": {"signature_def": {"signature_def": {"serving_default": SIGNATURE}}}},
        ),
        ("POST", f"{V1}:predict"): (200, {"predictions": ["a"], "more": 1}),
    }
    server = front("v1").ready()
    zeros = {"instances": [[0.0, 0.0]]}
    body = {"signature_name": "other", "instances": [[1.5, 2]]}
    answer = server.ask("POST", "/inference", body)
    assert (answer.status, answer.data) == (200, {"predictions": ["a"]})
    assert foreign.requests == [(f"{V1}:predict", zeros), (f"{V1}:predict", body)]
    assert server.ask("GET", V2).data == {
        "name": NAME,
        "platform": "v1",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
        "outputs": [{"name": "y", "datatype": "BYTES", "shape": [-1]}],
        "example": zeros,
    }


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        ((400, {"error": "bad\n shape"}), 400, "the model server refused: bad shape"),
        ((500, {"error": "broken"}), 502, "the model server refused: broken"),
        ((503, b"<html>"), 502, "the model server refused: status 503"),
        ((200, b"<html>"), 502, "the model server refused: status 200"),
        ((200, {"outputs": 1}), 502, "the model server's answer has no predictions"),
    ],
)
def test_other_answers_become_sentences(
    front: Start, foreign: Foreign, answer: Any, status: int, error: str
) -> None:
    foreign.answers = {("GET", V1): (200, {"ready": True}), ("POST", f"{V1}:predict"): answer}
    got = front("v1").ready().predict([1])
    assert (got.status, got.data) == (status, {"error": error})


def test_is_ready_when_the_model_server_is(front: Start, foreign: Foreign) -> None:
    loading = {"model_version_status": [{"version": "1", "state": "LOADING"}]}
    foreign.answers[("GET", V1)] = (200, loading)
    server = front("v1")
    assert server.ask("GET", "/v2/health/live").status == 200
    assert server.ask("GET", "/v2/health/ready").status == 503
    foreign.answers[("GET", V1)] = (200, AVAILABLE)
    server.ready()
    assert server.ask("GET", "/v2/health/ready").data == {"ready": True}
    foreign.answers[("GET", V1)] = (200, loading)
    answer = server.ask("GET", "/v2/health/ready")
    assert answer.status == 503
    assert answer.data == {"error": "the model server has not loaded the model"}


def test_a_model_server_that_is_gone(front: Start, foreign: Foreign) -> None:
    foreign.answers[("GET", V1)] = (200, AVAILABLE)
    server = front("v1").ready()
    foreign.close()
    gone = (
        "the model server does not answer (ConnectionRefusedError: [Errno 111] Connection refused)"
    )
    for answer, status in ((server.predict(1), 502), (server.ask("GET", "/v2/health/ready"), 503)):
        assert (answer.status, answer.data) == (status, {"error": gone})
    assert server.ask("GET", "/v2/health/live").status == 200
    server.stop()
    server.stop()
    assert server.end() == 0


def test_a_front_stops_while_it_waits(front: Start) -> None:
    server = front("v1")
    server.stop()
    assert server.end() == 0


def test_a_first_prediction_that_fails_ends_the_front(
    front: Start, foreign: Foreign, tmp_path: Any
) -> None:
    foreign.answers[("GET", V1)] = (200, AVAILABLE)
    foreign.answers[("POST", f"{V1}:predict")] = (500, {"error": "broken"})
    (tmp_path / "serving_input_example.json").write_text('{"instances": [[1]]}')
    server = front("v1", "--model-dir", str(tmp_path))
    assert server.end() == 1
    assert server.sentence == (
        "the model was loaded, but its first prediction failed (the model server refused: broken)"
    )


def test_v2_takes_rows_as_one_tensor(front: Start, foreign: Foreign) -> None:
    tensor = {"name": "x", "datatype": "FP32", "shape": [-1, 2]}
    output = {"name": "y", "datatype": "FP32", "shape": [2, 3], "data": [1, 2, 3, 4, 5, 6]}
    foreign.answers = {
        ("GET", f"{V2}/ready"): (200, {}),
        ("GET", V2): (200, {"name": NAME, "inputs": [tensor], "outputs": [tensor]}),
        ("POST", f"{V2}/infer"): (200, {"model_name": NAME, "outputs": [output]}),
    }
    server = front("v2").ready()
    headers = {"X-Request-Id": "one"}
    answer = server.ask("POST", "/inference", {"instances": [[1, 2], [3, 4.5]]}, headers)
    assert (answer.status, answer.data) == (200, {"predictions": [[1, 2, 3], [4, 5, 6]]})
    data = {"shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4.5]}
    assert foreign.requests[1:] == [
        (f"{V2}/infer", {"id": "one", "inputs": [{"name": "x", **data}]})
    ]
    ragged = server.predict([1, 2], [3])
    assert (ragged.status, ragged.data) == (
        400,
        {"error": "the instances have not all the same shape"},
    )


def test_v2_without_metadata_and_with_two_outputs(front: Start, foreign: Foreign) -> None:
    outputs = [
        {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["a", "b"]},
        {"name": "score", "datatype": "FP32", "shape": [2, 1], "data": [[0.1], [0.2]]},
    ]
    foreign.answers = {
        ("GET", f"{V2}/ready"): (200, {}),
        ("POST", f"{V2}/infer"): (200, {"outputs": outputs}),
    }
    answer = front("v2").ready().predict(1, 2)
    assert answer.data == {
        "predictions": [{"label": "a", "score": [0.1]}, {"label": "b", "score": [0.2]}]
    }
    _, sent = foreign.requests[0]
    assert sent["inputs"] == [
        {"name": "predict", "datatype": "INT64", "shape": [2], "data": [1, 2]}
    ]


def test_an_address_that_is_none_is_refused(front: Start) -> None:
    with pytest.raises(AssertionError, match=r"https://a is not like http://127\.0\.0\.1:8501"):
        front("v1", "--upstream", "https://a")
