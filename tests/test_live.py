"""Reading what the cluster has."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

import live

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
            "labels": {"easymaker.io/name": training, "easymaker.io/launcher": launcher},
            "annotations": {"easymaker.io/made-of": "{}"} if whole else {},
        },
    }


def answers(*objects: Mapping[str, object]) -> live.Live:
    def run(arguments: list[str]) -> str:
        if arguments[1] == "namespace":
            annotations = {"easymaker.io/stack": "easymaker/dev"}
            return json.dumps({"metadata": {"annotations": annotations}})
        return json.dumps({"items": list(objects)})

    return live.read("here", "iris", run)


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
    assert live.read("here", "iris", lambda _: "") == live.Live("", {}, {})


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
        live.read(context, "iris")
    assert "\n" not in str(error.value)
