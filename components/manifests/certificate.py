"""The certificate of a workspace's hosts, and who may read it.

The listener belongs to the platform: it names the Secret, which stays in the workspace's namespace.
"""

from components.manifests import Manifest
from components.manifests.metadata import SKIP_AWAIT, labels
from schemas import resolved

OBJECT = "certificate"


def manifests(workspace: resolved.Workspace) -> list[Manifest]:
    """A grant for the Gateway's namespace, and a Certificate where an issuer is to sign one."""
    certificate = workspace.platform.gateway.certificate
    if certificate is None:
        return []
    metadata = {
        "name": OBJECT,
        "namespace": workspace.name,
        "labels": labels("workspace", workspace.name),
    }
    grant = {
        # Of all versions that are served the one that older clusters know, too.
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": metadata,
        "spec": {
            "from": [
                {
                    "group": "gateway.networking.k8s.io",
                    "kind": "Gateway",
                    "namespace": workspace.platform.gateway.namespace,
                }
            ],
            "to": [{"group": "", "kind": "Secret", "name": certificate.secret}],
        },
    }
    if certificate.issuer is None:
        return [grant]
    made = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        # An issuer may take its time, and only the listener waits for it.
        "metadata": {**metadata, "annotations": dict(SKIP_AWAIT)},
        "spec": {
            "secretName": certificate.secret,
            "dnsNames": [f"*.{workspace.name}.{workspace.platform.domain}"],
            "issuerRef": {
                "group": "cert-manager.io",
                "kind": certificate.issuer_kind,
                "name": certificate.issuer,
            },
        },
    }
    return [grant, made]
