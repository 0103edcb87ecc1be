"""What pods are to the cloud: a service account for each use, where pods have roles.

Only on AWS: elsewhere pods have keys, and nobody to be.
"""

from components.manifests import Manifest
from components.manifests.metadata import labels
from schemas import resolved

TRAINING = "training"
SERVING = "serving"
LOGS = "logs"
"""What reads event files and archived logs."""
USES = (LOGS, SERVING, TRAINING)


def of(platform: resolved.Platform, use: str) -> Manifest:
    """Fields of a pod's spec."""
    return {"serviceAccountName": use} if platform.is_on_aws else {}


def service_accounts(workspace: resolved.Workspace) -> list[Manifest]:
    """All of them, whatever they may do now: with another name pods would be made anew."""
    if not workspace.platform.is_on_aws:
        return []
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {
                "name": use,
                "namespace": workspace.name,
                "labels": labels("workspace", workspace.name),
            },
            "automountServiceAccountToken": False,
        }
        for use in USES
    ]
