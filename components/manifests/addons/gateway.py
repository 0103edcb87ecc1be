"""The Gateway that routes of every workspace attach to, served by Traefik.

The local cluster has the same in `tools/cluster/addons/gateway.yaml`; a test holds them together.
"""

from components.manifests import Manifest
from components.manifests.addons import common
from components.manifests.metadata import labels
from components.manifests.pods import CONTAINER_SECURITY
from schemas import resolved_cluster as resolved

ADDON = "gateway"
NAME = "traefik"
POD_SELECTOR = {"app.kubernetes.io/name": NAME}
"""What `platform.gateway.pod_selector` of a workspace says."""
CONTROLLER = "traefik.io/gateway-controller"
PORT = 8000
"""Where its pods listen: a port below 1024 would take a capability."""
_HEALTH = 8082
_API = "gateway.networking.k8s.io"
_USER = 65532
CLASS_LABEL = "easymaker.io/gateway"


def objects(gateway: resolved.AddonGateway, image: str, stack: str) -> list[Manifest]:
    """Its namespace first, the Service that the load balancer calls last."""
    place = gateway.namespace
    mine = {CLASS_LABEL: place}
    kind = common.made(f"{_API}/v1", "GatewayClass", ADDON, gateway.name)
    kind["metadata"]["labels"] |= mine
    kind["spec"] = {"controllerName": CONTROLLER}
    listener = {
        "name": gateway.listener,
        "protocol": "HTTP",
        # Traefik serves a listener at its entry point with the same port.
        "port": PORT,
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    found = {**labels(common.KIND, ADDON), **POD_SELECTOR}
    deployment = common.made("apps/v1", "Deployment", ADDON, NAME, place)
    deployment["spec"] = {
        "replicas": gateway.replicas,
        "selector": {"matchLabels": POD_SELECTOR},
        # Requests that come while it is rolled find a pod.
        "strategy": {"rollingUpdate": {"maxUnavailable": 0}},
        "template": {"metadata": {"labels": found}, "spec": _pod(gateway, image)},
    }
    return [
        common.home(ADDON, place, stack, "restricted"),
        *common.account(ADDON, NAME, place, RULES),
        kind,
        common.made(
            f"{_API}/v1",
            "Gateway",
            ADDON,
            gateway.name,
            place,
            spec={"gatewayClassName": gateway.name, "listeners": [listener]},
        ),
        deployment,
        *([_budget(place)] if gateway.replicas > 1 else []),
        common.made(
            "v1",
            "Service",
            ADDON,
            ADDON,
            place,
            spec={
                "type": "NodePort",
                "selector": POD_SELECTOR,
                "ports": [
                    {
                        "name": "web",
                        "protocol": "TCP",
                        "port": 80,
                        "targetPort": "web",
                        "nodePort": gateway.node_port,
                    }
                ],
            },
        ),
    ]


_ROUTES = (
    "backendtlspolicies",
    "gatewayclasses",
    "gateways",
    "grpcroutes",
    "httproutes",
    "tcproutes",
    "tlsroutes",
)
RULES = [
    # Its informers don't start without these, Secrets of certificates among them.
    common.rule("", ["namespaces", "services", "secrets", "configmaps", "nodes"], "get list watch"),
    common.rule("discovery.k8s.io", ["endpointslices"], "list watch"),
    common.rule(_API, sorted([*_ROUTES, "referencegrants"]), "get list watch"),
    common.rule(_API, [f"{name}/status" for name in _ROUTES], "update"),
]


def _budget(place: str) -> Manifest:
    return common.made(
        "policy/v1",
        "PodDisruptionBudget",
        ADDON,
        NAME,
        place,
        spec={"maxUnavailable": 1, "selector": {"matchLabels": POD_SELECTOR}},
    )


def _pod(gateway: resolved.AddonGateway, image: str) -> Manifest:
    scope = "--providers.kubernetesgateway"
    return {
        "serviceAccountName": NAME,
        "enableServiceLinks": False,
        **common.CRITICAL,
        **common.spread(POD_SELECTOR),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": NAME,
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "args": [
                    f"--entrypoints.web.address=:{PORT}",
                    # Uploads may take as long as they do.
                    "--entrypoints.web.transport.respondingtimeouts.readtimeout=0",
                    # The load balancer takes a node off its list, then the pod ends.
                    "--entrypoints.web.transport.lifecycle.requestacceptgracetimeout=15s",
                    f"--entrypoints.health.address=:{_HEALTH}",
                    "--ping=true",
                    "--ping.entrypoint=health",
                    f"{scope}=true",
                    # Another Traefik in the cluster has a class of its own.
                    f"{scope}.labelselector={CLASS_LABEL}={gateway.namespace}",
                    f"{scope}.statusaddress.service.namespace={gateway.namespace}",
                    f"{scope}.statusaddress.service.name={ADDON}",
                    "--global.checknewversion=false",
                    "--global.sendanonymoususage=false",
                ],
                "ports": [{"name": "web", "containerPort": PORT, "protocol": "TCP"}],
                "readinessProbe": {
                    "httpGet": {"path": "/ping", "port": _HEALTH},
                    "periodSeconds": 1,
                },
                "livenessProbe": {
                    "httpGet": {"path": "/ping", "port": _HEALTH},
                    "periodSeconds": 10,
                },
                "resources": {
                    "requests": {"cpu": "50m", "memory": "64Mi"},
                    "limits": {"memory": "512Mi"},
                },
                "securityContext": {**CONTAINER_SECURITY, "readOnlyRootFilesystem": True},
            }
        ],
    }
