"""What reads archived logs to those who may look, without keys of the storage.

It listens inside its pod alone: `pods/portforward` is the only way in, which the API server grants
by the pod's name (docs/adr/0100).
"""

from components.manifests import Manifest, identity, places, pods, stores
from components.manifests.metadata import SKIP_AWAIT, labels
from schemas import resolved

KIND = "log-reader"
NAME = "log-reader"
POD = f"{NAME}-0"
PORT = 8080
"""On the pod's loopback address."""
# Asked of the storage itself: where that refuses, the reader shows an empty folder. With 3 there is
# nothing yet.
_PROBE = """\
export RCLONE_RETRIES=1 RCLONE_LOW_LEVEL_RETRIES=1 RCLONE_CONTIMEOUT=5s
rclone --config= lsf --max-depth=1 -- "$1" >/dev/null
code=$?
test $code = 0 || test $code = 3
"""
_FRESH_SECONDS = 5
"""So long what was listed once is taken for true."""


def stateful_set(workspace: resolved.Workspace) -> Manifest:
    """One pod, whose name never changes."""
    found = labels(KIND, workspace.name)
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {
            "name": NAME,
            "namespace": workspace.name,
            "labels": found,
            "annotations": dict(SKIP_AWAIT),
        },
        "spec": {
            "replicas": 1,
            "serviceName": NAME,
            # Else a pod that can't start would not be replaced by one that can.
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": found},
            "template": {
                "metadata": {"labels": found},
                "spec": {
                    "enableServiceLinks": False,
                    "automountServiceAccountToken": False,
                    **identity.of(workspace.platform, identity.LOGS),
                    "terminationGracePeriodSeconds": 5,
                    "securityContext": pods.unprivileged(),
                    "containers": [_container(workspace)],
                },
            },
        },
    }


def viewing() -> Manifest:
    """What a Role needs to read with it. Opening a stream is to `create` one, and for clients over
    websockets, which begin with GET, to `get` it."""
    return {
        "apiGroups": [""],
        "resources": ["pods/portforward"],
        "resourceNames": [POD],
        "verbs": ["create", "get"],
    }


def resources() -> Manifest:
    """Of its one container."""
    return pods.small_resources("500m", "256Mi")


def _container(workspace: resolved.Workspace) -> Manifest:
    place = places.logs(workspace)
    used = stores.stores(workspace.platform, [place])
    store = used[place.host]
    source = f"{store.remote}:{stores.path(workspace.platform, place)}"
    return {
        "name": "reader",
        "image": workspace.platform.built_images["tools"],
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "rclone",
            "--config=",
            "serve",
            "webdav",
            f"--addr=127.0.0.1:{PORT}",
            "--read-only",
            f"--dir-cache-time={_FRESH_SECONDS}s",
            pods.literal(source),
        ],
        "env": [*stores.settings(store), *stores.environment(used)],
        "readinessProbe": {
            "exec": {"command": ["sh", "-c", pods.literal(_PROBE), "probe", pods.literal(source)]},
            "periodSeconds": 60,
            "timeoutSeconds": 30,
        },
        "resources": resources(),
        "securityContext": {**pods.CONTAINER_SECURITY, "readOnlyRootFilesystem": True},
    }
