"""The job document: what this run is, as the platform wrote it into the pod.

It travels as a file and not as container variables, because the kubelet expands `$(NAME)` in
those and every value must arrive as typed.
"""

import json
from typing import Any, Dict, NamedTuple, Optional

from launcher.causes import BROKEN_JOB, Ended

VERSION = 1


class Place(NamedTuple):
    """A place in object storage: where rclone finds it, and how its user calls it."""

    address: str
    remote: str
    path: str

    def child(self, name: str) -> "Place":
        return Place(self.address + "/" + name, self.remote, self.path + "/" + name)


class Job(NamedTuple):
    """One training. Hyperparameters are text as typed; `hyperparameters_json` is EM_HPS as it is.

    `stores` holds the rclone settings of every remote. Its credentials are RCLONE_CONFIG_*
    variables that the pod takes from a Secret.
    """

    training: str
    revision: str
    training_id: str
    region: str
    app_key: str
    code: Place
    entry_point: str
    hyperparameters: Dict[str, str]
    hyperparameters_json: str
    datasets: Dict[str, Place]
    checkpoint_input: Optional[Place]
    output: Place
    log_management: bool
    grace_seconds: int
    stores: Dict[str, Dict[str, str]]


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
    checkpoint_input = data["checkpoint_input"]
    return Job(
        training=_text(data, "training"),
        revision=_text(data, "revision"),
        training_id=_text(data, "training_id"),
        region=_text(data, "region"),
        app_key=_text(data, "app_key"),
        code=_place(data["code"], stores),
        entry_point=_text(data, "entry_point"),
        hyperparameters=_texts(data["hyperparameters"]),
        hyperparameters_json=_text(data, "hyperparameters_json"),
        datasets={name: _place(place, stores) for name, place in data["datasets"].items()},
        checkpoint_input=_place(checkpoint_input, stores) if checkpoint_input else None,
        output=_place(data["output"], stores),
        log_management=bool(data["log_management"]),
        grace_seconds=int(data["grace_seconds"]),
        stores=stores,
    )


def _place(data: Any, stores: Dict[str, Dict[str, str]]) -> Place:
    place = Place(_text(data, "address"), _text(data, "remote"), _text(data, "path"))
    if place.remote not in stores:
        raise ValueError("{} has no store".format(place.address))
    return place


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
