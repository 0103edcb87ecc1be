"""What is checked of an artifact before anything loads it."""

import hashlib
import json
from pathlib import Path

import pytest
from serving import check, digests
from serving.errors import Unusable

FILES = {"saved_model.pb": "graph", "variables/variables.index": "index", "big": "x" * 3_000_000}


def recorded(folder: Path, **changes: str) -> tuple[Path, Path]:
    """A training's output: its model and the record of it."""
    files = {}
    for name, text in FILES.items():
        path = folder / "model" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        files[f"model/{name}"] = {"sha256": digest, "size": len(text)}
    record = folder / "completion.json"
    record.write_text(json.dumps({"status": "COMPLETE", "files": files, **changes}))
    return folder / "model", record


def test_an_artifact_as_it_was_made(tmp_path: Path) -> None:
    model, record = recorded(tmp_path)
    assert digests.verify(model, record) == 3
    (model / "serving_input_example.json").write_text("[]")
    assert digests.verify(model, record) == 3


def test_what_differs_is_named(tmp_path: Path) -> None:
    model, record = recorded(tmp_path)
    (model / "saved_model.pb").write_text("grapH")  # of the same size
    (model / "variables" / "variables.index").unlink()
    for name in ("handler.py", "a", "b", "c"):
        (model / name).write_text("x")
    with pytest.raises(Unusable) as raised:
        digests.verify(model, record)
    assert str(raised.value) == (
        "the artifact is not what its training made: variables/variables.index is missing; "
        "a, b, c and 1 more are not made by the training; saved_model.pb is different"
    )


def test_a_file_that_was_cut_is_different(tmp_path: Path) -> None:
    model, record = recorded(tmp_path)
    (model / "big").write_text("x" * 2_999_999)
    with pytest.raises(Unusable, match=r"big is different$"):
        digests.verify(model, record)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, r"completion record \(completion.json\) is missing"),
        ("{", r"completion record \(completion.json\) can't be read"),
        ('{"files": {"model/a": {"size": 1}}}', "can't be read"),
        ("[]", "can't be read"),
    ],
)
def test_a_record_that_is_none(tmp_path: Path, text: str | None, sentence: str) -> None:
    model, record = recorded(tmp_path)
    record.unlink()
    if text is not None:
        record.write_text(text)
    with pytest.raises(Unusable, match=sentence):
        digests.verify(model, record)


def checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["check", *arguments])
    code = check.main()
    printed = capsys.readouterr()
    return code, printed.err or printed.out


def test_the_command_says_it_in_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model, record = recorded(tmp_path)
    arguments = (f"--model-dir={model}", f"--record={record}", "--address=obs://a/b/model")
    assert checked(monkeypatch, capsys, *arguments) == (
        0,
        "[easymaker] 3 files are as their training made them\n",
    )
    (model / "big").unlink()
    assert checked(monkeypatch, capsys, *arguments) == (
        1,
        "no model: obs://a/b/model: the artifact is not what its training made: big is missing\n",
    )


@pytest.mark.parametrize(
    ("files", "versions"),
    [
        (["saved_model.pb", "variables/x"], ["1"]),
        (
            ["1/saved_model.pb", "00000123/saved_model.pb", "7/variables/x", "v2/x", "notes 3/x"],
            ["00000123", "1"],
        ),
    ],
)
def test_versions_are_linked_by_their_numbers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    files: list[str],
    versions: list[str],
) -> None:
    model, linked = tmp_path / "model", tmp_path / "versions"
    linked.mkdir()
    for name in files:
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_text("x")
    arguments = (f"--model-dir={model}", "--framework=tensorflow", f"--versions={linked}")
    for _ in range(2):  # a pod may run it again
        assert checked(monkeypatch, capsys, *arguments) == (0, "")
        assert sorted(item.name for item in linked.iterdir()) == versions
        assert all((item / "saved_model.pb").is_file() for item in linked.iterdir())


def test_what_no_server_could_take_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.keras").write_text("x")
    arguments = (f"--model-dir={tmp_path}", "--framework=tensorflow", f"--versions={tmp_path}")
    code, words = checked(monkeypatch, capsys, *arguments)
    assert code == 1
    assert words.startswith("no model: found model.keras, a Keras file; needed is a SavedModel: ")
