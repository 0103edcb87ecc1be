"""The pod of a stage: its artifact is brought in, and a server answers for it."""

from components.manifests import Manifest, access, nas, pods, stores
from components.manifests.metadata import REVISION_LABEL
from components.manifests.policies import SERVED_PORTS
from components.manifests.served import Served, annotation
from schemas import resolved

PORT = SERVED_PORTS["stage"]
MODEL = "/mnt/model"
"""Where the artifact lies in the pod."""
VERSIONS = "/mnt/versions"
"""Where TensorFlow Serving finds it: the folder of each version by its number."""
DRAIN_SECONDS = 5
"""A pod that goes is still asked for so long: gateways learn of it late."""
LOADING_SECONDS = 3600
"""A model that is still not ready after this is started again."""
_UPSTREAM_PORTS = {"v1": 8501, "v2": 8000}
_GRPC_PORT = 8500

# $1 is the source as rclone knows it, $2 the folder for it, $3 its address as the user wrote it.
# The last line of the output is what a status shows.
_FETCH = """\
rclone --config "" sync -- "$1" "$2" || {
  code=$?
  if [ "$code" = 3 ]; then echo "no model: the container of $3 does not exist" >&2; fi
  exit "$code"
}
"""
_FOUND = """\
if [ -z "$(find -L "$2/" -type f | head -n 1)" ]; then
  echo "no model: nothing lies under $3" >&2
  exit 1
fi
"""
_VERSIONED = f"""\
if [ -f "$2/saved_model.pb" ]; then
  ln -sfn "$2" {VERSIONS}/1
else
  for graph in "$2"/*/saved_model.pb; do
    number=$(basename "$(dirname "$graph")")
    case $number in *[!0-9]*) ;; *) ln -sfn "$2/$number" "{VERSIONS}/$number" ;; esac
  done
fi
if [ -z "$(ls {VERSIONS})" ]; then
  found=$(ls -p "$2" | head -n 8 | paste -s -d " " -)
  echo "no model: found $found under $3; needed is a SavedModel (saved_model.pb and variables/)" \\
    "at its root or under a version number" >&2
  exit 1
fi
"""
_RCLONE = {
    "RCLONE_RETRIES": "3",
    "RCLONE_RETRIES_SLEEP": "5s",
    "RCLONE_LOW_LEVEL_RETRIES": "3",
    "RCLONE_CONTIMEOUT": "15s",
    "RCLONE_TIMEOUT": "2m",
}
_OURS: Manifest = {
    **pods.CONTAINER_SECURITY,
    "readOnlyRootFilesystem": True,
    # Whatever the platform's level: what reads requests needs nothing of root's.
    "runAsNonRoot": True,
    "runAsUser": pods.RESTRICTED_USER,
    "runAsGroup": pods.RESTRICTED_USER,
}
"""Security of containers with images of ours."""
_TMP = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108
_VERSIONS_MOUNT = {"name": "versions", "mountPath": VERSIONS}


def pod_template(
    workspace: resolved.Workspace,
    endpoint: resolved.Endpoint,
    stage: resolved.Stage,
    served: Served,
    labels: dict[str, str],
) -> Manifest:
    """Template of the stage's pods. Nothing is in it but what needs other pods when it changes."""
    platform = workspace.platform
    server = platform.serving[served.framework]
    artifact_volume, artifact_mount = _artifact(served)
    model = {**artifact_mount, "readOnly": True}
    versioned = server.protocol == "v1" and served.framework == "tensorflow"
    fetch = _init(platform, served, artifact_mount, versioned)
    told = _told(platform, endpoint, stage, served)
    keys = access.of(endpoint.access)
    told += keys.arguments
    answering = [model, _TMP, *keys.mounts]
    if server.protocol == "easymaker":
        inits = [fetch]
        main = _own(server, stage, [*told, f"--framework={served.framework}"], answering)
    else:
        mounts = [model, {**_VERSIONS_MOUNT, "readOnly": True}] if versioned else [model]
        inits = [fetch, _foreign(server, stage, served, mounts, versioned)]
        main = _front(platform, server, told, answering)
    revision = {REVISION_LABEL: served.revision} if served.revision else {}
    return {
        "metadata": {"labels": {**labels, **revision}, "annotations": annotation(served)},
        "spec": {
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": DRAIN_SECONDS + stage.request_timeout + 10,
            "securityContext": pods.pod_security(platform.security),
            **pods.placement(stage.flavor.pool),
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "kubernetes.io/hostname",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": labels},
                    "matchLabelKeys": ["pod-template-hash"],
                }
            ],
            "initContainers": inits,
            "containers": [main],
            "volumes": [
                artifact_volume,
                {"name": "tmp", "emptyDir": {}},
                *([{"name": "versions", "emptyDir": {}}] if versioned else []),
                *keys.volumes,
            ],
        },
    }


def _artifact(served: Served) -> tuple[Manifest, Manifest]:
    """Volume and mount of the artifact: of the NAS that it lies on, or to be filled."""
    if served.address.scheme == "nas":
        return nas.mount(served.address, MODEL, read_only=True)
    return {"name": "model", "emptyDir": {}}, {"name": "model", "mountPath": MODEL}


def _init(
    platform: resolved.Platform, served: Served, mount: Manifest, versioned: bool
) -> Manifest:
    """The container that fetches the artifact, and fails where there is none.

    It copies what differs, so that one that is started again does as well as the first.
    """
    address = served.address
    script, source, environment = _FOUND, "", {}
    if address.scheme != "nas":
        used = stores.stores(platform, [address])
        store = used[address.host]
        # With a slash at the end it is a folder even where an object has that name.
        source = f"{store.remote}:{address.bucket}/{address.path}".rstrip("/") + "/"
        script = _FETCH + _FOUND
        environment = {"env": [*_settings(store), *stores.environment(used)]}
    if versioned:
        script += _VERSIONED
    arguments = [script, "model", source, MODEL, address.text]
    return {
        "name": "model",
        "image": platform.built_images["tools"],
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", *map(pods.literal, arguments)],
        **environment,
        "resources": pods.small_resources("1", "512Mi"),
        "securityContext": _OURS,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [mount, *([_VERSIONS_MOUNT] if versioned else [])],
    }


def _settings(store: stores.Store) -> list[Manifest]:
    """rclone's settings but for the credentials, as variables."""
    settings = {
        f"RCLONE_CONFIG_{store.remote}_{setting.upper()}": value
        for setting, value in store.settings.items()
    }
    found = {**_RCLONE, **settings}
    return [{"name": name, "value": pods.literal(value)} for name, value in found.items()]


def _told(
    platform: resolved.Platform,
    endpoint: resolved.Endpoint,
    stage: resolved.Stage,
    served: Served,
) -> list[str]:
    """Arguments that our server and our front have in common."""
    logged = ["--log-json", f"--app-key={platform.app_key}"] if endpoint.log_management else []
    return [
        f"--model-dir={MODEL}",
        f"--model-name={served.model_name}",
        f"--resource-path={stage.resource_path}",
        f"--endpoint={endpoint.name}",
        f"--stage={stage.name}",
        f"--revision={served.version}",
        f"--port={PORT}",
        f"--max-body-mb={stage.max_request_size}",
        f"--timeout={stage.request_timeout}",
        # What runs when a pod goes may take as long as it may at any time.
        f"--grace={stage.request_timeout}",
        "--linger=1",  # connections that are kept open learn it then
        *logged,
    ]


def _own(
    server: resolved.Serving,
    stage: resolved.Stage,
    arguments: list[str],
    mounts: list[Manifest],
) -> Manifest:
    """This project's own server."""
    return {
        **_answering("server", server.reference, ["serving", *arguments]),
        "resources": pods.resources(stage.flavor),
        "volumeMounts": mounts,
    }


def _front(
    platform: resolved.Platform, server: resolved.Serving, told: list[str], mounts: list[Manifest]
) -> Manifest:
    """What answers in front of another server."""
    upstream = f"http://127.0.0.1:{_UPSTREAM_PORTS[server.protocol]}"
    arguments = [*told, f"--protocol={server.protocol}", f"--upstream={upstream}"]
    image = platform.built_images["serving-front"]
    return {
        **_answering("front", image, ["serving.front", *arguments]),
        "resources": pods.small_resources("1", "256Mi"),
        "volumeMounts": mounts,
    }


def _answering(name: str, image: str, module: list[str]) -> Manifest:
    """A container of ours that the gateway reaches. A slow load is waited for and never killed."""

    def probe(path: str, period: int, failures: int) -> Manifest:
        return {
            "httpGet": {"path": path, "port": "http"},
            "periodSeconds": period,
            "timeoutSeconds": 10,
            "failureThreshold": failures,
        }

    ready = "/v2/health/ready"
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-I", "-m", *map(pods.literal, module)],
        "env": [{"name": "HOME", "value": "/tmp"}],  # noqa: S108
        "ports": [{"name": "http", "containerPort": PORT}],
        "startupProbe": probe(ready, 2, LOADING_SECONDS // 2),
        "readinessProbe": probe(ready, 5, 2),
        "livenessProbe": probe("/v2/health/live", 10, 6),
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "securityContext": _OURS,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _foreign(
    server: resolved.Serving,
    stage: resolved.Stage,
    served: Served,
    mounts: list[Manifest],
    versioned: bool,
) -> Manifest:
    """The named image, as a sidecar of the front: it starts before and stops after it.

    `v1` gets TensorFlow Serving's arguments. For `v2` there are none that all servers know: it gets
    variables, and answers on PORT.
    """
    found: Manifest = {
        "name": "server",
        "image": server.reference,
        "imagePullPolicy": "IfNotPresent",
        "restartPolicy": "Always",
        "resources": pods.resources(stage.flavor),
        "securityContext": pods.CONTAINER_SECURITY,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [*mounts, _TMP],
    }
    port = _UPSTREAM_PORTS[server.protocol]
    if server.protocol == "v1":
        arguments = [
            f"--model_name={served.model_name}",
            f"--model_base_path={VERSIONS if versioned else MODEL}",
            f"--port={_GRPC_PORT}",
            f"--rest_api_port={port}",
        ]
        return {**found, "args": [pods.literal(text) for text in arguments]}
    variables = {"MODEL_NAME": served.model_name, "MODEL_DIR": MODEL, "PORT": str(port)}
    environment = [{"name": k, "value": pods.literal(v)} for k, v in variables.items()]
    return {**found, "env": environment}
