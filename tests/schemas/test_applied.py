"""A spec judged as a change of what was applied before."""

import copy
from pathlib import Path
from typing import Any

import pytest

from schemas import SpecError, applied, load
from schemas.document import workspace_document
from schemas.text import Literal, to_json
from tests.schemas import specs


@pytest.fixture(name="file")
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("spec.yaml")
    path.write_text(specs.flow(specs.document()))
    return path


def before(file: Path) -> dict[str, Any]:
    return copy.deepcopy(dict(workspace_document(load(file))))


def problems(file: Path, document: dict[str, Any] | None) -> SpecError:
    with pytest.raises(SpecError) as caught:
        load(file, before=lambda _: document)
    return caught.value


def test_what_stays_as_it_was_is_loaded(file: Path) -> None:
    document = before(file)
    assert load(file, before=lambda _: document) == load(file)
    assert load(file, before=lambda _: None) == load(file)


def test_every_refused_change_stands_at_its_place(file: Path) -> None:
    document = before(file)
    document["notebooks"]["explore"]["data_storage"] = 70
    document["notebooks"]["explore"]["boot_storage"] = 70
    error = problems(file, document)
    assert [issue.rule for issue in error.issues] == ["transition", "transition"]
    lines = file.read_text().splitlines()
    for issue in error.issues:
        key = issue.path.rpartition(".")[2]
        rest = lines[issue.position.line - 1][issue.position.column - 1 :]
        value = workspace_document(load(file))["notebooks"]["explore"][key]  # type: ignore[index]
        assert rest.startswith(str(value))
        assert issue.message == "a volume keeps its size: a new notebook can have another"


def test_something_that_is_gone_is_told_at_its_section(file: Path) -> None:
    document = before(file)
    document["endpoints"]["old"] = {**document["endpoints"]["iris"], "deletion_protection": True}
    (issue,) = problems(file, document).issues
    assert issue.path == "endpoints.old"
    assert issue.message == "it is protected: apply deletion_protection: false first"
    line = file.read_text().splitlines()[issue.position.line - 1]
    assert line[issue.position.column - 1 :].startswith(('"endpoints"', "endpoints"))


def test_fields_of_another_version_are_passed_over(file: Path) -> None:
    document = before(file)
    document["notebooks"]["explore"]["of_another_version"] = 1
    document["platform"]["of_another_version"] = 1
    document["platform"]["images"] = {}
    assert load(file, before=lambda _: document) == load(file)


def test_annotation_reads_back_as_the_document() -> None:
    document = {
        "instances": 2,
        "tags": {"team": "vision"},
        "hyperparameters": {
            "lr": Literal("2.10"),
            "n": Literal("123456789012345678901234567890"),
            "on": Literal("true"),
            "text": "2.10",
            "zero": Literal("-0"),
        },
    }
    found = applied.read(to_json(document))
    assert found == document
    parameters = found["hyperparameters"]
    assert isinstance(parameters, dict)
    types = {key: type(value) for key, value in parameters.items()}
    assert types == {"lr": Literal, "n": Literal, "on": Literal, "text": str, "zero": Literal}
    assert type(found["instances"]) is int
