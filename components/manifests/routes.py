"""HTTPRoutes: a host of the platform's Gateway to a Service."""

from collections.abc import Mapping
from typing import Any

from components.manifests import Manifest
from schemas import resolved


def route(
    workspace: resolved.Workspace,
    metadata: Mapping[str, object],
    host: str,
    shares: Mapping[str, int],
) -> Manifest:
    """Everything under `host` goes to port 80 of Services, to each by its share."""
    gateway = workspace.platform.gateway
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": dict(metadata),
        "spec": {
            "parentRefs": [
                {
                    "group": "gateway.networking.k8s.io",
                    "kind": "Gateway",
                    "namespace": gateway.namespace,
                    "name": gateway.name,
                    "sectionName": gateway.listener,
                }
            ],
            "hostnames": [host],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                    "backendRefs": [
                        {"group": "", "kind": "Service", "name": name, "port": 80, "weight": share}
                        for name, share in shares.items()
                    ],
                }
            ],
        },
    }


def services(route: Mapping[str, Any]) -> set[str]:
    """The Services that a route leads to."""
    return {ref["name"] for rule in route["spec"]["rules"] for ref in rule["backendRefs"]}


def url(platform: resolved.Platform, host: str) -> str:
    """What a person opens: the host at the gateway's port."""
    scheme, usual = ("https", "443") if platform.gateway.tls else ("http", "80")
    port = platform.gateway_address.rpartition(":")[2]
    return f"{scheme}://{host}" + ("" if port == usual else f":{port}")
