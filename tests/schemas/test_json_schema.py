"""The JSON schema says what the loader says of keys, types and ranges."""

import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from schemas import kinds
from schemas.catalog import READING, SHAPE
from schemas.check import check
from schemas.errors import Issue
from schemas.files import Disk, read_spec
from schemas.json_schema import json_schema, numbers, to_text
from schemas.load import SECTIONS
from schemas.parse import parse
from schemas.ranges import DEFAULTS, Range
from schemas.shape import fields_by_key, models_in
from schemas.tree import Map, Number, Seq, Value
from tests.schemas import clusters, invalid, specs
from tests.schemas.mutations import mutated
from tests.schemas.test_properties import FEW, many

ROOT = Path(__file__).parents[2]
STACKS = [path for path in (ROOT / "stacks").glob("*.yaml") if not path.name.startswith("Pulumi.")]
EXAMPLES = sorted((ROOT / "examples").glob("**/*.yaml")) + sorted(STACKS)
# Of these only the loader knows, for they are about files, or about all of a spec together.
_BY_TARGET = re.compile(
    r"platform\.gateway(\.address)?|platform\.object_storage.*\.(endpoint|credentials)"
    r"|platform\.logs\.credentials"
)
_OF_FILES = set(READING) - {"no-value"}
_validators: dict[str, jsonschema.Draft202012Validator] = {}


def instance(value: Value) -> Any:
    """A tree as an editor's JSON."""
    if isinstance(value, Map):
        return {key: instance(item) for key, item in value.items()}
    if isinstance(value, Seq):
        return [instance(item) for item in value]
    if isinstance(value, Number):
        return int(value.text) if re.fullmatch(r"-?[0-9]{1,4000}", value.text) else float(value)
    return value


def accepts(document: Any, limits: Mapping[str, Range] = DEFAULTS) -> bool:
    key = repr(sorted(limits.items()))
    if key not in _validators:
        schema = json_schema(limits)
        jsonschema.Draft202012Validator.check_schema(schema)
        _validators[key] = jsonschema.Draft202012Validator(schema)
    return _validators[key].is_valid(document)


def judged(issue: Issue) -> bool:
    """Whether the schema has to refuse what the loader refuses."""
    if issue.rule == "missing-key":  # may come from another file, or with a copy
        if _BY_TARGET.fullmatch(issue.path):
            return False
        return issue.path.count(".") > 1 or issue.path.startswith("platform.gateway.")
    return issue.rule in SHAPE or issue.rule == "no-value"


def compare(main: str) -> None:
    """Load a spec, and check that the schema refuses exactly the files with wrong values."""
    loaded = read_spec(main, Disk(main), SECTIONS)
    if loaded.tree is None:
        return
    spec = check(loaded)
    for name, source in loaded.sources.items():
        mine = [issue for issue in spec.issues if issue.position.file == name]
        if any(issue.rule in _OF_FILES for issue in mine):
            continue
        tree, _ = parse(source)
        valid = accepts(instance(tree), spec.limits)
        refused = [issue for issue in mine if judged(issue)]
        if refused:
            assert not valid, "\n".join(map(str, refused))
        elif not any(issue.rule in SHAPE for issue in mine):
            assert valid, name


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_agrees_on_examples(example: Path) -> None:
    compare(str(example))


@pytest.mark.parametrize("case", invalid.cases())
def test_agrees_on_invalid_cases(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(invalid.FOLDER)
    compare(f"{case}.yaml")


def _agrees(tmp_path: Path, data: st.DataObject) -> None:
    spec = mutated(data.draw, specs.document())
    file = tmp_path / "spec.yaml"
    file.write_text(specs.Writer(random.Random(0)).text(spec), encoding="utf-8")
    compare(str(file))


_QUIET: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=FEW // 2, **_QUIET)
@given(data=st.data())
def test_agrees_on_mutated_specs(tmp_path: Path, data: st.DataObject) -> None:
    _agrees(tmp_path, data)


@settings(max_examples=FEW // 2, **_QUIET)
@given(data=st.data())
def test_agrees_on_mutated_clusters(tmp_path: Path, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([clusters.CLUSTER, clusters.ADDONS]))
    file = tmp_path / "cluster.yaml"
    file.write_text(specs.Writer(random.Random(0)).text(mutated(data.draw, whole)), "utf-8")
    compare(str(file))


@many
@given(data=st.data())
def test_agrees_on_mutated_specs_long(tmp_path: Path, data: st.DataObject) -> None:
    _agrees(tmp_path, data)


def test_changed_limits_change_the_schema() -> None:
    limits = {**DEFAULTS, "instances": Range(2, 20), "max_time": Range(60, 7200, "s")}
    training = json_schema(limits)["$defs"]["Training"]["properties"]
    assert (training["instances"]["minimum"], training["instances"]["maximum"]) == (2, 20)
    pattern = training["max_time"]["pattern"]
    for text, fits in (("1m", True), ("59s", False), ("2h", True), ("3h", False), ("1d", False)):
        assert bool(re.search(pattern, text)) is fits
    exact = json_schema({**DEFAULTS, "max_time": Range(86_400, 86_400, "s")})
    pattern = exact["$defs"]["Training"]["properties"]["max_time"]["pattern"]
    for text, fits in (("1d", True), ("24h", True), ("1440m", True), ("2d", False), ("23h", False)):
        assert bool(re.search(pattern, text)) is fits


@settings(max_examples=FEW, deadline=None)
@given(low=st.integers(1, 10**6), span=st.integers(0, 10**6), probe=st.integers(0, 3 * 10**6))
def test_pattern_of_numbers_is_exactly_the_range(low: int, span: int, probe: int) -> None:
    form = re.compile(numbers(low, low + span))
    for number in (probe, low - 1, low, low + span, low + span + 1):
        assert bool(form.fullmatch(str(number))) is (low <= number <= low + span)


def models_below(model: type[BaseModel]) -> list[type[BaseModel]]:
    below = [m for field in model.model_fields.values() for m in models_in(field.annotation)]
    return [model, *(found for m in below for found in models_below(m))]


ALL_MODELS = {
    model.__name__: model for kind in kinds.models().values() for model in models_below(kind)
}


@pytest.mark.parametrize("name", sorted(ALL_MODELS))
def test_every_field_is_described(name: str) -> None:
    """With what leaving it out does, and what changing it does."""
    properties = json_schema()["$defs"][name]["properties"]
    fields = fields_by_key(ALL_MODELS[name])
    assert set(properties) == set(fields)
    for key, field in properties.items():
        text = field["description"]
        assert len(text) > 10
        assert text.endswith(".")
        if not fields[key].is_required():
            assert "Defaults to" in text or "Without it" in text, f"{name}.{key}"


def test_descriptions_say_what_changing_does() -> None:
    silent = {
        (name, key)
        for name, definition in json_schema()["$defs"].items()
        for key, field in definition["properties"].items()
        if "Changing it" not in field["description"]
    }
    # What a document is, and sections, whose entries say it; flavors of pools, which count as the
    # instance types that follow from them.
    assert silent == {
        *((kind, key) for kind in kinds.NAMES for key in ("api_version", "include", "kind")),
        *(("Cluster", key) for key in ("pools", "file_systems", "buckets", "repositories")),
        *(
            ("Workspace", key)
            for key in "platform experiments trainings models endpoints notebooks".split()  # noqa: SIM905
        ),
        *(("Cluster", "platform"), ("ClusterPlatform", "flavors"), ("NodePool", "flavors")),
        ("Training", "copy"),
        ("Endpoint", "stages"),
    }


def test_file_is_up_to_date() -> None:
    written = (ROOT / "schemas" / "easymaker.schema.json").read_text(encoding="utf-8")
    assert written == to_text(json_schema()), "run `emctl schema`"
