"""How an artifact comes into a stage's pod: fetched or mounted, and checked before it is loaded."""

from dataclasses import dataclass

from components.manifests import Manifest, identity, nas, places, pods, stores
from components.manifests.metadata import labels
from components.manifests.served import Served
from schemas import names, resolved
from schemas.address import Address

MODEL = "/mnt/model"
"""Where the artifact lies in the pod."""
VERSIONS = "/mnt/versions"
"""Where TensorFlow Serving finds it: the folder of each version by its number."""
RECORD = "/mnt/record"
"""Where the completion record of its training lies."""
CHECK_KIND = "check"
_RECORD_FILE = "completion.json"
_CHECK_SECONDS = 3600

# $1 is the source as rclone knows it, $2 the folder for it, $3 its address as the user wrote it,
# $4 the folder of its completion record, if there is to be one. The last line of the output is what
# a status shows. A record that is missing is for the check to name.
_FETCH = f"""\
rclone --config "" sync -- "$1" "$2" || {{
  code=$?
  if [ "$code" = 3 ]; then echo "no model: the container of $3 does not exist" >&2; fi
  exit "$code"
}}
if [ -n "$4" ]; then
  rclone --config "" copy --include /{_RECORD_FILE} -- "$4" {RECORD} || exit
fi
"""
_FOUND = """\
if [ -z "$(find -L "$2/" -type f | head -n 1)" ]; then
  echo "no model: nothing lies under $3" >&2
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
_VERSIONS_MOUNT = {"name": "versions", "mountPath": VERSIONS}


@dataclass(frozen=True)
class Brought:
    """The parts of a pod."""

    inits: list[Manifest]
    """Init containers: after them the artifact is there, and right as far as is known."""
    model: Manifest
    """Mount of the artifact, only to be read."""
    mounts: list[Manifest]
    """Mounts of a server that is not ours."""
    base: str
    """Where such a server finds it."""
    volumes: list[Manifest]


def brought(platform: resolved.Platform, served: Served) -> Brought:
    """What brings the artifact in, for the server that the platform has for it."""
    versioned = _is_versioned(platform, served)
    volumes, model, record = _places(served)
    reading = [{**mount, "readOnly": True} for mount in (model, *record)]
    linked = [_VERSIONS_MOUNT] if versioned else []
    inits = [_fetch(platform, served, [model, *record])]
    if record or versioned:
        inits.append(_check(platform, served, [*reading, *linked], versioned))
    return Brought(
        inits=inits,
        model=reading[0],
        mounts=[reading[0], *({**mount, "readOnly": True} for mount in linked)],
        base=VERSIONS if versioned else MODEL,
        volumes=[*volumes, *([{"name": "versions", "emptyDir": {}}] if versioned else [])],
    )


def check_pod(workspace: resolved.Workspace, stage: resolved.Stage, served: Served) -> Manifest:
    """A pod that brings the artifact in as the stage's pods would, checks it, and ends.

    It serves nothing, and is no pod of the stage.
    """
    platform = workspace.platform
    volumes, model, record = _places(served)
    reading = [{**mount, "readOnly": True} for mount in (model, *record)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": names.object_name(CHECK_KIND, f"{stage.name}-{stage.endpoint}"),
            "namespace": workspace.name,
            "labels": labels(CHECK_KIND, f"{stage.name}-{stage.endpoint}"),
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": _CHECK_SECONDS,
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            **identity.of(platform, identity.SERVING),
            "securityContext": pods.pod_security(platform.security),
            "initContainers": [_fetch(platform, served, [model, *record])],
            "containers": [_check(platform, served, reading, _is_versioned(platform, served))],
            "volumes": volumes,
        },
    }


def _is_versioned(platform: resolved.Platform, served: Served) -> bool:
    protocol = platform.serving[served.framework].protocol
    return protocol == "v1" and served.framework == "tensorflow"


def _places(served: Served) -> tuple[list[Manifest], Manifest, list[Manifest]]:
    """Volumes, the mount of the artifact and, if a training made it, that of its record."""
    output = _output(served)
    if served.address.scheme == "nas":
        volume, mount = nas.mount(served.address, MODEL, read_only=True)
        kept = [nas.mount(output, RECORD, read_only=True)[1]] if output else []
        return [volume], mount, kept
    volumes: list[Manifest] = [{"name": "model", "emptyDir": {}}]
    if not output:
        return volumes, {"name": "model", "mountPath": MODEL}, []
    volumes.append({"name": "record", "emptyDir": {}})
    mounts = [{"name": "record", "mountPath": RECORD}]
    return volumes, {"name": "model", "mountPath": MODEL}, mounts


def _output(served: Served) -> Address | None:
    """The folder of the training that made the artifact, with its completion record."""
    return places.parent(served.address) if served.training else None


def _fetch(platform: resolved.Platform, served: Served, mounts: list[Manifest]) -> Manifest:
    """The container that fetches the artifact, and fails where there is none.

    It copies what differs, so that one that is started again does as well as the first.
    """
    address = served.address
    script, source, record, environment = _FOUND, "", "", {}
    if address.scheme != "nas":
        used = stores.stores(platform, [address])
        store = used[address.host]
        # With a slash at the end it is a folder even where an object has that name.
        source = f"{store.remote}:{stores.path(platform, address)}".rstrip("/") + "/"
        if output := _output(served):
            record = f"{store.remote}:{stores.path(platform, output)}".rstrip("/") + "/"
        script = _FETCH + _FOUND
        environment = {"env": [*_settings(store), *stores.environment(used)]}
    arguments = [script, "model", source, MODEL, address.text, record]
    return {
        "name": "model",
        "image": platform.built_images["tools"],
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", *map(pods.literal, arguments)],
        **environment,
        "resources": pods.small_resources("1", "512Mi"),
        "securityContext": pods.OWN_SECURITY,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }


def _settings(store: stores.Store) -> list[Manifest]:
    """rclone's settings but for the credentials, as variables."""
    settings = {
        f"RCLONE_CONFIG_{store.remote}_{setting.upper()}": value
        for setting, value in store.settings.items()
    }
    found = {**_RCLONE, **settings}
    return [{"name": name, "value": pods.literal(value)} for name, value in found.items()]


def _check(
    platform: resolved.Platform, served: Served, mounts: list[Manifest], versioned: bool
) -> Manifest:
    """The container that refuses an artifact before anything loads it."""
    server = platform.serving[served.framework]
    is_own = server.protocol == "easymaker"
    arguments = [f"--model-dir={MODEL}", f"--address={served.address.text}"]
    if _output(served):
        arguments.append(f"--record={RECORD}/{_RECORD_FILE}")
    if is_own or versioned:
        arguments += [f"--framework={served.framework}", f"--model-name={served.model_name}"]
    if any(mount["name"] == "versions" for mount in mounts):
        arguments.append(f"--versions={VERSIONS}")
    return {
        "name": "check",
        "image": server.reference if is_own else platform.built_images["serving-front"],
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-I", "-m", "serving.check", *map(pods.literal, arguments)],
        "resources": pods.small_resources("1", "256Mi"),
        "securityContext": pods.OWN_SECURITY,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }
