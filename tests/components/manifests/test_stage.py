"""Manifests of an endpoint, its stages and their models, whole."""

import json
from dataclasses import replace
from typing import Any

import pytest

from components.manifests import endpoint, model, stage
from components.manifests.served import annotation
from schemas import resolved
from tests.support.stages import artifact, full, made, on, pod

LABELS = {
    "app.kubernetes.io/managed-by": "pulumi",
    "easymaker.io/kind": "stage",
    "easymaker.io/name": "blue",
    "easymaker.io/endpoint": "iris",
}


@pytest.fixture(scope="module")
def spec() -> resolved.Workspace:
    return full()


def test_nobody_waits_for_a_gpu(spec: resolved.Workspace) -> None:
    found = made(spec, of="green")
    assert found["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"
    assert pod(found)["nodeSelector"] == {"example.com/pool": "a100"}
    taint = {"operator": "Equal", "value": "present", "effect": "NoSchedule"}
    assert pod(found)["tolerations"] == [{"key": "nvidia.com/gpu", **taint}]
    (*_, server_) = pod(found)["initContainers"]
    assert server_["resources"]["limits"] == {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}


def test_pulumi_waits_for_no_pods(spec: resolved.Workspace) -> None:
    found = made(spec, instances=10)
    assert found["spec"]["replicas"] == 10
    assert found["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_what_is_only_said_about_a_stage_touches_no_pod(spec: resolved.Workspace) -> None:
    parent = spec.endpoints["iris"]
    other = replace(parent, description="x", tags={"a": "b"}, deletion_protection=False)
    one = parent.stages["blue"]
    for item in (artifact(), None):
        before = stage.manifests(spec, parent, one, item)
        after = stage.manifests(spec, other, replace(one, description="x"), item)
        differ = [new["kind"] for old, new in zip(before, after, strict=True) if old != new]
        assert differ == ["HTTPRoute"]


def test_stage_without_a_model_is_a_host_alone(spec: resolved.Workspace) -> None:
    parent = spec.endpoints["iris"]
    one = parent.stages["blue"]
    metadata = {"name": "stage-blue-iris", "namespace": "vision", "labels": LABELS}
    document = {
        "description": "what users call",
        "flavor": "m2.c1m2",
        "instances": 2,
        "max_request_size": 10,
        "model": "iris",
        "request_timeout": "1m",
        "resource_path": "/inference",
    }
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {**metadata, "annotations": {"easymaker.io/spec": json.dumps(document)}},
        "spec": {
            "parentRefs": [
                {
                    "group": "gateway.networking.k8s.io",
                    "kind": "Gateway",
                    "namespace": "gateway-system",
                    "name": "easymaker",
                    "sectionName": "web",
                }
            ],
            "hostnames": ["blue-iris.vision.ml.example.com"],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                    "backendRefs": [
                        {
                            "group": "",
                            "kind": "Service",
                            "name": "stage-blue-iris",
                            "port": 80,
                            "weight": 1,
                        }
                    ],
                }
            ],
        },
    }
    assert stage.manifests(spec, parent, one, None) == [
        route,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**metadata, "annotations": {"pulumi.com/skipAwait": "true"}},
            "spec": {
                "selector": LABELS,
                "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
            },
        },
    ]
    settled = stage.route(spec, one, artifact())
    annotations = {**route["metadata"]["annotations"], **annotation(artifact())}  # type: ignore[index]
    assert settled == {**route, "metadata": {**metadata, "annotations": annotations}}
    assert endpoint.route(spec, parent) == {
        **route,
        "metadata": {
            "name": "endpoint-iris",
            "namespace": "vision",
            "labels": {
                "app.kubernetes.io/managed-by": "pulumi",
                "easymaker.io/kind": "endpoint",
                "easymaker.io/name": "iris",
            },
            "annotations": {
                "easymaker.io/spec": json.dumps(
                    {
                        "access": {
                            "api_keys": {"secret": "iris-callers"},
                            "jwt": {
                                "audience": "iris",
                                "issuer": "https://login.example.com",
                                "jwks": {"config_map": "login-keys", "key": "jwks.json"},
                            },
                        },
                        "default_stage": "blue",
                        "deletion_protection": True,
                        "description": "classifies flowers",
                        "log_management": True,
                        "tags": {"team": "vision"},
                        "traffic": {},
                    }
                ),
                "easymaker.io/tags": '{"team": "vision"}',
            },
        },
        "spec": {**route["spec"], "hostnames": ["iris.vision.ml.example.com"]},  # type: ignore[dict-item]
    }


def test_budget_from_two_instances(spec: resolved.Workspace) -> None:
    parent = spec.endpoints["iris"]
    kinds = {
        count: [
            item["kind"]
            for item in stage.manifests(
                spec, parent, replace(parent.stages["blue"], instances=count), artifact()
            )
        ]
        for count in (1, 2)
    }
    assert kinds[1] == ["Deployment", "HTTPRoute", "Service"]
    assert kinds[2] == [*kinds[1], "PodDisruptionBudget"]
    pods = stage.behind(parent.stages["blue"], artifact())
    assert stage.disruption_budget(spec, parent.stages["blue"], pods) == {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "stage-blue-iris", "namespace": "vision", "labels": LABELS},
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": {**LABELS, "easymaker.io/serves": "0123456789"}},
        },
    }


def test_requests_lead_to_the_pods_of_one_version(spec: resolved.Workspace) -> None:
    one = spec.endpoints["iris"].stages["blue"]
    for item in (artifact(), artifact(revision="9876543210"), artifact(revision="")):
        pods = made(spec, item)
        selector = stage.service(spec, one, stage.behind(one, item))["spec"]["selector"]
        assert selector == {**LABELS, "easymaker.io/serves": item.version}
        assert selector == pods["spec"]["selector"]["matchLabels"]
        assert selector.items() <= pods["spec"]["template"]["metadata"]["labels"].items()
        assert pods["metadata"]["name"] == f"stage-blue-iris-{item.version}"
    chosen = artifact(completed="2026-02-02T00:00:00Z", seen="2026-02-02T00:00:00Z")
    assert made(spec, chosen) == made(spec)


def test_record_says_where_a_model_comes_from(spec: resolved.Workspace) -> None:
    item = spec.models["iris"]
    document = {
        "description": "",
        "framework": "tensorflow",
        "framework_version": "2.21",
        "model_name": "iris",
        "tags": {"a": "b"},
        "training": "iris-keras",
    }
    waiting = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "model-iris",
            "namespace": "vision",
            "labels": {
                "app.kubernetes.io/managed-by": "pulumi",
                "easymaker.io/kind": "model",
                "easymaker.io/name": "iris",
            },
            "annotations": {
                "easymaker.io/spec": json.dumps(document),
                "easymaker.io/tags": '{"a": "b"}',
            },
        },
        "data": {
            "framework": "tensorflow",
            "framework_version": "2.21",
            "model_name": "iris",
            "path": "",
            "training": "iris-keras",
            "revision": "",
        },
    }
    assert model.record(spec, item, None) == waiting
    assert model.record(spec, item, artifact(training="before")) == waiting
    known = model.record(spec, item, artifact())
    assert known["data"] == waiting["data"] | {  # type: ignore[operator]
        "path": "obs://objects.easymaker.localhost/m/iris",
        "revision": "0123456789",
    }
    assert annotation(artifact()).items() <= known["metadata"]["annotations"].items()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"serving": {}}, "(tensorflow), and platform.serving has no tensorflow"),
        ({"object_storage": {}}, "platform.object_storage has no 'objects.easymaker.localhost'"),
        ({"nas": {}}, ""),
        ({}, ""),
    ],
)
def test_what_the_platform_no_longer_has_is_named(
    spec: resolved.Workspace, changes: dict[str, Any], reason: str
) -> None:
    found = stage.unservable(on(spec, **changes).platform, artifact())
    assert found.endswith(reason)
    assert bool(found) == bool(reason)


def test_autoscaler_settles_the_number_within_its_range(spec: resolved.Workspace) -> None:
    parent = spec.endpoints["iris"]
    scaled = resolved.Autoscaling(2, 5, cpu=70, memory=None)
    one = replace(parent.stages["blue"], instances=2, autoscaling=scaled)
    found = {item["kind"]: item for item in stage.manifests(spec, parent, one, artifact())}
    assert found["Deployment"]["spec"]["replicas"] == 2
    assert "PodDisruptionBudget" in found
    assert found["HorizontalPodAutoscaler"] == {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            key: found["Service"]["metadata"][key] for key in ("name", "namespace", "labels")
        },
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": "stage-blue-iris-0123456789",
            },
            "minReplicas": 2,
            "maxReplicas": 5,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 70},
                    },
                }
            ],
        },
    }
