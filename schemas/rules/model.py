"""Models: where they come from, and who serves them."""

from schemas.model import Model
from schemas.spec import Spec, has


def check(spec: Spec) -> None:
    for name, model in spec.sections["models"].items():
        path = ("models", name)
        source(spec, model, path)
        framework_of_training(spec, model, path)


def source(spec: Spec, model: Model, path: tuple[str, str]) -> None:
    """A model comes from a training or from a path."""
    raw = spec.names(*path)
    if "training" in raw and "path" in raw:
        message = "has both 'training' and 'path'"
        spec.report("model-source", path, message, "a model has one source", at_key=True)
    elif "training" not in raw and "path" not in raw:
        message = "has neither 'training' nor 'path'"
        spec.report("model-source", path, message, "a model has one source", at_key=True)
    if has(model, "training") and model.training is not None:
        spec.refer((*path, "training"), model.training, "training", "trainings")


def framework_of_training(spec: Spec, model: Model, path: tuple[str, str]) -> None:
    """A model is of the framework that its training's image holds."""
    if not has(model, "training", "framework") or model.training is None:
        return
    training = spec.sections["trainings"].get(model.training)
    image_name = getattr(training, "image", None)
    image = getattr(spec.platform, "images", {}).get(image_name)
    if not has(image, "framework") or image.framework in ("python", model.framework):
        return
    message = (
        f"is {model.framework}, but training {model.training!r} runs in the "
        f"{image.framework} image {image_name!r}"
    )
    spec.report("model-framework", (*path, "framework"), message)
