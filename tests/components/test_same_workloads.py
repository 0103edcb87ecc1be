"""The same spec on Kubernetes and on AWS: the table of docs/reference/aws-workloads.md is true."""

import copy
import json
import re
from collections.abc import Iterable, Iterator
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
Sides = tuple[Objects, Objects]
Row = tuple[str, str]


def table(title: str) -> list[Row]:
    """The first two columns of a table below a heading."""
    section = TABLES.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    return [(one.strip(" `"), two.strip(" `")) for one, two in rows]


def objects(spec: resolved.Workspace) -> Objects:
    """All of the cluster, by kind and name (with a namespace other than the workspace's), when the
    trainings are complete and stages serve."""

    def called(metadata: dict[str, Any]) -> str:
        space = metadata.get("namespace", spec.name)
        return str(metadata["name"] if space == spec.name else f"{space}/{metadata['name']}")

    first = test_program.graph(spec, answers=cluster_stack.ANSWERS)
    there = test_program.as_live(first)
    for job in there.jobs.values():
        job["status"] = _COMPLETE
    made = test_program.graph(spec, there, answers=cluster_stack.ANSWERS)
    return {
        f"{node.type.rpartition(':')[2]} {called(node.inputs['metadata'])}": node.inputs
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


def on_aws(path: Path, buckets: Iterable[str]) -> resolved.Workspace:
    """A spec for AWS, its cluster's stack known."""
    made = {name: f"dev-{name}-123456789012" for name in buckets}
    said = {**cluster_stack.OUTPUTS, "buckets": made}
    outputs = cluster_outputs("organization/easymaker/aws-cluster", said)
    spec = load(path)
    return replace(spec, platform=replace(spec.platform, cluster=outputs))


def examples() -> Sides:
    """The two specs of `stacks/`."""
    cluster = yaml.safe_load((ROOT / "stacks" / "aws-cluster.yaml").read_text())
    aws = on_aws(ROOT / "stacks" / "aws.yaml", cluster["buckets"])
    return objects(load(ROOT / "stacks" / "local.yaml")), objects(aws)


def every_kind(folder: Path) -> Sides:
    """The spec with every key, all of it running, on a platform with every key that both know."""
    full = ROOT / "examples" / "spec"
    spec = yaml.safe_load((full / "full.yaml").read_text())
    # An HTTP API of AWS waits for no longer.
    spec["endpoints"]["iris"]["stages"]["blue"]["request_timeout"] = "20s"
    spec["notebooks"]["explore"]["state"] = "running"
    local = yaml.safe_load((full / "platform" / "full.yaml").read_text())
    aws = copy.deepcopy(local)
    for key in ("tls", "certificate"):
        del local["platform"]["gateway"][key]
    platform = aws["platform"]
    del platform["gateway"]
    platform["target"] = {"type": "aws", "cluster_stack": cluster_stack.STACK}
    del platform["object_storage"]["s3.amazonaws.com"]
    platform["object_storage"]["objects.easymaker.localhost"] = {"type": "s3"}
    platform["nas"]["models"] = {"type": "efs", "file_system": "models"}
    for name, side in (("local", local), ("aws", aws)):
        (folder / f"platform-{name}.yaml").write_text(yaml.safe_dump(side))
        whole = {**spec, "include": [f"platform-{name}.yaml"]}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(whole))
    buckets = ("checkpoints", "examples", "results", "system")
    return objects(load(folder / "local.yaml")), objects(on_aws(folder / "aws.yaml", buckets))


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> list[Sides]:
    return [examples(), every_kind(tmp_path_factory.mktemp("every"))]


def test_the_specs_differ_in_their_platform_alone() -> None:
    local, aws = (
        yaml.safe_load((ROOT / "stacks" / f"{name}.yaml").read_text()) for name in ("local", "aws")
    )
    assert (local.pop("include"), aws.pop("include")) == (
        ["platform/local.yaml"],
        ["platform/aws.yaml"],
    )
    assert local == aws


def test_objects_of_one_side_are_in_the_table(sides: list[Sides]) -> None:
    found = []
    for local, aws in sides:
        found += [(name, "Kubernetes") for name in local.keys() - aws.keys()]
        found += [(name, "AWS") for name in aws.keys() - local.keys()]
    rows = table("Objects of one side")
    assert [item for item in found if not any(fits(row, item) for row in rows)] == []
    assert [row for row in rows if not any(fits(row, item) for item in found)] == []


def test_fields_that_differ_are_in_the_table(sides: list[Sides]) -> None:
    found = []
    for local, aws in sides:
        for name in sorted(local.keys() & aws.keys()):
            here, there = dict(fields(local[name])), dict(fields(aws[name]))
            paths = sorted(here.keys() | there.keys())
            found += [(name, path) for path in paths if here.get(path) != there.get(path)]
    rows = table("Fields")
    assert len(rows) > 10
    assert [item for item in found if not any(fits(row, item) for row in rows)] == []
    assert [row for row in rows if not any(fits(row, item) for item in found)] == []


def test_every_kind_is_among_them(sides: list[Sides]) -> None:
    """Workloads of each kind, on GPUs, with files and with volumes, and what scales them."""
    local, aws = sides[1]
    both = {name: local[name] for name in local.keys() & aws.keys()}
    assert {name.partition(" ")[0] for name in both} >= {
        "Deployment",
        "HTTPRoute",
        "HorizontalPodAutoscaler",
        "Job",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "Service",
        "StatefulSet",
    }
    text = json.dumps(both)
    for told in ("nvidia.com/gpu", "iris/data", "checkpoints/iris", "nas-models", "epochs"):
        assert told in text, told
