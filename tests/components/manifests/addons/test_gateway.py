"""The gateway of a cluster, whole, and held to the local cluster's."""

from pathlib import Path
from typing import Any

import yaml

from components.manifests.addons import gateway
from schemas.resolved_cluster import AddonGateway

GATEWAY = AddonGateway(
    namespace="edge", name="main", listener="web", replicas=2, node_port=30080, definitions=True
)
LOCAL = Path(__file__).parents[4] / "tools" / "cluster" / "addons" / "gateway.yaml"
LABELS = {
    "app.kubernetes.io/managed-by": "pulumi",
    "easymaker.io/kind": "addon",
    "easymaker.io/name": "gateway",
}
SELECTOR = {"app.kubernetes.io/name": "traefik"}


def objects(spec: AddonGateway = GATEWAY) -> dict[str, Any]:
    made = gateway.objects(spec, "example.test/traefik:3", "easymaker/addons")
    found = {item["kind"]: item for item in made}
    assert len(found) == len(made)
    return found


def local() -> dict[str, Any]:
    return {item["kind"]: item for item in yaml.safe_load_all(LOCAL.read_text())}


def named(name: str, namespace: str = "edge") -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "labels": LABELS}
    return {**found, "namespace": namespace} if namespace else found


def test_what_routes_attach_to() -> None:
    found = objects()
    api = "gateway.networking.k8s.io/v1"
    assert found["GatewayClass"] == {
        "apiVersion": api,
        "kind": "GatewayClass",
        "metadata": {"name": "main", "labels": {**LABELS, "easymaker.io/gateway": "edge"}},
        "spec": {"controllerName": "traefik.io/gateway-controller"},
    }
    assert found["Gateway"] == {
        "apiVersion": api,
        "kind": "Gateway",
        "metadata": named("main"),
        "spec": {
            "gatewayClassName": "main",
            "listeners": [
                {
                    "name": "web",
                    "protocol": "HTTP",
                    "port": 8000,
                    "allowedRoutes": {"namespaces": {"from": "All"}},
                }
            ],
        },
    }


def test_where_the_load_balancer_calls() -> None:
    assert objects()["Service"] == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": named("gateway"),
        "spec": {
            "type": "NodePort",
            "selector": SELECTOR,
            "ports": [
                {
                    "name": "web",
                    "protocol": "TCP",
                    "port": 80,
                    "targetPort": "web",
                    "nodePort": 30080,
                }
            ],
        },
    }


def test_its_pods() -> None:
    deployment = objects()["Deployment"]
    assert deployment == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": named("traefik"),
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": SELECTOR},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": {**LABELS, **SELECTOR}},
                "spec": {
                    "serviceAccountName": "traefik",
                    "enableServiceLinks": False,
                    "priorityClassName": "system-cluster-critical",
                    "topologySpreadConstraints": [
                        {
                            "maxSkew": 1,
                            "topologyKey": key,
                            "whenUnsatisfiable": "ScheduleAnyway",
                            "labelSelector": {"matchLabels": SELECTOR},
                        }
                        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
                    ],
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 65532,
                        "runAsGroup": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [
                        {
                            "name": "traefik",
                            "image": "example.test/traefik:3",
                            "imagePullPolicy": "IfNotPresent",
                            "args": [
                                "--entrypoints.web.address=:8000",
                                "--entrypoints.web.transport.respondingtimeouts.readtimeout=0",
                                "--entrypoints.web.transport.lifecycle.requestacceptgracetimeout=15s",
                                "--entrypoints.health.address=:8082",
                                "--ping=true",
                                "--ping.entrypoint=health",
                                "--providers.kubernetesgateway=true",
                                "--providers.kubernetesgateway.labelselector=easymaker.io/gateway=edge",
                                "--providers.kubernetesgateway.statusaddress.service.namespace=edge",
                                "--providers.kubernetesgateway.statusaddress.service.name=gateway",
                                "--global.checknewversion=false",
                                "--global.sendanonymoususage=false",
                            ],
                            "ports": [{"name": "web", "containerPort": 8000, "protocol": "TCP"}],
                            "readinessProbe": {
                                "httpGet": {"path": "/ping", "port": 8082},
                                "periodSeconds": 1,
                            },
                            "livenessProbe": {
                                "httpGet": {"path": "/ping", "port": 8082},
                                "periodSeconds": 10,
                            },
                            "resources": {
                                "requests": {"cpu": "50m", "memory": "64Mi"},
                                "limits": {"memory": "512Mi"},
                            },
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "capabilities": {"drop": ["ALL"]},
                                "readOnlyRootFilesystem": True,
                            },
                        }
                    ],
                },
            },
        },
    }


def test_one_pod_has_no_budget() -> None:
    """It could not be moved."""
    assert "PodDisruptionBudget" in objects()
    alone = AddonGateway("edge", "main", "web", 1, 30080, True)
    assert "PodDisruptionBudget" not in objects(alone)


def test_its_namespace_is_restricted_and_names_its_stack() -> None:
    assert objects()["Namespace"]["metadata"] == {
        "name": "edge",
        "labels": {**LABELS, "pod-security.kubernetes.io/enforce": "restricted"},
        "annotations": {"easymaker.io/stack": "easymaker/addons"},
    }


def test_it_is_what_the_local_cluster_has() -> None:
    """Traefik with the same rights, in the same way; the ports and their names are each one's."""
    ours, theirs = objects(), local()
    rules = [
        {key: sorted(value) for key, value in rule.items()}
        for rule in theirs["ClusterRole"]["rules"]
    ]
    assert rules == [
        {key: sorted(value) for key, value in rule.items()} for rule in ours["ClusterRole"]["rules"]
    ]
    assert ours["GatewayClass"]["spec"] == theirs["GatewayClass"]["spec"]
    assert ours["Deployment"]["spec"]["selector"] == theirs["Deployment"]["spec"]["selector"]
    (mine,), (other,) = (
        item["Deployment"]["spec"]["template"]["spec"]["containers"] for item in (ours, theirs)
    )

    def options(container: dict[str, Any]) -> set[str]:
        return {argument.partition("=")[0] for argument in container["args"]}

    assert options(mine) - options(other) == {
        # It has no load balancer before it that would have to be told.
        "--entrypoints.web.transport.lifecycle.requestacceptgracetimeout"
    }
    assert options(other) <= options(mine)
    assert mine["resources"] == other["resources"]
