"""Trainings: what they refer to, and names that become arguments and variables."""

import math
import re

from schemas.compute import GpuFlavor
from schemas.nearest import listed
from schemas.rules.size import core_type, gpu_nodes
from schemas.shape import is_whole
from schemas.spec import Spec, has
from schemas.training import Training


def check(spec: Spec) -> None:
    for name, training in spec.sections["trainings"].items():
        path = ("trainings", name)
        references(spec, training, path)
        image_use(spec, "training", getattr(training, "image", None), (*path, "image"))
        core_type(spec, training, path)
        gpu_nodes(spec, training, path)
        processes(spec, training, path)
        variables(spec, "hyperparameters", getattr(training, "hyperparameters", {}), path)
        variables(spec, "input_data", getattr(training, "input_data", {}), path)


def references(spec: Spec, training: Training, path: tuple[str, str]) -> None:
    """Experiment, image and flavor exist."""
    if has(training, "experiment"):
        spec.refer((*path, "experiment"), training.experiment, "experiment", "experiments")
    image_and_flavor(spec, training, path)


def image_and_flavor(spec: Spec, owner: object, path: tuple[str, ...]) -> None:
    """Image and flavor exist."""
    for key in ("image", "flavor"):
        name = getattr(owner, key, None)
        if name is not None and "platform" in spec.tree:
            spec.refer((*path, key), name, key, "platform", f"{key}s")


def image_use(spec: Spec, use: str, name: str | None, path: tuple[str, ...]) -> None:
    """An image is used for what it is made for."""
    images = getattr(spec.platform, "images", {})
    image = images.get(name)
    if has(image, "use") and image.use != use:
        fitting = [n for n, i in images.items() if getattr(i, "use", "") == use]
        none = f"there is no {use} image" if is_whole(images) else ""
        hint = f"{use} images are {listed(fitting)}" if fitting else none
        spec.report("image-use", path, f"{name!r} is a {image.use} image", hint)


def processes(spec: Spec, training: Training, path: tuple[str, ...]) -> None:
    """Several processes an instance: PyTorch's alone, and a GPU or CPU for each."""
    count, where = getattr(training, "processes_per_node", None), (*path, "processes_per_node")
    if count is None:
        return
    image = getattr(spec.platform, "images", {}).get(getattr(training, "image", None))
    if has(image, "framework") and image.framework != "pytorch":
        message = f"is for PyTorch images; {training.image!r} is of {image.framework}"
        spec.report("processes", where, message, "remove it", at_key=True)
    flavor = getattr(spec.platform, "flavors", {}).get(getattr(training, "flavor", None))
    if flavor is None or not is_whole(flavor):
        return
    gpus = flavor.gpu.count if isinstance(flavor, GpuFlavor) else 0
    most = gpus or math.ceil(flavor.cpu / 1000)
    if count > most:
        unit = "GPU" if gpus else "CPU"
        message = f"{count} processes, but {training.flavor!r} has {most} {unit}{'s'[: most > 1]}"
        spec.report("processes", where, message, f"at most {most}")


def variables(spec: Spec, field: str, given: dict[str, object], path: tuple[str, str]) -> None:
    """No two keys become the same variable: upper case, `-` and `.` as `_`."""
    seen: dict[str, str] = {}
    for key in given:
        variable = re.sub("[-.]", "_", key.upper())
        first = seen.setdefault(variable, key)
        if first != key:
            prefix = "EM_HP_" if field == "hyperparameters" else "EM_DATASET_"
            message = f"becomes the variable {prefix}{variable}, as {first!r} does"
            spec.report("variable-twice", (*path, field, key), message, "rename one", at_key=True)
