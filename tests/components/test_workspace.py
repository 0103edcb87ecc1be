"""The components of workspace, experiment, notebook and pool: graph and options."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import access, experiment, notebook, pool, training, workspace
from components.manifests import experiment as experiment_manifests
from components.manifests import nas, policies, reader, retention, tokens
from components.manifests import notebook as notebook_manifests
from components.manifests import pool as pool_manifests
from components.manifests import workspace as workspace_manifests
from schemas import resolved
from tests.support.recorder import Graph, Node, record
from tests.support.workspaces import workspace as spec_of

KEY = "a key of the stack's configuration"
URL = "http://{}.lab.ml.test:8088"


@pytest.fixture
def spec(tmp_path: Path) -> resolved.Workspace:
    return spec_of(tmp_path)


def program(spec: resolved.Workspace, key: str = KEY) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        home = workspace.Workspace(
            spec.name,
            workspace.WorkspaceArgs(
                spec=spec,
                stack="easymaker/dev",
                launcher_files={"main.py": "x"},
                cleaner="x",
                kept_launchers=[],
                credentials={"s3AccessKey": "AK", "s3SecretKey": "SK"},
            ),
        )
        for name, flavors in pool_manifests.used_pools(spec).items():
            pool.GpuPool(name, pool.GpuPoolArgs(spec=spec.platform.pools[name], flavors=flavors))
        for name, item in spec.experiments.items():
            experiment.Experiment(
                name,
                experiment.ExperimentArgs(
                    workspace=spec,
                    spec=item,
                    token=access.derived_token(key, "experiment", spec.name, name),
                    depends_on=home.ready,
                    deleted_with=home.owner,
                ),
                pulumi.ResourceOptions(parent=home),
            )
        for name, one in spec.notebooks.items():
            notebook.Notebook(
                name,
                notebook.NotebookArgs(
                    workspace=spec,
                    spec=one,
                    token=access.derived_token(key, "notebook", spec.name, name),
                    depends_on=home.ready,
                    deleted_with=home.owner,
                ),
                pulumi.ResourceOptions(parent=home, protect=one.deletion_protection),
            )

    return run


def graph(spec: resolved.Workspace, preview: bool = False) -> Graph:
    return record(program(spec), preview=preview)


def object_of(made: Graph, kind: str, name: str) -> Node:
    (found,) = [
        node
        for node in made.nodes.values()
        if node.type.endswith(f":{kind}") and node.inputs["metadata"]["name"] == name
    ]
    return found


def below(made: Graph, component: str, name: str) -> dict[str, Node]:
    (parent,) = [n for n in made.all(component) if n.name == name]
    nodes = [node for node in made.nodes.values() if node.parent == parent.urn]
    return {node.type.rpartition(":")[2]: node for node in nodes}


def outputs(made: Graph, component: str, name: str) -> dict[str, Any]:
    (node,) = [node for node in made.all(component) if node.name == name]
    return made.outputs[node.urn]


def test_workspace_registers_what_its_builders_make(spec: resolved.Workspace) -> None:
    made = graph(spec)
    (home,) = made.all("easymaker:workspace:Workspace")
    inside = [node for node in made.nodes.values() if node.parent == home.urn]
    objects = [node.inputs for node in inside if node.type.startswith("kubernetes:")]
    expected = [
        workspace_manifests.namespace(spec, "easymaker/dev"),
        workspace_manifests.owner(spec, "easymaker/dev"),
        workspace_manifests.limit_range(spec),
        workspace_manifests.quota(spec),
        workspace_manifests.viewer(spec),
        reader.stateful_set(spec),
        workspace_manifests.opener(spec),
        *retention.objects(spec, "x"),
        *policies.policies(spec),
        *nas.volumes(spec),
    ]
    for manifest in expected:
        assert manifest in objects
    rest = [item for item in objects if item not in expected]
    assert sorted(item["metadata"]["name"].partition("-")[0] for item in rest) == [
        "launcher",
        "platform",
    ]
    assert made.outputs[home.urn] == {
        "namespace": "lab",
        "launcher": object_of(made, "ConfigMap", rest_name(rest)).inputs["metadata"]["name"],
        "viewer": "viewer",
    }


def rest_name(rest: list[dict[str, Any]]) -> str:
    (name,) = [
        item["metadata"]["name"]
        for item in rest
        if item["metadata"]["name"].startswith("launcher-")
    ]
    return str(name)


def test_volumes_of_nas_end_after_the_namespace_and_not_with_it(spec: resolved.Workspace) -> None:
    made = graph(spec)
    namespace = made.one("kubernetes:core/v1:Namespace")
    volume = made.one("kubernetes:core/v1:PersistentVolume")
    claim = object_of(made, "PersistentVolumeClaim", "nas-shared")
    assert volume.deleted_with == ""
    assert volume.depends_on == ()
    assert volume.urn in namespace.depends_on
    assert claim.deleted_with == namespace.urn
    assert namespace.urn in claim.depends_on


def test_foreign_namespace_is_left_alone(spec: resolved.Workspace) -> None:
    foreign = replace(spec, platform=replace(spec.platform, create_namespace=False))
    made = graph(foreign)
    assert made.all("kubernetes:core/v1:Namespace") == []
    assert {node.deleted_with for node in made.nodes.values()} == {""}
    volume = made.one("kubernetes:core/v1:PersistentVolume")
    claim = object_of(made, "PersistentVolumeClaim", "nas-shared")
    assert volume.urn in claim.depends_on
    owner = object_of(made, "ConfigMap", "workspace")
    assert owner.inputs["metadata"]["annotations"]["easymaker.io/stack"] == "easymaker/dev"


def test_all_of_the_workspace_is_there_before_what_runs_in_it(spec: resolved.Workspace) -> None:
    made = graph(spec)
    owner = object_of(made, "ConfigMap", "workspace")
    (home,) = made.all("easymaker:workspace:Workspace")
    parts = {
        node.urn
        for node in made.nodes.values()
        if node.parent == home.urn and node.type.startswith("kubernetes:")
    }
    volumes = {node.urn for node in made.all("kubernetes:core/v1:PersistentVolume")}
    assert parts - {owner.urn} - volumes <= set(owner.depends_on)
    for node in [
        *made.all("kubernetes:apps/v1:Deployment"),
        *made.all("kubernetes:apps/v1:StatefulSet"),
    ]:
        if node.urn in parts:
            continue
        assert owner.urn in node.depends_on


def test_experiment(spec: resolved.Workspace) -> None:
    made = graph(spec)
    nodes = below(made, "easymaker:experiment:Experiment", "iris")
    item = spec.experiments["iris"]
    fingerprint = tokens.fingerprint(tokens.token(KEY, "experiment", "lab", "iris"))
    inputs = {kind: node.inputs for kind, node in nodes.items()}
    assert inputs == {
        "Secret": {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": experiment_manifests.token_metadata(spec, item),
            "stringData": inputs["Secret"]["stringData"],
        },
        "Deployment": experiment_manifests.deployment(spec, item, fingerprint),
        "Service": experiment_manifests.service(spec, item),
        "HTTPRoute": experiment_manifests.route(spec, item),
    }
    namespace = made.one("kubernetes:core/v1:Namespace").urn
    assert {node.deleted_with for node in nodes.values()} == {namespace}
    assert nodes["Secret"].urn in nodes["Deployment"].depends_on
    assert outputs(made, "easymaker:experiment:Experiment", "iris") == {
        "deployment": "experiment-iris",
        "token_secret": "experiment-iris",
        "url": URL.format("tensorboard-iris"),
    }


def test_notebook(spec: resolved.Workspace) -> None:
    made = graph(spec)
    nodes = below(made, "easymaker:notebook:Notebook", "explore")
    item = spec.notebooks["explore"]
    fingerprint = tokens.fingerprint(tokens.token(KEY, "notebook", "lab", "explore"))
    inputs = {kind: node.inputs for kind, node in nodes.items()}
    assert inputs == {
        "Secret": {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": notebook_manifests.token_metadata(spec, item),
            "stringData": inputs["Secret"]["stringData"],
        },
        "PersistentVolumeClaim": notebook_manifests.claim(spec, item),
        "StatefulSet": notebook_manifests.stateful_set(spec, item, fingerprint),
        "Service": notebook_manifests.service(spec, item),
        "HTTPRoute": notebook_manifests.route(spec, item),
    }
    before = set(nodes["StatefulSet"].depends_on)
    assert {nodes["Secret"].urn, nodes["PersistentVolumeClaim"].urn} <= before
    assert outputs(made, "easymaker:notebook:Notebook", "explore") == {
        "stateful_set": "notebook-explore",
        "claim": "notebook-explore-data",
        "token_secret": "notebook-explore",
        "url": URL.format("notebook-explore"),
    }


@pytest.mark.parametrize(("kind", "name"), [("notebook", "explore"), ("experiment", "iris")])
def test_token_is_secret_and_in_its_secret_alone(
    spec: resolved.Workspace, kind: str, name: str
) -> None:
    made = graph(spec)
    secret = object_of(made, "Secret", f"{kind}-{name}")
    data = secret.inputs["stringData"]
    assert data in ("<secret>", {"token": "<secret>"})
    token = tokens.token(KEY, kind, "lab", name)
    seen = json.dumps([node.inputs for node in made.nodes.values()]) + json.dumps(made.outputs)
    assert token not in seen
    assert KEY not in seen


def test_key_that_could_be_guessed_is_refused(spec: resolved.Workspace) -> None:
    with pytest.raises(pulumi.RunError, match=r"tokenKey.* fewer than 16 characters: draw one"):
        record(program(spec, "abcdefghijklmno"))
    assert record(program(spec, "abcdefghijklmnop")).nodes


def test_protected_notebook_protects_its_volume(spec: resolved.Workspace) -> None:
    made = graph(spec)
    assert below(made, "easymaker:notebook:Notebook", "train")["PersistentVolumeClaim"].protect
    assert not below(made, "easymaker:notebook:Notebook", "explore")[
        "PersistentVolumeClaim"
    ].protect


def test_pool_creates_nothing(spec: resolved.Workspace) -> None:
    made = graph(spec)
    assert below(made, "easymaker:pool:GpuPool", "gpus") == {}
    assert outputs(made, "easymaker:pool:GpuPool", "gpus") == {
        "node_selector": {"easymaker.io/pool": "gpus"},
        "flavors": ["gpu"],
    }


def test_instances_of_a_training_are_let_to_each_other(spec: resolved.Workspace) -> None:
    def policies_of(item: resolved.Training) -> list[dict[str, Any]]:
        async def run() -> None:
            args = training.TrainingArgs(workspace=spec, spec=item, launcher="launcher-x", jobs={})
            training.Training(item.name, args)

        made = record(run).all("kubernetes:networking.k8s.io/v1:NetworkPolicy")
        return [node.inputs for node in made]

    pair = spec.trainings["fit"]
    assert policies_of(pair) == [policies.training_peers("lab", "fit")]
    assert policies_of(replace(pair, instances=1)) == []


def test_preview_names_what_up_registers(spec: resolved.Workspace) -> None:
    assert graph(spec, preview=True).nodes == graph(spec).nodes
