"""The component of a stage: how what it serves changes."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, cast

import pulumi
import pytest

from components import stage as stages
from components.manifests import Manifest, stage
from components.manifests.served import Served
from components.manifests.standing import Standing
from schemas import resolved
from tests.components.test_endpoint import (
    BUDGET,
    DEPLOYMENT,
    ROUTE,
    SERVICE,
    graph,
    named,
)
from tests.support.recorder import Graph, Node
from tests.support.stages import Stages, artifact, full, made

SCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
OLD, NEW = artifact(), artifact(revision="9876543210")


@pytest.fixture(scope="module")
def spec() -> resolved.Workspace:
    return full()


def scaled(spec: resolved.Workspace) -> resolved.Workspace:
    """The stage `blue` settles its number itself."""
    parent = spec.endpoints["iris"]
    one = replace(parent.stages["blue"], autoscaling=resolved.Autoscaling(2, 5, 70, None))
    changed = replace(parent, stages={**parent.stages, "blue": one})
    return replace(spec, endpoints={**spec.endpoints, "iris": changed})


def standing(
    spec: resolved.Workspace,
    *deployments: Manifest,
    leads_to: Served | None = OLD,
    of: str = "blue",
) -> Standing:
    """What the cluster has of a stage whose Service leads to these pods."""
    one = spec.endpoints["iris"].stages[of]
    return Standing(stage.service(spec, one, stage.behind(one, leads_to)), deployments)


def live(spec: resolved.Workspace, item: Served, available: int = 2, **more: Any) -> Manifest:
    """A Deployment of the stage `blue`."""
    found = made(spec, item, **more)
    return {**found, "status": {"availableReplicas": available}}


def applied(
    spec: resolved.Workspace,
    item: Served | None,
    there: Standing,
    scripted: Stages | None = None,
    preview: bool = False,
) -> Graph:
    """The graph of an apply with what is served by `blue`."""
    served: dict[str, Served | None] = {"blue": item, "green": None}
    return graph(spec, served, preview, {"blue": there}, scripted)


def following(found: Graph) -> dict[str, Any]:
    """What the objects of `blue` that lead to its pods go by."""
    nodes: dict[str, Node] = {
        kind: node
        for kind in (SERVICE, BUDGET, SCALER)
        for node in found.all(kind)
        if node.name == "stage-blue-iris"
    }
    return {
        kind: node.inputs["spec"].get("selector") or node.inputs["spec"]["scaleTargetRef"]["name"]
        for kind, node in nodes.items()
    }


def led(spec: resolved.Workspace, item: Served) -> dict[str, Any]:
    """The same, where requests lead to this."""
    pods = stage.behind(spec.endpoints["iris"].stages["blue"], item)
    return {
        SERVICE: pods.selector,
        BUDGET: {"matchLabels": pods.selector},
        SCALER: pods.deployment,
    }


def test_requests_move_once_all_new_pods_are_ready(spec: resolved.Workspace) -> None:
    spec = scaled(spec)
    scripted = Stages()
    there = standing(spec, live(spec, OLD))
    found = applied(spec, NEW, there, scripted)
    assert scripted.asked == ["stage-blue-iris-9876543210"]
    assert following(found) == led(spec, NEW)
    assert [node.name for node in found.all(DEPLOYMENT)] == ["stage-blue-iris-9876543210"]
    for kind in (SERVICE, BUDGET, SCALER):
        # Replacing the Deployment must never replace what leads to the pods.
        own = named(found, kind, "stage-blue-iris")
        assert found.one(DEPLOYMENT).urn not in own.depends_on
    preview = applied(spec, NEW, there, scripted, preview=True)
    assert scripted.asked == ["stage-blue-iris-9876543210"]
    assert following(preview) == following(found)
    assert preview.nodes.keys() == found.nodes.keys()


def test_requests_stay_where_they_are_while_new_pods_are_not_ready(
    spec: resolved.Workspace,
) -> None:
    spec = scaled(spec)
    scripted = Stages({"stage-blue-iris-9876543210": "DEPLOY FAILED: no model"})
    found = applied(spec, NEW, standing(spec, live(spec, OLD)), scripted)
    assert following(found) == led(spec, OLD)


@pytest.mark.parametrize("selector", ["same", "none", "nothing", "first"])
def test_nothing_is_waited_for_where_nothing_else_serves(
    spec: resolved.Workspace, selector: str
) -> None:
    there = {
        "same": standing(spec, live(spec, OLD), live(spec, NEW), leads_to=NEW),
        "none": standing(spec, leads_to=None),
        "nothing": standing(spec, leads_to=OLD),
        "first": Standing(),
    }[selector]
    scripted = Stages()
    found = applied(spec, NEW, there, scripted)
    assert scripted.asked == []
    assert following(found) == {k: v for k, v in led(spec, NEW).items() if k != SCALER}
    assert found.one(DEPLOYMENT).before_create == ()


def test_pods_for_gpus_take_over_from_what_does_not_serve(spec: resolved.Workspace) -> None:
    parent = spec.endpoints["iris"]
    flavor = replace(parent.stages["blue"].flavor, gpu_count=1)
    one = replace(parent.stages["blue"], flavor=flavor)
    changed = replace(parent, stages={**parent.stages, "blue": one})
    spec = replace(spec, endpoints={**spec.endpoints, "iris": changed})
    for available, asked in ((0, []), (1, ["stage-blue-iris-9876543210"])):
        scripted = Stages()
        applied(spec, NEW, standing(spec, live(spec, OLD, available)), scripted)
        assert scripted.asked == asked


def test_stage_of_one_deployment_for_all_goes_over_to_its_own(spec: resolved.Workspace) -> None:
    spec = scaled(spec)
    former = live(spec, OLD, instances=4)
    labels = stage.stage_labels(spec.endpoints["iris"].stages["blue"])
    former["metadata"] |= {"name": "stage-blue-iris", "labels": labels}
    former["spec"]["template"]["metadata"]["labels"] = labels
    there = standing(spec, former, leads_to=None)
    scripted = Stages()
    found = applied(spec, OLD, there, scripted)
    assert scripted.asked == ["stage-blue-iris-0123456789"]
    assert following(found) == led(spec, OLD)
    scripted = Stages({"stage-blue-iris-0123456789": "no"})
    stays = following(applied(spec, OLD, there, scripted))
    assert stays == {SERVICE: labels, BUDGET: {"matchLabels": labels}, SCALER: "stage-blue-iris"}


def test_what_a_failed_apply_left_makes_room_first(spec: resolved.Workspace) -> None:
    broken = artifact(revision="bbbbbbbbbb")
    there = standing(spec, live(spec, OLD), live(spec, broken, 0))
    (new,) = applied(spec, NEW, there).all(DEPLOYMENT)
    assert new.aliases == ("stage-blue-iris-bbbbbbbbbb",)
    assert new.delete_before_replace
    for item in (OLD, broken):  # going back, and once more
        (again,) = applied(spec, item, there).all(DEPLOYMENT)
        assert (again.aliases, again.delete_before_replace) == ((), False)


def test_as_many_new_instances_as_the_autoscaler_has_by_now(spec: resolved.Workspace) -> None:
    other = scaled(spec)
    there = standing(other, live(other, OLD, instances=5))

    def count(spec: resolved.Workspace, item: Served) -> tuple[int, tuple[str, ...]]:
        node = applied(spec, item, there).one(DEPLOYMENT)
        return node.inputs["spec"]["replicas"], node.ignore_changes

    assert count(other, NEW) == (5, ())
    assert count(other, OLD) == (2, ("spec.replicas",))  # nobody here counts them
    assert count(spec, NEW) == (2, ())


def test_route_says_what_is_settled_once_it_is_there(spec: resolved.Workspace) -> None:
    found = applied(spec, NEW, standing(spec, live(spec, OLD)))
    route = named(found, ROUTE, "stage-blue-iris")
    assert found.one(DEPLOYMENT).urn in route.depends_on
    assert (
        '"revision": "9876543210"' in route.inputs["metadata"]["annotations"]["easymaker.io/served"]
    )


def test_artifact_is_checked_before_pods_take_over(spec: resolved.Workspace) -> None:
    (new,) = applied(spec, NEW, standing(spec, live(spec, OLD))).all(DEPLOYMENT)
    assert new.before_create == new.before_update == ("stage-blue-iris-artifact",)


def test_pods_are_replaced_only_with_an_artifact_that_is_whole(spec: resolved.Workspace) -> None:
    blue = spec.endpoints["iris"].stages["blue"]
    scripted = Stages()

    def replaced(**changes: Any) -> None:
        new = artifact(**changes)
        args = pulumi.ResourceHookArgs(
            "", "", "", "", old_inputs=made(spec), new_inputs=made(spec, new)
        )
        found = stages.only_with_its_artifact(spec, blue, new, scripted.check)(args)
        asyncio.run(cast(Coroutine[Any, Any, None], found))

    replaced()
    assert scripted.asked == []
    replaced(revision="9876543210")
    assert scripted.asked == ["check-blue-iris"]
    scripted.reasons["check-blue-iris"] = "nothing lies under obs://a/b"
    sentence = r"^endpoints\.iris\.stages\.blue: it stays as it is: nothing lies under obs://a/b$"
    with pytest.raises(stages.NotServing, match=sentence):
        replaced(revision="9876543210")
