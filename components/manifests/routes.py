"""HTTPRoutes: a host of the platform's Gateway to a Service."""

from collections.abc import Mapping

from components.manifests import Manifest
from schemas import resolved


def route(
    workspace: resolved.Workspace, metadata: Mapping[str, object], host: str, service: str
) -> Manifest:
    """Everything under `host` goes to port 80 of `service`."""
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
                        {"group": "", "kind": "Service", "name": service, "port": 80, "weight": 1}
                    ],
                }
            ],
        },
    }


def url(platform: resolved.Platform, host: str) -> str:
    """What a person opens: the host at the gateway's port."""
    scheme, usual = ("https", "443") if platform.gateway.tls else ("http", "80")
    port = str(platform.gateway.address).rpartition(":")[2]
    return f"{scheme}://{host}" + ("" if port == usual else f":{port}")
