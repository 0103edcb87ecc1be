"""The components of models, endpoints and stages: what is registered, below what, after what."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import pulumi
import pytest

from components import endpoint, model
from components.manifests import endpoint as manifests
from components.manifests import workspace
from components.manifests.served import Served
from components.manifests.standing import Standing
from components.objects import KubernetesObject
from components.stage import NotServing
from schemas import resolved
from tests.support.recorder import Graph, Node, record
from tests.support.stages import Stages, artifact, full, on

NAMESPACE = "kubernetes:core/v1:Namespace"
SERVICE = "kubernetes:core/v1:Service"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
REVISION = artifact().version
STAGE = "easymaker:endpoint:Stage"


@pytest.fixture(scope="module")
def spec() -> resolved.Workspace:
    """The full example, all requests at the default stage."""
    workspace = full()
    alone = replace(workspace.endpoints["iris"], traffic={})
    return replace(workspace, endpoints={"iris": alone})


def graph(
    spec: resolved.Workspace,
    served: dict[str, Served | None],
    preview: bool = False,
    standing: Mapping[str, Standing] | None = None,
    stages: Stages | None = None,
) -> Graph:
    """The endpoint of the example, protected as it is there."""
    scripted = stages or Stages()

    def build(home: Home) -> None:
        args = endpoint.EndpointArgs(
            spec=spec.endpoints["iris"],
            served=served,
            why_not=scripted.why_not,
            check=scripted.check,
            not_ready=scripted.not_ready,
            standing=standing or {},
            **home.arguments,
        )
        options = pulumi.ResourceOptions(parent=home.component, protect=True)
        endpoint.Endpoint("iris", args, options)

    return record(within(spec, build), preview=preview)


@dataclass(frozen=True)
class Home:
    """What components stand below, and the arguments that all of them get."""

    component: pulumi.ComponentResource
    arguments: dict[str, Any]


def within(
    spec: resolved.Workspace, build: Callable[[Home], None]
) -> Callable[[], Awaitable[None]]:
    """A program that builds something in a workspace."""

    async def program() -> None:
        home = pulumi.ComponentResource("easymaker:workspace:Workspace", spec.name, {})
        below = pulumi.ResourceOptions(parent=home)
        namespace = KubernetesObject(spec.name, workspace.namespace(spec, "x"), below)
        common = {"workspace": spec, "depends_on": [namespace], "deleted_with": namespace}
        build(Home(home, common))

    return program


def named(made: Graph, type_: str, name: str) -> Node:
    (found,) = (node for node in made.all(type_) if node.name == name)
    return found


def test_each_stage_is_a_component_of_its_endpoint(spec: resolved.Workspace) -> None:
    made = graph(spec, {"blue": artifact(), "green": None})
    own = made.one("easymaker:endpoint:Endpoint")
    assert {node.name: node.parent for node in made.all(STAGE)} == {
        "blue-iris": own.urn,
        "green-iris": own.urn,
    }
    objects = {
        (node.type, node.name): made.nodes[node.parent].name
        for node in made.nodes.values()
        if node.type.startswith("kubernetes:") and node.type != NAMESPACE
    }
    assert objects == {
        (SERVICE, "stage-blue-iris"): "blue-iris",
        (ROUTE, "stage-blue-iris"): "blue-iris",
        (DEPLOYMENT, f"stage-blue-iris-{REVISION}"): "blue-iris",
        (BUDGET, "stage-blue-iris"): "blue-iris",
        (SERVICE, "stage-green-iris"): "green-iris",
        (ROUTE, "stage-green-iris"): "green-iris",
        (ROUTE, "endpoint-iris"): "iris",
    }
    assert made.nodes.keys() == graph(spec, {"blue": artifact(), "green": None}, True).nodes.keys()


def test_outputs_say_what_is_served_where(spec: resolved.Workspace) -> None:
    made = graph(spec, {"blue": artifact(), "green": None})
    blue = {
        "url": "https://blue-iris.vision.ml.example.com",
        "model": "iris",
        "revision": "0123456789",
    }
    green = {"url": "https://green-iris.vision.ml.example.com", "model": "", "revision": ""}
    assert made.outputs[made.one("easymaker:endpoint:Endpoint").urn] == {
        "url": "https://iris.vision.ml.example.com",
        "stages": {"blue": blue, "green": green},
    }
    assert made.outputs[named(made, STAGE, "blue-iris").urn] == blue


def test_endpoints_route_follows_its_default_stage(spec: resolved.Workspace) -> None:
    made = graph(spec, {"blue": artifact(), "green": None})
    namespace = made.one(NAMESPACE).urn
    blue = {named(made, kind, "stage-blue-iris").urn for kind in (SERVICE, ROUTE, BUDGET)}
    blue.add(made.one(DEPLOYMENT).urn)
    own = named(made, ROUTE, "endpoint-iris")
    assert set(own.depends_on) == {namespace, *blue}
    assert own.inputs["spec"]["rules"][0]["backendRefs"][0]["name"] == "stage-blue-iris"
    for node in made.nodes.values():
        if node.type.startswith("kubernetes:") and node.type != NAMESPACE:
            assert namespace in node.depends_on
            assert node.deleted_with == namespace


def asked(spec: resolved.Workspace, old: str, new: str, stages: Stages) -> None:
    """The hook before the endpoint's route leads from one stage to another."""
    before, after = (replace(spec.endpoints["iris"], default_stage=name) for name in (old, new))
    args = pulumi.ResourceHookArgs(
        "urn", "id", "name", "type", old_inputs=manifests.route(spec, before)
    )
    found = endpoint.only_to_what_serves(after, stages.why_not)(args)
    asyncio.run(cast(Coroutine[Any, Any, None], found))


def test_requests_move_only_to_a_stage_that_serves(spec: resolved.Workspace) -> None:
    made = graph(spec, {"blue": artifact(), "green": None})
    hooked = {node.name: node.before_update for node in made.nodes.values() if node.before_update}
    assert hooked == {
        "endpoint-iris": ("endpoint-iris-moves",),
        f"stage-blue-iris-{REVISION}": ("stage-blue-iris-artifact",),
    }

    stages = Stages()
    asked(spec, "blue", "green", stages)
    assert stages.asked == ["green"]
    stages.reasons["green"] = "DEPLOY FAILED: it ended with exit code 1"
    with pytest.raises(
        NotServing,
        match=r"^endpoints\.iris: the stage green does not serve, so requests stay where they are: "
        "DEPLOY FAILED: it ended with exit code 1$",
    ):
        asked(spec, "blue", "green", stages)


def test_a_route_that_leads_where_it_did_asks_for_nothing(spec: resolved.Workspace) -> None:
    stages = Stages({"blue": "it is away"})
    asked(spec, "blue", "blue", stages)
    assert stages.asked == []


def test_shares_lead_to_stages_that_all_serve(spec: resolved.Workspace) -> None:
    shared = replace(spec.endpoints["iris"], traffic={"blue": 90, "green": 10})
    (rule,) = manifests.route(spec, shared)["spec"]["rules"]
    assert [(ref["name"], ref["weight"]) for ref in rule["backendRefs"]] == [
        ("stage-blue-iris", 90),
        ("stage-green-iris", 10),
    ]
    alone = replace(shared, traffic={"blue": 100, "green": 0})
    old = pulumi.ResourceHookArgs("", "", "", "", old_inputs=manifests.route(spec, alone))
    stages = Stages({"green": "no"})
    check = endpoint.only_to_what_serves(shared, stages.why_not)
    with pytest.raises(NotServing, match="the stage green does not serve"):
        asyncio.run(cast(Coroutine[Any, Any, None], check(old)))
    assert stages.asked == ["green"]


def test_protected_endpoint_may_lose_a_stage(spec: resolved.Workspace) -> None:
    made = graph(spec, {"blue": artifact(), "green": None})
    protected = {node.name for node in made.nodes.values() if node.protect}
    assert protected == {"iris", "endpoint-iris"}


def test_what_can_not_be_served_is_refused_in_a_sentence(spec: resolved.Workspace) -> None:
    bare = on(spec, serving={})
    with pytest.raises(
        pulumi.RunError, match=r"endpoints\.iris\.stages\.blue: it serves .* has no tensorflow"
    ):
        graph(bare, {"blue": artifact(), "green": None})


def test_stages_with_names_that_run_together(spec: resolved.Workspace) -> None:
    one = spec.endpoints["iris"].stages["blue"]

    def build(home: Home) -> None:
        for name, parent in (("c", "a-b"), ("b-c", "a")):
            stage = replace(one, name=name, endpoint=parent, host=f"{name}-{parent}.x")
            owner = replace(
                spec.endpoints["iris"], name=parent, default_stage=name, stages={name: stage}
            )
            args = endpoint.EndpointArgs(
                spec=owner,
                served={name: artifact()},
                why_not=Stages().why_not,
                check=Stages().check,
                not_ready=Stages().not_ready,
                **home.arguments,
            )
            endpoint.Endpoint(parent, args, pulumi.ResourceOptions(parent=home.component))

    assert len(record(within(spec, build)).all(DEPLOYMENT)) == 2


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize(
    ("served", "outputs"),
    [
        (None, {"record": "model-iris", "path": "", "revision": ""}),
        (
            artifact(),
            {
                "record": "model-iris",
                "path": "obs://objects.easymaker.localhost/m/iris",
                "revision": "0123456789",
            },
        ),
    ],
)
def test_model_is_a_record(
    spec: resolved.Workspace, served: Served | None, outputs: dict[str, Any], preview: bool
) -> None:
    def build(home: Home) -> None:
        args = model.ModelArgs(spec=spec.models["iris"], served=served, **home.arguments)
        model.Model("iris", args, pulumi.ResourceOptions(parent=home.component))

    made = record(within(spec, build), preview=preview)
    own = made.one("easymaker:model:Model")
    assert made.outputs[own.urn] == outputs
    kept = made.one("kubernetes:core/v1:ConfigMap")
    assert (kept.name, kept.parent) == ("model-iris", own.urn)
    assert kept.deleted_with == made.one(NAMESPACE).urn
    assert kept.depends_on == (made.one(NAMESPACE).urn,)
