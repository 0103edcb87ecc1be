"""The job document: what this run is, as the platform wrote it into the pod.

It travels as a file and not as container variables, because the kubelet expands `$(NAME)` in
those and every value must arrive as typed.
"""

import json
from typing import Any, Dict, List, NamedTuple, Optional

from launcher.causes import BROKEN_JOB, Ended

VERSION = 3


class Place(NamedTuple):
    """A place in storage: where rclone finds it, and how its user calls it.

    `is_mounted`: it is a NAS, and `path` is where the container has it.
    """

    address: str
    remote: str
    path: str
    is_mounted: bool = False

    def child(self, name: str) -> "Place":
        return self._replace(address=self.address + "/" + name, path=self.path + "/" + name)


class Job(NamedTuple):
    """One training. Hyperparameters are text as typed; `hyperparameters_json` is EM_HPS as it is.

    `hosts` are the names of all instances by index, none where there is one instance. `processes`
    of the script run on each, None where nobody asked for any number. `datasets` are by name.
    `checkpoint` is None where none are kept. `data_storage` is in bytes, None where nothing limits
    it.
    `stores` holds the rclone settings of every remote. Its credentials are RCLONE_CONFIG_*
    variables that the pod takes from a Secret. `retry_seconds` holds, by remote, how long a store
    that does not answer is tried again; one that is not in it is not.
    """

    training: str
    revision: str
    training_id: str
    region: str
    app_key: str
    framework: str
    hosts: List[str]
    processes: Optional[int]
    code: Place
    entry_point: str
    hyperparameters: Dict[str, str]
    hyperparameters_json: str
    datasets: Dict[str, Place]
    checkpoint_input: Optional[Place]
    output: Place
    checkpoint: Optional[Place]
    tensorboard: Place
    logs: Place
    data_storage: Optional[int]
    log_management: bool
    grace_seconds: int
    tensorboard_seconds: float
    log_seconds: float
    peer_seconds: float
    stores: Dict[str, Dict[str, str]]
    retry_seconds: Dict[str, float]


def load(path: str) -> Job:
    """Read the document. Raises Ended(BROKEN_JOB) when it is not what this launcher understands."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except (OSError, ValueError) as error:
        raise Ended(BROKEN_JOB, detail=str(error)) from None
    try:
        return _read(data)
    except KeyError as error:
        raise Ended(BROKEN_JOB, detail="{} is missing".format(error)) from None
    except (TypeError, AttributeError, ValueError) as error:
        raise Ended(BROKEN_JOB, detail=str(error)) from None


def _read(data: Any) -> Job:
    if data["version"] != VERSION:
        raise ValueError("version {!r} instead of {}".format(data["version"], VERSION))
    for name in data["datasets"]:
        # A name becomes a directory.
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise ValueError("data set name {!r}".format(name))
    stores = {remote: _texts(settings) for remote, settings in data["stores"].items()}
    data_storage = data["data_storage"]
    return Job(
        training=_text(data, "training"),
        revision=_text(data, "revision"),
        training_id=_text(data, "training_id"),
        region=_text(data, "region"),
        app_key=_text(data, "app_key"),
        framework=_text(data, "framework"),
        hosts=[str(host) for host in data["hosts"]],
        processes=None if data["processes"] is None else int(data["processes"]),
        code=_place(data["code"], stores),
        entry_point=_text(data, "entry_point"),
        hyperparameters=_texts(data["hyperparameters"]),
        hyperparameters_json=_text(data, "hyperparameters_json"),
        datasets={name: _place(place, stores) for name, place in data["datasets"].items()},
        checkpoint_input=_maybe_place(data["checkpoint_input"], stores),
        output=_place(data["output"], stores),
        checkpoint=_maybe_place(data["checkpoint"], stores),
        tensorboard=_place(data["tensorboard"], stores),
        logs=_place(data["logs"], stores),
        data_storage=None if data_storage is None else int(data_storage),
        log_management=bool(data["log_management"]),
        grace_seconds=int(data["grace_seconds"]),
        tensorboard_seconds=float(data["tensorboard_seconds"]),
        log_seconds=float(data["log_seconds"]),
        peer_seconds=float(data["peer_seconds"]),
        stores=stores,
        retry_seconds={remote: float(seconds) for remote, seconds in data["retry_seconds"].items()},
    )


def _place(data: Any, stores: Dict[str, Dict[str, str]]) -> Place:
    address, remote = _text(data, "address"), _text(data, "remote")
    if remote not in stores:
        raise ValueError("{} has no store".format(address))
    return Place(address, remote, _text(data, "path"), stores[remote].get("type") == "local")


def _maybe_place(data: Any, stores: Dict[str, Dict[str, str]]) -> Optional[Place]:
    return _place(data, stores) if data else None


def _text(data: Any, key: str) -> str:
    value = data[key]
    if not isinstance(value, str):
        raise TypeError("{} is no text".format(key))
    return value


def _texts(data: Any) -> Dict[str, str]:
    for key, value in data.items():
        # No argument and no variable can hold a NUL.
        if not isinstance(value, str) or "\0" in key + value:
            raise TypeError("{} is no text".format(key))
    return dict(data)
