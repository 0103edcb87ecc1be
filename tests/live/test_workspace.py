"""Reading what the cluster has."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import live
from components.manifests import Manifest
from components.manifests.standing import Standing
from live import Context
from schemas import load, resolved
from schemas.changes import compare
from schemas.document import workspace_document
from schemas.text import to_json

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts: [{name: nowhere, context: {cluster: c, user: u}}]
"""


def job(name: str, training: str, launcher: str, whole: bool = True) -> dict[str, object]:
    return {
        "kind": "Job",
        "metadata": {
            "name": name,
            "labels": {
                "easymaker.io/kind": "training",
                "easymaker.io/name": training,
                "easymaker.io/launcher": launcher,
            },
            "annotations": {"easymaker.io/made-of": "{}"} if whole else {},
        },
    }


def answers(*objects: Mapping[str, object]) -> live.Live:
    def run(arguments: list[str]) -> str:
        if arguments[1] == "namespace":
            annotations = {"easymaker.io/stack": "easymaker/dev"}
            return json.dumps({"metadata": {"annotations": annotations}})
        return json.dumps({"items": list(objects)})

    return live.read(Context("here"), "iris", run=run)


def test_jobs_and_the_launchers_that_they_mount() -> None:
    there = answers(
        job("a-1", "a", "launcher-1"),
        job("a-2", "a", "launcher-2"),
        job("b-1", "b", "launcher-3"),
        job("c-1", "c", "launcher-gone"),
        *({"kind": "ConfigMap", "metadata": {"name": f"launcher-{n}"}} for n in (1, 2, 3, 4)),
    )
    assert there.stack == "easymaker/dev"
    assert sorted(there.jobs_of("a")) == ["a-1", "a-2"]
    mounted = [item["metadata"]["name"] for item in there.launchers_of(["a", "c"])]
    assert mounted == ["launcher-1", "launcher-2"]


def test_a_job_that_lost_its_annotation_is_not_ours() -> None:
    assert answers(job("a-1", "a", "launcher-1", whole=False)).jobs == {}


def test_missing_namespace_is_nothing() -> None:
    assert live.read(Context("here"), "iris", run=lambda _: "") == live.Live()


@pytest.mark.parametrize(
    ("context", "sentence"),
    [("nowhere", "refused"), ("missing", "context .*missing|specified context: missing")],
)
def test_unreachable_cluster_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, context: str, sentence: str
) -> None:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    with pytest.raises(live.LiveError, match=sentence) as error:
        live.read(Context(context), "iris")
    assert "\n" not in str(error.value)


def test_cluster_that_says_nothing_is_given_up_in_time(tmp_path: Path) -> None:
    """A private API server, seen from outside: packets go nowhere."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        file = tmp_path / "kubeconfig"
        file.write_text(KUBECONFIG.replace(":1", f":{port}"))
        with pytest.raises(live.LiveError) as error:
            live.kubectl_says(Context("nowhere", file), ["get", "nodes"], seconds=1)
    assert str(error.value) == "the cluster can't be read: no answer in 1 seconds"


# --- what was applied before --------------------------------------------------------------------


def owner(kind: str, object_kind: str, name: str, spec: object, **more: str) -> Manifest:
    labels = {"easymaker.io/kind": kind, "easymaker.io/name": name}
    if "endpoint" in more:
        labels["easymaker.io/endpoint"] = more["endpoint"]
    return {
        "kind": object_kind,
        "metadata": {
            "name": more.get("called", f"{kind}-{name}"),
            "labels": labels,
            "annotations": {"easymaker.io/spec": to_json(spec)},
            "creationTimestamp": more.get("created", "2026-01-01T00:00:00Z"),
        },
    }


def owners(document: Mapping[str, Any]) -> list[Manifest]:
    """The owner objects of everything in a spec's document."""
    found = [owner("workspace", "ConfigMap", document["workspace"], document["platform"])]
    for section, kind, object_kind in (
        ("experiments", "experiment", "Deployment"),
        ("models", "model", "ConfigMap"),
        ("notebooks", "notebook", "StatefulSet"),
    ):
        found += [owner(kind, object_kind, n, item) for n, item in document[section].items()]
    for name, endpoint in document["endpoints"].items():
        alone = {key: value for key, value in endpoint.items() if key != "stages"}
        found.append(owner("endpoint", "HTTPRoute", name, alone))
        for stage, item in endpoint["stages"].items():
            called = f"stage-{stage}-{name}"
            found.append(owner("stage", "HTTPRoute", stage, item, endpoint=name, called=called))
    for name, training in document["trainings"].items():
        item = owner("training", "Job", name, training)
        item["metadata"]["labels"]["easymaker.io/launcher"] = "launcher-1"
        item["metadata"]["annotations"]["easymaker.io/made-of"] = "{}"
        found.append(item)
    return found


@pytest.fixture(name="workspace")
def _workspace() -> resolved.Workspace:
    return load(Path(__file__).parents[2] / "examples" / "spec" / "full.yaml")


def test_owners_tell_the_spec_that_was_applied(workspace: resolved.Workspace) -> None:
    document = workspace_document(workspace)
    applied = answers(*owners(document)).applied(workspace)
    assert applied is not None
    assert compare(applied, document) == []
    assert set(document) - {"api_version", "kind"} == set(applied)


def test_nothing_was_applied_where_nothing_is(workspace: resolved.Workspace) -> None:
    assert live.Live().applied(workspace) is None
    assert answers(job("a-1", "a", "launcher-1")).applied(workspace) is None


def test_half_of_an_apply_counts_as_far_as_it_went(workspace: resolved.Workspace) -> None:
    document = workspace_document(workspace)
    notebooks = [o for o in owners(document) if o["kind"] == "StatefulSet"]
    applied = answers(*notebooks).applied(workspace)
    assert applied is not None
    assert applied["platform"] == document["platform"]
    assert applied["notebooks"] == document["notebooks"]
    assert applied["trainings"] == {}


def test_volume_alone_stands_for_its_notebook(workspace: resolved.Workspace) -> None:
    document = workspace_document(workspace)
    name, item = next(iter(document["notebooks"].items()))  # type: ignore[attr-defined]
    older = owner("notebook", "StatefulSet", name, {"description": "counts"})
    claim = owner("notebook", "PersistentVolumeClaim", name, item, created="2026-02-01T00:00:00Z")
    for objects, expected in (([claim], item), ([claim, older], {"description": "counts"})):
        applied = answers(*objects).applied(workspace)
        assert applied is not None
        assert applied["notebooks"] == {name: expected}


def test_newest_owner_of_a_training_counts(workspace: resolved.Workspace) -> None:
    objects = owners(workspace_document(workspace))
    (first, *_) = [o for o in objects if o["kind"] == "Job"]
    name = first["metadata"]["labels"]["easymaker.io/name"]
    older = json.loads(json.dumps(first))
    older["metadata"] |= {"name": "older", "creationTimestamp": "2025-01-01T00:00:00Z"}
    older["metadata"]["annotations"]["easymaker.io/spec"] = '{"description": "older"}'
    for order in ([older, *objects], [*objects, older]):
        applied = answers(*order).applied(workspace)
        assert applied is not None
        assert applied["trainings"][name] != {"description": "older"}  # type: ignore[index]


# --- stages -------------------------------------------------------------------------------------


def of_stage(kind: str, name: str, endpoint: str, **annotations: str) -> Manifest:
    labels = {
        "app.kubernetes.io/managed-by": "pulumi",
        "easymaker.io/kind": "stage",
        "easymaker.io/name": "blue",
        "easymaker.io/endpoint": endpoint,
    }
    return {"kind": kind, "metadata": {"name": name, "labels": labels, "annotations": annotations}}


def test_what_there_is_of_a_stage_is_no_other_stages(workspace: resolved.Workspace) -> None:
    blue = workspace.endpoints["iris"].stages["blue"]
    service = of_stage("Service", "stage-blue-iris", "iris")
    own = [of_stage("Deployment", f"stage-blue-iris-{n}", "iris") for n in ("a", "b")]
    other = of_stage("Deployment", "stage-blue-others-a", "others")
    there = answers(service, *own, other, {"kind": "Service", "metadata": {"name": "x"}})
    found = there.standing(blue)
    assert (found.service, list(found.deployments)) == (service, own)
    assert answers().standing(blue) == Standing()


def test_route_says_what_a_stage_was_to_serve(workspace: resolved.Workspace) -> None:
    blue = workspace.endpoints["iris"].stages["blue"]
    silent = of_stage("HTTPRoute", "stage-blue-iris", "iris")
    route = of_stage("HTTPRoute", "stage-blue-iris", "iris", **{"easymaker.io/served": "{}"})
    former = of_stage("Deployment", "stage-blue-iris", "iris")
    assert answers(route, former).settled_by(blue) == route
    assert answers(silent, former).settled_by(blue) == former
    assert answers(silent).settled_by(blue) is None
