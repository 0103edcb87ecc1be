"""A notebook: JupyterLab with a data volume that stays and a boot volume that does not."""

from collections.abc import Mapping

from components.manifests import Manifest, nas, packages, pods, routes, sign_in, tokens
from components.manifests.metadata import SKIP_AWAIT, labels, owner_annotations
from components.manifests.policies import SERVED_PORTS
from schemas import resolved
from schemas.document import notebook_document
from schemas.units import memory_text

KIND = "notebook"
PORT = SERVED_PORTS[KIND]
HEALTH = "/api"
"""Where Jupyter answers without a token, with nothing but its version."""
HOME = "/root"
DATA = "/root/easymaker"
"""Where the data volume is; NAS folders are mounted in it."""


def stateful_set(
    workspace: resolved.Workspace, notebook: resolved.Notebook, fingerprint: object
) -> Manifest:
    """The notebook itself, with one pod or none.

    `fingerprint` tells tokens apart, and may be known only later: another token restarts the pod,
    which reads it when it starts.
    """
    metadata = _metadata(workspace, notebook.object_name, notebook)
    metadata["annotations"] = {
        **owner_annotations(notebook_document(notebook), notebook.tags),
        **SKIP_AWAIT,
    }
    selected = labels(KIND, notebook.name)
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata,
        "spec": {
            "replicas": 1 if notebook.state == "running" else 0,
            "serviceName": notebook.object_name,
            # Else a pod that never gets ready would be kept when its template is put right.
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": selected},
            "template": {
                "metadata": {
                    "labels": selected,
                    "annotations": {tokens.FINGERPRINT_ANNOTATION: fingerprint},
                },
                "spec": _pod_spec(workspace.platform, notebook),
            },
        },
    }


def claim(workspace: resolved.Workspace, notebook: resolved.Notebook) -> Manifest:
    """The data volume. A resource of its own: in the StatefulSet any change of it would replace
    the notebook."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            **_metadata(workspace, claim_name(notebook), notebook),
            "annotations": {
                # It is there before the StatefulSet, and what it holds can't change either.
                **owner_annotations(notebook_document(notebook), {}),
                # It stays unbound until a pod uses it: that of a stopped notebook may wait long.
                **SKIP_AWAIT,
            },
        },
        "spec": _claim_spec(workspace.platform, notebook.data_storage),
    }


def claim_name(notebook: resolved.Notebook) -> str:
    """Of the data volume's claim."""
    return f"{notebook.object_name}-data"


def token_metadata(workspace: resolved.Workspace, notebook: resolved.Notebook) -> Manifest:
    """Metadata of the Secret with the token; its data is Pulumi's business."""
    return _metadata(workspace, notebook.object_name, notebook)


def service(workspace: resolved.Workspace, notebook: resolved.Notebook) -> Manifest:
    """What the route leads to."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            **_metadata(workspace, notebook.object_name, notebook),
            "annotations": dict(SKIP_AWAIT),
        },
        "spec": {
            "selector": labels(KIND, notebook.name),
            "ports": [
                {"name": "http", "port": 80, "targetPort": sign_in.port(workspace.platform, PORT)}
            ],
        },
    }


def route(workspace: resolved.Workspace, notebook: resolved.Notebook) -> Manifest:
    """The notebook's host."""
    metadata = _metadata(workspace, notebook.object_name, notebook)
    return routes.route(workspace, metadata, notebook.host, {notebook.object_name: 1})


def _metadata(
    workspace: resolved.Workspace, name: str, notebook: resolved.Notebook
) -> dict[str, object]:
    return {
        "name": name,
        "namespace": workspace.name,
        "labels": labels(KIND, notebook.name),
    }


def _claim_spec(platform: resolved.Platform, gigabytes: int) -> Manifest:
    spec: Manifest = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{gigabytes}Gi"}},
    }
    if platform.storage_classes.block is not None:
        spec["storageClassName"] = platform.storage_classes.block
    return spec


def _security(platform: resolved.Platform) -> Manifest:
    security = pods.pod_security(platform.security)
    if "fsGroup" in security:
        # Else each start would walk through all that is on the volume.
        security["fsGroupChangePolicy"] = "OnRootMismatch"
    return security


def _pod_spec(platform: resolved.Platform, notebook: resolved.Notebook) -> Manifest:
    mounted = [
        nas.mount(address, f"{DATA}/{name}", False) for name, address in notebook.nas.items()
    ]
    shares: Mapping[str, Manifest] = {volume["name"]: volume for volume, _ in mounted}
    trust, trusted = packages.mounts(platform)
    return {
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "securityContext": _security(platform),
        **pods.placement(notebook.flavor.pool),
        "containers": [
            {
                "name": "notebook",
                "image": notebook.image.reference,
                "imagePullPolicy": "IfNotPresent",
                "command": ["easymaker-notebook"],
                "env": [
                    {"name": "HOME", "value": HOME},
                    tokens.variable("JUPYTER_TOKEN", notebook.object_name),
                    *packages.environment(platform),
                ],
                "ports": [{"name": "http", "containerPort": PORT}],
                # Only said, never ended: a restart would take the kernels and the boot volume.
                "readinessProbe": {
                    "httpGet": {"path": HEALTH, "port": PORT},
                    "periodSeconds": 5,
                    "timeoutSeconds": 5,
                },
                "resources": pods.resources(notebook.flavor),
                "securityContext": pods.CONTAINER_SECURITY,
                "volumeMounts": [
                    {"name": "boot", "mountPath": HOME},
                    {"name": "data", "mountPath": DATA},
                    *(mount for _, mount in mounted),
                    {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108
                    *trusted,
                ],
            },
            *sign_in.containers(
                platform,
                routes.url(platform, notebook.host),
                PORT,
                HEALTH,
                notebook.object_name,
            ),
        ],
        "volumes": [
            {
                "name": "boot",
                "ephemeral": {
                    "volumeClaimTemplate": {
                        "metadata": {"labels": labels(KIND, notebook.name)},
                        "spec": _claim_spec(platform, notebook.boot_storage),
                    }
                },
            },
            {"name": "data", "persistentVolumeClaim": {"claimName": claim_name(notebook)}},
            *shares.values(),
            {
                "name": "shm",
                "emptyDir": {
                    "medium": "Memory",
                    # What is in it counts as the container's memory.
                    "sizeLimit": memory_text(notebook.flavor.memory // 2),
                },
            },
            *trust,
        ],
    }
