"""The document that the launcher reads; its other side is `launcher.job`."""

import json

from components.manifests import places, stores
from schemas import names, resolved
from schemas.address import Address

VERSION = 3
HOME = "/opt/easymaker"
"""Where everything of ours lies in the container; the launcher's layout begins there."""
NAS_HOME = f"{HOME}/nas"
"""Where what is on a NAS is mounted."""
GRACE_SECONDS = 60
"""What a script has between SIGTERM and SIGKILL; the pod has twice that, to save what there is."""
TENSORBOARD_SECONDS = 15
"""Between two looks for new event files."""
LOG_SECONDS = 30
"""Between two looks whether the log has grown."""
PEER_SECONDS = 900
"""So long an instance waits for the others to get a node."""
_NAS_REMOTE = "NAS"
_GIB = 1 << 30


def service_name(training: resolved.Training) -> str:
    """Of the Service that gives the instances their names."""
    return names.object_name("training", training.name)


def hosts(workspace: resolved.Workspace, training: resolved.Training) -> list[str]:
    """Name of each instance, by index; none with one instance.

    Without the cluster's domain, which is not known here: pods search in it.
    """
    if training.instances == 1:
        return []
    domain = f"{service_name(training)}.{workspace.name}.svc"
    return [f"{training.object_name}-{index}.{domain}" for index in range(training.instances)]


def mounts(training: resolved.Training) -> list[tuple[Address, str, bool]]:
    """What of a training is on a NAS: address, mount path, and whether it is only read.

    Results and checkpoints are mounted as narrow as they are, the folder of the revision.
    """
    given = [
        (training.code, "code", True),
        *((address, f"datasets/{name}", True) for name, address in training.input_data.items()),
        (training.checkpoint_input, "checkpoint-input", True),
        (places.output(training), "output", False),
        (places.checkpoint(training), "checkpoint", False),
    ]
    return [
        (address, f"{NAS_HOME}/{path}", read_only)
        for address, path, read_only in given
        if address is not None and address.scheme == "nas"
    ]


def job_document(
    workspace: resolved.Workspace, training: resolved.Training, used: dict[str, stores.Store]
) -> str:
    """The document as JSON.

    It travels in an annotation of the pod, so that it belongs to the Job and never changes, and
    not in variables or arguments, where the kubelet expands `$(NAME)`.
    """
    platform = workspace.platform

    def place(address: Address, mount: str = "") -> dict[str, str]:
        if address.scheme == "nas":
            return {
                "address": address.text,
                "remote": _NAS_REMOTE,
                "path": f"{NAS_HOME}/{mount}",
            }
        path = stores.path(platform, address).rstrip("/")
        return {"address": address.text, "remote": used[address.host].remote, "path": path}

    def maybe(address: Address | None, mount: str) -> dict[str, str] | None:
        return None if address is None else place(address, mount)

    parameters = {key: value.text for key, value in training.hyperparameters.items()}
    literals = (
        f"{json.dumps(key)}: {value.json}" for key, value in training.hyperparameters.items()
    )
    events = places.tensorboard(workspace, training.experiment.name)
    gigabytes = training.data_storage
    document = {
        "version": VERSION,
        "training": training.name,
        "revision": training.revision,
        "training_id": places.run_name(training),
        "region": platform.region,
        "app_key": platform.app_key,
        "framework": training.image.framework,
        "hosts": hosts(workspace, training),
        "processes": training.processes_per_node,
        "code": place(training.code, "code"),
        "entry_point": training.entry_point,
        "hyperparameters": parameters,
        "hyperparameters_json": "{" + ", ".join(literals) + "}",
        "datasets": {
            name: place(address, f"datasets/{name}")
            for name, address in training.input_data.items()
        },
        "checkpoint_input": maybe(training.checkpoint_input, "checkpoint-input"),
        "output": place(places.output(training), "output"),
        "checkpoint": maybe(places.checkpoint(training), "checkpoint"),
        "tensorboard": place(places.below(events, places.run_name(training))),
        "logs": place(places.run_logs(workspace, training)),
        "data_storage": None if gigabytes is None else gigabytes * _GIB,
        "log_management": training.log_management,
        "grace_seconds": GRACE_SECONDS,
        "tensorboard_seconds": TENSORBOARD_SECONDS,
        "log_seconds": LOG_SECONDS,
        "peer_seconds": PEER_SECONDS,
        "stores": {
            **{store.remote: store.settings for store in used.values()},
            **({_NAS_REMOTE: {"type": "local"}} if mounts(training) else {}),
        },
        "retry_seconds": {store.remote: store.retry_seconds for store in used.values()},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
