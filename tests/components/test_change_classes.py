"""Every field of every kind: what its change does to the graph is the class that `emctl diff` says.

`tests/built/test_change_classes.py` asks the same of real previews.
"""

from pathlib import Path
from typing import Any

import pytest

from schemas.changes import compare
from schemas.document import workspace_document
from schemas.effects import Effect
from tests.components.test_program import as_live, complete, graph
from tests.schemas import specs
from tests.schemas.test_changes import FIELDS, TABLES, VALUES, Path_, joined
from tests.support import change_classes
from tests.support.recorder import Graph

NOT_APPLIED = {("platform", "target"), ("platform", "create_namespace"), ("workspace",)}
"""Other clusters and namespaces: what becomes of them shows only in a real preview."""


def built(folder: Path, spec: dict[str, Any], before: Graph | None) -> Graph:
    folder.mkdir(exist_ok=True)
    workspace = specs.load_document(folder, spec)
    if before is None:
        return graph(workspace)
    there = as_live(before)
    for name in there.jobs:
        there = complete(there, name, "2026-01-01T00:00:00Z")
    return graph(workspace, there)


@pytest.fixture(name="before", scope="module")
def _before(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """Everything applied, and all trainings complete."""
    folder = tmp_path_factory.mktemp("before")
    return built(folder, change_classes.base(), built(folder, change_classes.base(), None))


FAST = [item for item in FIELDS if (*item[0], item[1]) not in NOT_APPLIED]


@pytest.mark.parametrize(("path", "key"), FAST, ids=lambda x: ".".join(x) if x else "root")
def test_graph_changes_as_the_class_says(
    tmp_path: Path, before: Graph, path: Path_, key: str
) -> None:
    spec = change_classes.changed((path, key))
    old, new = (
        workspace_document(specs.load_document(tmp_path, s)) for s in (change_classes.base(), spec)
    )
    effects = {change.effect for change in compare(old, new)}
    table = TABLES[path]
    assert table[key].effect in effects
    if effects == {Effect.REFUSED}:
        return  # nothing is registered: tests/e2e/test_transitions.py
    after = built(tmp_path / "after", spec, before)
    assert observed(before, after) == change_classes.strongest(effects)


@pytest.mark.parametrize(
    ("entry", "key", "value"),
    [
        (("pools", "cpus"), "nodes", 9),
        (("pools", "cpus"), "gpus_per_node", 1),
        (("images", "note"), "framework_version", "9"),
        (("images", "note"), "python_version", "9"),
        (("flavors", "a100"), "gpu", {"model": "h100"}),
    ],
    ids=lambda x: ".".join(x) if isinstance(x, tuple) else None,
)
def test_what_no_pod_has_restarts_nobody(
    tmp_path: Path, before: Graph, entry: Path_, key: str, value: object
) -> None:
    def spec() -> dict[str, Any]:
        document = change_classes.base()
        document["notebooks"]["gpu"] = document["notebooks"]["explore"] | {
            "image": "gpu-note",
            "flavor": "a100",
        }
        images = document["platform"]["images"]
        images["gpu-note"] = images["note"] | {"core_type": "gpu"}
        return document

    new = spec()
    node = new["platform"][entry[0]][entry[1]]
    node[key] = joined(node.get(key), value)
    documents = [workspace_document(specs.load_document(tmp_path, s)) for s in (spec(), new)]
    assert {change.effect for change in compare(*documents)} == {Effect.IN_PLACE}
    old = built(tmp_path / "old", spec(), before)
    assert observed(old, built(tmp_path / "new", new, old)) is Effect.IN_PLACE


def observed(before: Graph, after: Graph) -> Effect:
    """The strongest effect among what differs."""
    found = {Effect.IN_PLACE}
    gone = {before.nodes[urn].parent for urn in before.nodes.keys() - after.nodes.keys()}
    for urn, node in after.nodes.items():
        old = before.nodes.get(urn)
        kind = str(node.inputs.get("kind"))
        if old is None and kind == "Deployment" and node.parent in gone:
            found.add(Effect.RESTART)  # a stage's pods, which others replace together
        elif old is None:
            found.add(Effect.NEW_REVISION if kind == "Job" else Effect.IN_PLACE)
        elif old.inputs != node.inputs:
            found.add(_effect(kind, old.inputs, node.inputs))
    return change_classes.strongest(found)


def _effect(kind: str, old: dict[str, Any], new: dict[str, Any]) -> Effect:
    if kind == "Job":
        assert old["spec"]["template"] == new["spec"]["template"], "a Job that exists changed"
    if kind in ("Deployment", "StatefulSet"):
        restarts = old["spec"]["template"] != new["spec"]["template"]
        restarts |= kind == "StatefulSet" and old["spec"]["replicas"] != new["spec"]["replicas"]
        return Effect.RESTART if restarts else Effect.IN_PLACE
    if kind in ("PersistentVolume", "PersistentVolumeClaim", "Namespace"):
        assert old.get("spec") == new.get("spec"), f"{kind} changed: it would be replaced"
    return Effect.IN_PLACE


def test_values_are_the_schemas() -> None:
    assert {path for path, _ in FIELDS} == set(VALUES)
