"""Cases from people who do this job: what their reports ask of the spec language.

The container's side of them (arguments and variables that arrive) is tested with the launcher.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.document import workspace_document
from schemas.names import is_name, suggestion
from schemas.text import Literal, to_yaml
from tests.schemas import invalid, specs

BASE = specs.flow({key: value for key, value in specs.document().items() if key != "trainings"})
TRAINING = specs.flow(specs.document()["trainings"]["base"])


def load_with(folder: Path, text: str) -> Any:
    """The test document with a training whose further keys are YAML as a user types it."""
    whole = f"{BASE[:-1]}, trainings: {{base: {{<<: {TRAINING}, {text}}}, wide: {TRAINING}}}}}\n"
    return specs.load_text(folder, whole)


def test_a01_words_that_turn_into_booleans(tmp_path: Path) -> None:
    spec = load_with(
        tmp_path,
        "tags: {country: no, enabled: on, answer: Yes, axis: y}, hyperparameters: {shuffle: no,"
        " region: NO, resume: off, deterministic: true, debug: True}",
    )
    training = spec.trainings["base"]
    assert training.tags == {"country": "no", "enabled": "on", "answer": "Yes", "axis": "y"}
    arrives = {key: (value.text, value.json) for key, value in training.hyperparameters.items()}
    assert arrives == {
        "shuffle": ("no", '"no"'),
        "region": ("NO", '"NO"'),
        "resume": ("off", '"off"'),
        "deterministic": ("true", "true"),
        "debug": ("True", '"True"'),
    }
    # Stages of the test document are called `on` and `off`.
    assert set(spec.endpoints["iris"].stages) == {"on", "off"}
    assert spec.endpoints["iris"].default_stage == "on"
    shown = to_yaml(workspace_document(spec))
    for quoted in ('country: "no"', 'enabled: "on"', 'axis: "y"', '"on":', '"off":'):
        assert quoted in shown
    assert specs.load_text(tmp_path, shown) == spec


def test_a06_same_key_twice_is_one_error_a_pair() -> None:
    lines = str(invalid.problems("duplicate-key")).splitlines()
    assert [line.partition(":")[2].partition(": ")[0] for line in lines] == [
        "7:3",  # an experiment
        "9:46",  # "lr" and lr
        "9:68",  # max_length in one mapping
        "10:3",  # a training in one section
        "11:1",  # the section
        "13:3",  # a training in both sections
    ]
    assert all("declared twice, first at duplicate-key.yaml:" in line for line in lines)


def test_a06_same_name_in_an_included_file() -> None:
    assert str(invalid.problems("duplicate-key-included")) == (
        "base/team.yaml:3:3: experiments.iris: this key is declared twice, first at "
        "duplicate-key-included.yaml:6:3 (remove one)"
    )


@pytest.mark.parametrize(
    "name",
    ["Iris", "iris_v1", "iris.v1", "1iris", "-iris", "iris-", "iris--x", "kube-system",
     "easymaker_sample_training_iris"],
)  # fmt: skip
@pytest.mark.parametrize(
    "section",
    ["experiments", "trainings", "models", "endpoints", "notebooks", "workspace", "stages"],
)
def test_a09_name_is_refused_with_a_valid_suggestion(
    tmp_path: Path, section: str, name: str
) -> None:
    spec = specs.document()
    if section == "workspace":
        spec["workspace"] = name
    elif section == "stages":
        stages = spec["endpoints"]["iris"]["stages"]
        stages[name] = dict(stages["on"])
    else:
        spec[section][name] = dict(next(iter(spec[section].values())))
    (line,) = specs.lines_of(tmp_path, spec)
    near = suggestion(name)
    assert is_name(near)
    assert line.endswith(f"(did you mean '{near}'?)")
    assert repr(name) in line


@pytest.mark.parametrize(
    ("section", "valid"),
    [("experiments", True), ("trainings", True), ("models", True), ("notebooks", True)],
)
def test_a09_fifty_characters_are_a_name(tmp_path: Path, section: str, valid: bool) -> None:
    spec = specs.document()
    spec[section]["a" * 50] = dict(next(iter(spec[section].values())))
    assert (specs.lines_of(tmp_path, spec) == []) is valid
    spec[section]["a" * 51] = spec[section].pop("a" * 50)
    (line,) = specs.lines_of(tmp_path, spec)
    assert line.endswith("is 51 characters long, at most 50 are allowed (shorten it by 1)")


def test_a09_stage_and_endpoint_share_a_label(tmp_path: Path) -> None:
    """The length that counts is computed, with the parts that make it."""
    spec = specs.document()
    stages = spec["endpoints"]["iris"]["stages"]
    spec["endpoints"]["e" * 50] = {"default_stage": "s" * 50, "stages": {"s" * 50: stages["on"]}}
    (line,) = specs.lines_of(tmp_path, spec)
    assert line.endswith(
        "the host label <stage>-<endpoint> is 101 characters long, at most 63 are allowed"
        " (shorten it by 38)"
    )
    spec["endpoints"]["e" * 50] = {"default_stage": "s" * 12, "stages": {"s" * 12: stages["on"]}}
    assert specs.lines_of(tmp_path, spec) == []


def test_a09_workspace_has_the_length_of_other_names(tmp_path: Path) -> None:
    (line,) = specs.lines_of(tmp_path, specs.changed(("workspace",), "w" * 63))
    assert line == ("workspace: is 63 characters long, at most 50 are allowed (shorten it by 13)")


@pytest.mark.parametrize(
    "value",
    [
        "a b",
        'it\'s "fine" \\ `id` $(rm -rf /) ; & | > *',
        "$(EM_REGION) $(HOSTNAME) $$ ${HOME} %d {x}",
        '{"layers":[64,32],"act":"relu"}',
        "lr=0.1,mom=0.9",
        "two lines\nwith a\ttab\n",
        "  x  ",
        "",
        "-1e-4",
        "--fast",
        "-1,-2",
        "\\n is no line break",
        "아이리스 \U0001f600",
        "'",
        "#",
    ],
)
def test_a11_text_arrives_byte_for_byte(tmp_path: Path, value: str) -> None:
    spec = specs.changed(("trainings", "base", "hyperparameters"), {"x": value})
    found = specs.load_document(tmp_path, spec)
    held = found.trainings["base"].hyperparameters["x"]
    assert held.text == value
    assert json.loads(held.json) == value
    shown = to_yaml(workspace_document(found))
    assert specs.load_text(tmp_path, shown) == found


@pytest.mark.parametrize("value", [[64, 32], {"layers": 2}, []])
def test_a11_list_is_refused_with_a_hint(tmp_path: Path, value: object) -> None:
    spec = specs.changed(("trainings", "base", "hyperparameters"), {"layers": value})
    lines = specs.lines_of(tmp_path, spec)
    what = "a mapping" if isinstance(value, dict) else "a list"
    assert lines[0] == (
        "trainings.base.hyperparameters.layers: must be text, a number or a boolean, not "
        f"{what} (write JSON in quotes, such as '[64, 32]')"
    )


def test_b12_keys_in_upper_case_are_kept(tmp_path: Path) -> None:
    values = {"C": Literal("0.8"), "Kernel": "rbf", "coef0": Literal("0")}
    spec = specs.changed(("trainings", "base", "hyperparameters"), values)
    found = specs.load_document(tmp_path, spec).trainings["base"].hyperparameters
    assert {key: value.text for key, value in found.items()} == values


@pytest.mark.parametrize(
    "text",
    ["2.10", "1e-4", "010", "22:22", "0x10", "1_000", "12345678901234567890123456789", "0.1", "-0"],
)
def test_numbers_arrive_as_typed(tmp_path: Path, text: str) -> None:
    """As argument and variable, and as JSON: a number where JSON has it, else text."""
    held = load_with(tmp_path, f"hyperparameters: {{x: {text}}}").trainings["base"]
    value = held.hyperparameters["x"]
    assert value.text == text
    try:
        json.loads(text)
    except ValueError:
        assert json.loads(value.json) == text
    else:
        assert value.json == text


def test_versions_are_text_as_typed(tmp_path: Path) -> None:
    whole = BASE.replace('framework_version": "2.21"', 'framework_version": 2.10')
    spec = specs.load_text(tmp_path, f"{whole[:-1]}, trainings: {{base: {TRAINING}}}}}\n")
    assert spec.models["base"].framework_version == "2.10"
    assert spec.platform.images["train"].framework_version == "2.10"
