"""Manifests of a notebook, whole."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.manifests import notebook, tokens, training
from schemas import resolved
from tests.support.workspaces import workspace as spec_of

GOLDEN = Path(__file__).parents[2] / "golden" / "notebook.json"
PACKAGES = """
  packages:
    python_index: https://pypi.test/$(HOME)/simple
    ca_bundle: {config_map: trust, key: all.pem}
  quotas"""


@pytest.fixture
def spec(tmp_path: Path) -> resolved.Workspace:
    return spec_of(tmp_path)


def pod(spec: resolved.Workspace, name: str = "explore") -> Any:
    made = notebook.stateful_set(spec, spec.notebooks[name], "print")
    return made["spec"]["template"]["spec"]


def test_whole_notebook(spec: resolved.Workspace) -> None:
    item = spec.notebooks["explore"]
    made = [
        notebook.stateful_set(spec, item, "print"),
        notebook.claim(spec, item),
        notebook.service(spec, item),
        notebook.route(spec, item),
        notebook.token_metadata(spec, item),
    ]
    assert made == json.loads(GOLDEN.read_text())


def test_stopped_on_a_gpu(spec: resolved.Workspace) -> None:
    made = notebook.stateful_set(spec, spec.notebooks["train"], "print")
    assert made["spec"]["replicas"] == 0
    inside = made["spec"]["template"]["spec"]
    assert inside["nodeSelector"] == {"easymaker.io/pool": "gpus"}
    assert inside["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}
    ]
    (container,) = inside["containers"]
    assert container["resources"]["limits"] == {"cpu": "2", "memory": "8Gi", "nvidia.com/gpu": "1"}
    (shared,) = [v for v in inside["volumes"] if v["name"] == "shm"]
    assert shared["emptyDir"] == {"medium": "Memory", "sizeLimit": "4Gi"}


@pytest.mark.parametrize(
    "changes",
    [{"display_name": "Other"}, {"description": "other"}, {"tags": {"a": "b"}}],
)
def test_what_people_read_touches_no_pod(
    spec: resolved.Workspace, changes: dict[str, object]
) -> None:
    item = spec.notebooks["explore"]
    before = notebook.stateful_set(spec, item, "print")
    after = notebook.stateful_set(spec, replace(item, **changes), "print")  # type: ignore[arg-type]
    assert before["spec"] == after["spec"]
    assert before["metadata"]["annotations"] != after["metadata"]["annotations"]


def test_stopping_changes_the_count_alone(spec: resolved.Workspace) -> None:
    item = spec.notebooks["explore"]
    running = notebook.stateful_set(spec, item, "print")["spec"]
    stopped = notebook.stateful_set(spec, replace(item, state="stopped"), "print")["spec"]
    assert stopped == {**running, "replicas": 0}


def test_another_token_restarts_the_pod(spec: resolved.Workspace) -> None:
    item = spec.notebooks["explore"]
    before, after = (notebook.stateful_set(spec, item, text)["spec"] for text in ("a", "b"))
    assert before["template"] != after["template"]


def test_named_class_is_that_of_both_volumes(tmp_path: Path) -> None:
    classes = "\n  storage_classes: {block: fast}\n  quotas"
    spec = spec_of(tmp_path, ("\n  quotas", classes))
    claim = notebook.claim(spec, spec.notebooks["explore"])["spec"]
    boot = pod(spec)["volumes"][0]["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert claim["storageClassName"] == boot["storageClassName"] == "fast"


def test_restricted_platform_runs_as_a_user(spec: resolved.Workspace) -> None:
    platform = replace(spec.platform, security="restricted")
    assert pod(replace(spec, platform=platform))["securityContext"] == {
        "seccompProfile": {"type": "RuntimeDefault"},
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "fsGroup": 1000,
        "fsGroupChangePolicy": "OnRootMismatch",
    }


def test_packages_come_from_where_the_platform_says(tmp_path: Path) -> None:
    inside = pod(spec_of(tmp_path, ("\n  quotas", PACKAGES)))
    (container,) = inside["containers"]
    assert container["env"][2:] == [
        {"name": "PIP_INDEX_URL", "value": "https://pypi.test/$$(HOME)/simple"},
        {"name": "SSL_CERT_FILE", "value": "/opt/easymaker/ca/all.pem"},
    ]
    assert container["volumeMounts"][-1] == {
        "name": "ca",
        "mountPath": "/opt/easymaker/ca",
        "readOnly": True,
    }
    assert inside["volumes"][-1] == {"name": "ca", "configMap": {"name": "trust"}}


def test_trainings_get_packages_from_there_too(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, ("\n  quotas", PACKAGES))
    job = training.training_job(spec, spec.trainings["fit"], "launcher-x")
    inside = job["spec"]["template"]["spec"]
    (container,) = inside["containers"]
    expected = pod(spec)
    assert container["env"][-2:] == expected["containers"][0]["env"][-2:]
    assert container["volumeMounts"][-1] == expected["containers"][0]["volumeMounts"][-1]
    assert inside["volumes"][-1] == expected["volumes"][-1]


def test_token_is_of_the_key_the_workspace_and_the_resource() -> None:
    assert tokens.token("key", "notebook", "lab", "explore") == (
        "a86e8c16917f7fe1e7c37e65f444bb440af0e79b46f249f9a99fbc26a3ef1ad3"
    )
    others = {
        tokens.token("key2", "notebook", "lab", "explore"),
        tokens.token("key", "notebook", "lab2", "explore"),
        tokens.token("key", "notebook", "lab", "train"),
        tokens.token("key", "experiment", "lab", "explore"),
    }
    assert len(others | {tokens.token("key", "notebook", "lab", "explore")}) == 5
