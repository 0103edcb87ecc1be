"""An experiment: its TensorBoard, with a sidecar that keeps the event files at hand."""

from components.manifests import Manifest, identity, places, pods, routes, sign_in, stores, tokens
from components.manifests.metadata import SKIP_AWAIT, labels, owner_annotations
from components.manifests.policies import SERVED_PORTS
from schemas import names, resolved

KIND = "experiment"
PORT = SERVED_PORTS[KIND]
HEALTH = "/healthz"
"""Where TensorBoard answers without a token, with nothing but that it does."""
SYNC_SECONDS = 10
"""A run's events show up so long after they arrived in storage, at most."""
_EVENTS = {"name": "events", "mountPath": "/events"}
# Event files only grow, so their size tells; TensorBoard keeps them open, so they stay in place.
_SYNC = f"""\
trap 'exit 0' TERM INT
while :; do
  rclone --config "" --retries 1 --size-only --inplace --local-no-preallocate \\
    --multi-thread-streams 0 sync -- "$1" /events &
  wait $!
  sleep {SYNC_SECONDS} &
  wait $!
done
"""


def deployment(
    workspace: resolved.Workspace, experiment: resolved.Experiment, fingerprint: object
) -> Manifest:
    """The TensorBoard; only what is in its pod restarts it, and another token.

    `fingerprint` tells tokens apart, and may be known only later.
    """
    metadata = _metadata(workspace, experiment)
    metadata["annotations"] = {
        **owner_annotations({"description": experiment.description}, {}),
        **SKIP_AWAIT,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels(KIND, experiment.name)},
            "template": {
                "metadata": {
                    "labels": labels(KIND, experiment.name),
                    "annotations": {tokens.FINGERPRINT_ANNOTATION: fingerprint},
                },
                "spec": {
                    "enableServiceLinks": False,
                    "automountServiceAccountToken": False,
                    **identity.of(workspace.platform, identity.LOGS),
                    "securityContext": pods.pod_security(workspace.platform.security),
                    "containers": [
                        _tensorboard(workspace.platform, experiment),
                        _sync(workspace, experiment),
                        *sign_in.containers(
                            workspace.platform,
                            routes.url(workspace.platform, tensorboard_host(workspace, experiment)),
                            PORT,
                            HEALTH,
                            experiment.object_name,
                        ),
                    ],
                    "volumes": [{"name": "events", "emptyDir": {}}],
                },
            },
        },
    }


def service(workspace: resolved.Workspace, experiment: resolved.Experiment) -> Manifest:
    """What the route leads to."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            **_metadata(workspace, experiment),
            "annotations": dict(SKIP_AWAIT),
        },
        "spec": {
            "selector": labels(KIND, experiment.name),
            "ports": [
                {"name": "http", "port": 80, "targetPort": sign_in.port(workspace.platform, PORT)}
            ],
        },
    }


def route(workspace: resolved.Workspace, experiment: resolved.Experiment) -> Manifest:
    """The TensorBoard's host."""
    host = tensorboard_host(workspace, experiment)
    metadata = _metadata(workspace, experiment)
    return routes.route(workspace, metadata, host, {experiment.object_name: 1})


def tensorboard_host(workspace: resolved.Workspace, experiment: resolved.Experiment) -> str:
    """Where the TensorBoard answers."""
    return names.tensorboard_host(workspace.name, workspace.platform.domain, experiment.name)


def token_metadata(workspace: resolved.Workspace, experiment: resolved.Experiment) -> Manifest:
    """Metadata of the Secret with the token; its data is Pulumi's business."""
    return _metadata(workspace, experiment)


def _metadata(workspace: resolved.Workspace, experiment: resolved.Experiment) -> Manifest:
    return {
        "name": experiment.object_name,
        "namespace": workspace.name,
        "labels": labels(KIND, experiment.name),
    }


def _tensorboard(platform: resolved.Platform, experiment: resolved.Experiment) -> Manifest:
    probe = {"httpGet": {"path": HEALTH, "port": PORT}, "timeoutSeconds": 5}
    return {
        "name": "tensorboard",
        "image": platform.built_images["tensorboard"],
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "easymaker-tensorboard",
            "--logdir=/events",
            "--bind_all",
            f"--port={PORT}",
            "--reload_interval=5",
        ],
        "env": [tokens.variable("TENSORBOARD_TOKEN", experiment.object_name)],
        "ports": [{"name": "http", "containerPort": PORT}],
        "startupProbe": {**probe, "periodSeconds": 2, "failureThreshold": 150},
        "readinessProbe": {**probe, "periodSeconds": 10},
        "livenessProbe": {**probe, "periodSeconds": 30},
        "resources": {
            "requests": {"cpu": "10m", "memory": "128Mi"},
            "limits": {"cpu": "1", "memory": "1Gi"},
        },
        "securityContext": pods.CONTAINER_SECURITY,
        "volumeMounts": [{**_EVENTS, "readOnly": True}],
    }


def _sync(workspace: resolved.Workspace, experiment: resolved.Experiment) -> Manifest:
    platform = workspace.platform
    place = places.tensorboard(workspace, experiment.name)
    used = stores.stores(platform, [place])
    store = used[place.host]
    source = f"{store.remote}:{stores.path(workspace.platform, place)}"
    return {
        "name": "sync",
        "image": platform.built_images["tools"],
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", pods.literal(_SYNC), "sync", pods.literal(source)],
        "env": [*stores.settings(store), *stores.environment(used)],
        "resources": pods.small_resources("500m", "256Mi"),
        "securityContext": pods.CONTAINER_SECURITY,
        "volumeMounts": [_EVENTS],
    }
