"""What deletes the pods of trainings that ended long ago: `runtime/retention/clean.py` by the hour.

It keeps what statuses read of them in a ConfigMap (docs/adr/0102).
"""

from components.manifests import Manifest, pods
from components.manifests.metadata import labels
from schemas import resolved

KIND = "retention"
NAME = "retention"
KEPT = "ended-pods"
"""ConfigMap: Job -> the pods that decided how it ended, cut down, as a JSON list."""
_SCRIPT = "clean.py"
_HOME = "/opt/easymaker"


def objects(workspace: resolved.Workspace, script: str) -> list[Manifest]:
    """The CronJob, with what it runs and what it may do."""
    return [
        _made("v1", "ServiceAccount", workspace, NAME, automountServiceAccountToken=False),
        _made("v1", "ConfigMap", workspace, KEPT),
        _made("v1", "ConfigMap", workspace, NAME, data={_SCRIPT: script}),
        _made("rbac.authorization.k8s.io/v1", "Role", workspace, NAME, rules=_rules()),
        _made(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            workspace,
            NAME,
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME},
            subjects=[{"kind": "ServiceAccount", "name": NAME, "namespace": workspace.name}],
        ),
        _made("batch/v1", "CronJob", workspace, NAME, spec=_cron_job(workspace, script)),
    ]


def resources() -> Manifest:
    """Of its one container."""
    return pods.small_resources("500m", "256Mi")


def _rules() -> list[Manifest]:
    return [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "delete"]},
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": [KEPT],
            "verbs": ["get", "patch"],
        },
    ]


def _cron_job(workspace: resolved.Workspace, script: str) -> Manifest:
    return {
        "schedule": "17 * * * *",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 600,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": 900,
                "template": _pod(workspace, script),
            }
        },
    }


def _pod(workspace: resolved.Workspace, script: str) -> Manifest:
    platform = workspace.platform
    return {
        "metadata": {
            "labels": labels(KIND, workspace.name),
            # So that a pod runs the script that it was made for.
            "annotations": pods.checksum(script),
        },
        "spec": {
            "restartPolicy": "Never",
            "enableServiceLinks": False,
            "serviceAccountName": NAME,
            "automountServiceAccountToken": True,
            "securityContext": pods.unprivileged(),
            "containers": [
                {
                    "name": "clean",
                    # It is there wherever trainings are, and has Python.
                    "image": platform.built_images["tensorboard"],
                    "imagePullPolicy": "IfNotPresent",
                    "command": [
                        "python3",
                        "-I",
                        f"{_HOME}/{_SCRIPT}",
                        workspace.name,
                        str(platform.retention),
                    ],
                    "terminationMessagePolicy": "FallbackToLogsOnError",
                    "resources": resources(),
                    "securityContext": {
                        **pods.CONTAINER_SECURITY,
                        "readOnlyRootFilesystem": True,
                    },
                    "volumeMounts": [{"name": "script", "mountPath": _HOME, "readOnly": True}],
                }
            ],
            "volumes": [{"name": "script", "configMap": {"name": NAME}}],
        },
    }


def _made(
    api: str, kind: str, workspace: resolved.Workspace, name: str, **fields: object
) -> Manifest:
    metadata = {
        "name": name,
        "namespace": workspace.name,
        "labels": labels(KIND, workspace.name),
    }
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}
