"""The same spec on Kubernetes and on AWS: the table of docs/reference/aws-workloads.md is true."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas import load, resolved
from schemas.cluster_outputs import cluster_outputs
from tests.components import test_program
from tests.support import cluster_stack

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "docs" / "reference" / "aws-workloads.md"
_COMPLETE = {
    "conditions": [
        {"type": "Complete", "status": "True", "lastTransitionTime": "2026-01-31T12:00:00Z"}
    ]
}
Objects = dict[str, dict[str, Any]]
Row = tuple[str, str]


def table(title: str) -> list[Row]:
    """The first two columns of a table below a heading."""
    section = TABLES.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    return [(one.strip(" `"), two.strip(" `")) for one, two in rows]


def objects(spec: resolved.Workspace) -> Objects:
    """All of the cluster, by kind and name, when the trainings are complete and stages serve."""
    first = test_program.graph(spec, answers=cluster_stack.ANSWERS)
    there = test_program.as_live(first)
    for job in there.jobs.values():
        job["status"] = _COMPLETE
    made = test_program.graph(spec, there, answers=cluster_stack.ANSWERS)
    return {
        f"{node.type.rpartition(':')[2]} {node.inputs['metadata']['name']}": node.inputs
        for node in made.nodes.values()
        if node.type.startswith("kubernetes:")
    }


def fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value by its path; what has a name goes by it in a list."""
    if path.endswith("[easymaker.io/job]"):
        value = json.loads(value)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from fields(item, f"{path}[{key}]" if "/" in key else f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            key = item.get("name", index) if isinstance(item, dict) else index
            yield from fields(item, f"{path}[{key}]")
    else:
        yield path, value


def fits(row: Row, found: Row) -> bool:
    return all(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text)
        for pattern, text in zip(row, found, strict=True)
    )


@pytest.fixture(scope="module")
def sides() -> tuple[Objects, Objects]:
    aws = load(ROOT / "stacks" / "aws.yaml")
    cluster = yaml.safe_load((ROOT / "stacks" / "aws-cluster.yaml").read_text())
    said = {
        **cluster_stack.OUTPUTS,
        "buckets": {name: f"dev-{name}-123456789012" for name in cluster["buckets"]},
    }
    outputs = cluster_outputs("organization/easymaker/aws-cluster", said)
    aws = replace(aws, platform=replace(aws.platform, cluster=outputs))
    return objects(load(ROOT / "stacks" / "local.yaml")), objects(aws)


def test_the_specs_differ_in_their_platform_alone() -> None:
    local, aws = (
        yaml.safe_load((ROOT / "stacks" / f"{name}.yaml").read_text()) for name in ("local", "aws")
    )
    assert (local.pop("include"), aws.pop("include")) == (
        ["platform/local.yaml"],
        ["platform/aws.yaml"],
    )
    assert local == aws


def test_objects_of_one_side_are_in_the_table(sides: tuple[Objects, Objects]) -> None:
    local, aws = sides
    found = [(name, "Kubernetes") for name in local.keys() - aws.keys()]
    found += [(name, "AWS") for name in aws.keys() - local.keys()]
    rows = table("Objects of one side")
    assert [item for item in found if not any(fits(row, item) for row in rows)] == []
    assert [row for row in rows if not any(fits(row, item) for item in found)] == []


def test_fields_that_differ_are_in_the_table(sides: tuple[Objects, Objects]) -> None:
    local, aws = sides
    found = []
    for name in sorted(local.keys() & aws.keys()):
        here, there = dict(fields(local[name])), dict(fields(aws[name]))
        paths = sorted(here.keys() | there.keys())
        found += [(name, path) for path in paths if here.get(path) != there.get(path)]
    rows = table("Fields")
    assert len(rows) > 10
    assert [item for item in found if not any(fits(row, item) for row in rows)] == []
    assert [row for row in rows if not any(fits(row, item) for item in found)] == []


def test_stages_and_trainings_are_among_them(sides: tuple[Objects, Objects]) -> None:
    kinds = {name.partition(" ")[0] for name in sides[0].keys() & sides[1].keys()}
    assert kinds >= {"Deployment", "Job", "StatefulSet", "HTTPRoute", "Service", "NetworkPolicy"}
