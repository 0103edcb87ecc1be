"""Every field of every kind: what a real preview does is the class that `emctl diff` says.

No pod runs for it, so that it needs a cluster, and not the one with all images, where the other
tests of workspaces are one after the other for most of the time that `make test` takes.
"""

import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from schemas.changes import compare
from schemas.document import workspace_document
from schemas.effects import Effect
from schemas.errors import dotted
from tests.schemas import specs
from tests.schemas.test_changes import FIELDS, TABLES, Path_
from tests.support import change_classes
from tests.support.checkout import Checkout, make_checkout
from tests.support.cluster import LocalCluster

pytestmark = pytest.mark.e2e

STACK = "classes"
SPEC = f"stacks/{STACK}.yaml"
_FINISHED = {
    "status": {
        "startTime": "2026-01-01T00:00:00Z",
        "completionTime": "2026-01-01T00:00:01Z",
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:01Z"}
            for kind in ("SuccessCriteriaMet", "Complete")
        ],
    }
}


LANES = {section: section for section in ("trainings", "notebooks", "experiments")} | {
    "models": "endpoints",
    "endpoints": "endpoints",
}
"""What a change of each section touches: one of each lane fits into a preview, which takes long."""
Field = tuple[Path_, str]
Round = tuple[Field, ...]


def rounds() -> list[Round]:
    """The fields that are changed in one preview.

    What is refused is said together, and where all that is changed in place is the strongest that
    a preview shows, each of it is. What else the platform has touches everything, so it is alone.
    """
    together: dict[Effect, list[Field]] = {Effect.REFUSED: [], Effect.IN_PLACE: []}
    lanes: dict[str, list[Field]] = {}
    alone: list[Field] = []
    for path, key in FIELDS:
        effect = TABLES[path][key].effect
        section = path[0] if path else ""
        if key == "autoscaling":  # not beside `instances`
            alone.append((path, key))
        elif effect in together:
            together[effect].append((path, key))
        elif section in LANES:
            lanes.setdefault(LANES[section], []).append((path, key))
        else:
            alone.append((path, key))
    side_by_side = zip_longest(*lanes.values())
    return [
        *map(tuple, together.values()),
        *((field,) for field in alone),
        *(tuple(filter(None, fields)) for fields in side_by_side),
    ]


def _text(field: Field) -> str:
    path, key = field
    return ".".join((*path, key))


def _lane(step: dict[str, Any]) -> str:
    """Whose object it is."""
    owners = re.findall(r"\beasymaker:([a-z]+):", step["urn"])
    return next((LANES[f"{owner}s"] for owner in owners if f"{owner}s" in LANES), "")


def applicable(spec: dict[str, Any], checkout: Checkout) -> dict[str, Any]:
    """The spec for the test's cluster. Nothing in it ever runs, and nothing is waited for."""
    platform = spec["platform"]
    definition = checkout.cluster.backend.definition
    if platform["target"]["context"] == "test":
        platform["target"] = {"type": "kubernetes", "context": definition.context}
    for credential in ("access_key", "secret_key"):
        store = platform["object_storage"]["objects.example.com"]
        store["credentials"][credential] = {"secret": "storage"}
    for training in spec["trainings"].values():
        training.setdefault("state", "stopped")
    for stage in spec["endpoints"]["iris"]["stages"].values():
        # A GPU that is not there, which `pulumi up` does not wait for.
        if stage["flavor"] == "m2.c1m2":
            stage["flavor"] = "a100"
    return spec


def changed(checkout: Checkout, fields: Round) -> dict[str, Any]:
    base = applicable(change_classes.base(), checkout)
    value = change_classes.changed(*fields)
    if (("trainings", "base"), "state") in fields:
        value["trainings"]["base"]["state"] = "running"
    if (("platform",), "flavors") in fields:
        value["platform"]["flavors"]["a100"]["memory"] = "17Gi"
    if (("platform",), "pools") in fields:
        value["platform"]["pools"]["a100"]["node_selector"] = {"gpu": "h100"}
    new = applicable(value, checkout)
    assert new != base
    return new


def write(checkout: Checkout, spec: dict[str, Any]) -> None:
    (checkout.folder / SPEC).write_text(specs.flow(spec))


@pytest.fixture(name="stack", scope="module")
def _stack(
    cluster: LocalCluster, pulumi_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Checkout]:
    """Everything applied, the trainings complete."""
    checkout = make_checkout(tmp_path_factory.mktemp("checkout"), cluster, pulumi_home)
    call = checkout.plain_stack(STACK, SPEC)
    # Named by a change that lets people sign in.
    call("config", "set", "--secret", "easymaker:signInSecret", "of the tests")
    write(checkout, applicable(change_classes.base(), checkout))
    checkout.other_context("other")
    call("up", "--yes", "--skip-preview")
    for job in checkout.jobs("team"):
        checkout.cluster.kubectl(
            *("-n", "team", "patch", "job", job, "--subresource=status", "--type=merge"),
            f"--patch={json.dumps(_FINISHED)}",
        )
    call("up", "--yes", "--skip-preview")
    yield checkout
    write(checkout, applicable(change_classes.base(), checkout))
    call("destroy", "--yes", "--skip-preview")
    call("stack", "rm", "--yes")


def test_base_is_applied(stack: Checkout) -> None:
    write(stack, applicable(change_classes.base(), stack))
    done = stack.pulumi("preview", "--expect-no-changes", f"--stack={STACK}")
    assert done.returncode == 0, done.stdout
    deployments = stack.cluster.get("deployments", "-n", "team")["items"]
    names = {item["metadata"]["name"] for item in deployments}
    assert {name.rpartition("-")[0] for name in names} >= {"stage-on-iris", "stage-off-iris"}
    assert "experiment-iris" in names


@pytest.mark.parametrize("fields", rounds(), ids=lambda fields: "+".join(map(_text, fields)))
def test_preview_does_what_diff_says(stack: Checkout, tmp_path: Path, fields: Round) -> None:
    spec = changed(stack, fields)
    old, new = (
        workspace_document(specs.load_document(tmp_path, s))
        for s in (applicable(change_classes.base(), stack), spec)
    )
    changes = compare(old, new)
    write(stack, spec)
    done = stack.pulumi("preview", "--json", f"--stack={STACK}")
    for change in changes:
        if change.refusal:
            assert f"{dotted(change.path)}: {change.refusal}" in done.stdout + done.stderr
    for path, key in fields:
        own = {c.effect for c in changes if c.path[: len(path) + 1] == (*path, key)}
        assert TABLES[path][key].effect in own, key
    expected = change_classes.strongest(change.effect for change in changes)
    if done.returncode != 0:
        assert "Traceback" not in done.stdout + done.stderr
        assert expected == Effect.REFUSED
        return
    steps = json.loads(done.stdout)["steps"]
    assert change_classes.strongest(_effects(steps)) == expected
    if any(path[:1] in ((), ("platform",)) for path, _ in fields):
        return  # it touches all of them
    for lane in {*LANES.values(), ""}:
        mine = [step for step in steps if _lane(step) == lane]
        effects = [change.effect for change in changes if LANES.get(change.path[0], "") == lane]
        expected = change_classes.strongest([Effect.IN_PLACE, *effects])
        assert change_classes.strongest(_effects(mine)) == expected, lane


def _effects(steps: list[dict[str, Any]]) -> Iterator[Effect]:
    yield Effect.IN_PLACE
    gone = {_owner(step) for step in steps if step["op"] == "delete"}
    for step in steps:
        kind = step["urn"].rpartition("::")[0].rpartition(":")[2]
        paths = step.get("detailedDiff") or {}
        if "replace" in step["op"] or (step["op"], kind) == ("delete", "Namespace"):
            yield Effect.REPLACE
        elif (step["op"], kind) == ("create", "Deployment") and _owner(step) in gone:
            yield Effect.RESTART  # a stage's pods, which others replace together
        elif (step["op"], kind) == ("create", "Job"):
            yield Effect.NEW_REVISION
        elif step["op"] == "update" and kind in ("Deployment", "StatefulSet"):
            restarting = ("spec.template", "spec.replicas")[: 1 + (kind == "StatefulSet")]
            if any(path.startswith(restarting) for path in paths):
                yield Effect.RESTART


def _owner(step: dict[str, Any]) -> tuple[str, str]:
    """The component that an object belongs to, and its type."""
    state = step.get("newState") or step["oldState"]
    return state.get("parent", ""), state["type"]
