"""Small parts on their own."""

from pathlib import Path
from typing import Any

import pytest
from serving import cpus, examples
from serving.errors import Unusable, brief
from serving.models.model import Tensor
from serving.models.plain import plain


@pytest.mark.parametrize(
    ("text", "expected"), [("100000 100000", 1), ("50000 100000", 1), ("150000 100000", 2)]
)
def test_cpus_are_the_limit_rounded_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(8))
    (tmp_path / "cpu.max").write_text(text)
    assert cpus.available(tmp_path / "cpu.max") == expected


def test_cpus_without_a_limit_are_the_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(8))
    (tmp_path / "cpu.max").write_text("max 100000")
    assert cpus.available(tmp_path / "cpu.max") == 8
    assert cpus.available(tmp_path / "none") == 8


def test_frameworks_are_told_of_cpus_unless_they_were() -> None:
    environment = {"OMP_NUM_THREADS": "7"}
    cpus.tell_frameworks(environment)
    count = str(cpus.available())
    assert environment == {
        "OMP_NUM_THREADS": "7",
        "TF_NUM_INTRAOP_THREADS": count,
        "TF_NUM_INTEROP_THREADS": count,
    }


@pytest.mark.parametrize(
    ("inputs", "instances"),
    [
        ([Tensor("x", "FP32", (-1, 4))], [[0.0] * 4]),
        ([Tensor("x", "INT64", (-1,))], [0]),
        ([Tensor("x", "FP32", (2, -1, 2))], [[[0.0, 0.0]]] * 2),
        ([Tensor("a", "BOOL", (-1, 1)), Tensor("b", "UINT8", (-1,))], [{"a": [False], "b": 0}]),
    ],
)
def test_examples_are_made_of_zeros(inputs: list[Tensor], instances: list[Any]) -> None:
    assert examples.made(inputs) == {"instances": instances}


@pytest.mark.parametrize(
    "inputs",
    [
        [],
        [Tensor("text", "BYTES", (-1,))],
        [Tensor("scalar", "FP32", ())],
        [Tensor("huge", "FP32", (-1, 1000, 1000))],
        [Tensor("x", "FP32", (-1, 2)), Tensor("text", "BYTES", (-1,))],
    ],
)
def test_examples_that_cannot_be_made(inputs: list[Tensor]) -> None:
    assert examples.made(inputs) is None


@pytest.mark.parametrize(
    ("example", "instances"),
    [
        ({"instances": [[1]]}, [[1]]),
        ({"inputs": [[1]]}, [[1]]),
        ([[1]], [[1]]),
        ({"dataframe_split": {"columns": ["a"], "data": [[1]]}}, None),
        ([], None),
        (None, None),
    ],
)
def test_rows_of_examples(example: Any, instances: list[Any] | None) -> None:
    assert examples.instances(example) == instances


def test_an_example_file_that_is_broken(tmp_path: Path) -> None:
    (tmp_path / examples.FILE).write_text("{")
    with pytest.raises(Unusable, match=r"^found serving_input_example\.json, which is no readable"):
        examples.read(tmp_path)


class Array:
    def tolist(self) -> list[int]:
        return [1, 2]


class OnDevice:
    def detach(self) -> "OnDevice":
        return self

    def cpu(self) -> Array:
        return Array()


def test_values_become_plain() -> None:
    value = {1: (Array(), OnDevice()), "text": b"b", "none": None}
    assert plain(value) == {"1": [[1, 2], [1, 2]], "text": "b", "none": None}
    with pytest.raises(TypeError, match="a prediction holds object, which JSON can't"):
        plain([object()])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "ValueError"),
        (" one\ntwo", "ValueError: one"),
        ("only:", "ValueError: only:"),
        ("Graph error:\n\nDetected at:\n<stack>\nbad shape\n\t [x]", "ValueError: bad shape"),
        ("x" * 400, "ValueError: " + "x" * 288),
    ],
)
def test_exceptions_in_one_line(text: str, expected: str) -> None:
    assert brief(ValueError(text)) == expected
