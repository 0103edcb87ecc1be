"""The handler contract of TorchServe, as EasyMaker's PyTorch models rely on it.

A handler file has a function `handle(data, context)`, or one class with `initialize(context)` and
`handle(data, context)` or its three steps. `data` is the list under `instances` itself.
"""

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from serving.backend import Call
from serving.errors import Refused, Unusable
from serving.models import packages
from serving.models.context import Context
from serving.models.model import Tensor
from serving.models.plain import plain

Entry = Callable[[Any, Context], Any]
STEPS = ("preprocess", "inference", "postprocess")


def start(folder: Path, manifest: dict[str, Any], code: str) -> "Handler":
    """Import a handler and let it load its model.

    `code` is as a manifest has it: `handler.py`, `handler.py:function`, or the name of one of
    TorchServe's own. Raises Unusable, and whatever the handler does.
    """
    described = manifest["model"]
    requirements = described.get("requirementsFile")
    if requirements:
        packages.install(folder / requirements)
    sys.path.insert(0, str(folder))
    file, _, function = code.partition(":")
    name = Path(file).name.removesuffix(".py")
    module = _import(folder, name)
    context = Context(
        model_name=described.get("modelName", ""),
        model_dir=str(folder),
        manifest=manifest,
        gpu=_gpu(),
        model_yaml_config=_configuration(folder, described.get("configFile")),
    )
    entry, initialize = _entry(module, function)
    initialize(context)
    return Handler(entry, context)


class Handler:
    """Answers with what a handler returns. One call at a time, as a TorchServe worker does."""

    platform = "pytorch_handler"
    parallel = 1

    def __init__(self, entry: Entry, context: Context) -> None:
        self._entry = entry
        self._context = context
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []

    def predict(self, call: Call) -> list[Any]:
        """The handler's list. An exception with an `error_code`, as TorchServe's
        PredictionException has, is an answer of that status."""
        self._context.begin(call.id, call.headers)
        try:
            returned = plain(self._entry(call.instances, self._context))
        except Exception as error:
            status = getattr(error, "error_code", None)
            if isinstance(status, int) and 400 <= status < 600:
                raise Refused(status, str(getattr(error, "message", error))) from None
            raise
        if not isinstance(returned, list):
            kind = type(returned).__name__
            raise Refused(500, f"the handler returned {kind}, not a list of predictions")
        return returned


def _import(folder: Path, name: str) -> ModuleType:
    if (folder / f"{name}.py").is_file():
        return importlib.import_module(name)
    try:
        return importlib.import_module(f"ts.torch_handler.{name}")
    except ModuleNotFoundError as error:
        if error.name is not None and not f"ts.torch_handler.{name}".startswith(error.name):
            raise  # the handler is there, and something that it needs is not
        raise Unusable(
            f"found no {name}.py in the archive, which is what its manifest names as handler"
        ) from None


def _entry(module: ModuleType, function: str) -> tuple[Entry, Callable[[Context], Any]]:
    """What takes requests, and what takes the context first."""
    entry: Any = getattr(module, function or "handle", None)
    if callable(entry):
        return entry, lambda context: entry(None, context)
    kind = _handler_class(module)
    handler = kind()
    initialize = getattr(handler, "initialize", lambda _: None)
    if hasattr(handler, "handle"):
        return handler.handle, initialize
    first, second, third = (getattr(handler, step) for step in STEPS)
    return lambda data, _: third(second(first(data))), initialize


def _handler_class(module: ModuleType) -> type:
    own = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module.__name__
    ]
    fit = [
        member
        for member in own
        if hasattr(member, "handle") or all(hasattr(member, step) for step in STEPS)
    ]
    if len(fit) != 1:
        names = ", ".join(member.__name__ for member in fit) or "none"
        raise Unusable(
            f"found these handlers in {module.__name__}.py: {names}; needed is a function "
            "handle(data, context), or one class with handle() or "
            "preprocess(), inference() and postprocess()"
        )
    return fit[0]


def _gpu() -> int | None:
    """Number of the GPU that a handler should use."""
    try:
        import torch  # noqa: PLC0415 - the image's own framework
    except ImportError:
        return None
    return 0 if torch.cuda.is_available() else None


def _configuration(folder: Path, name: str | None) -> dict[str, Any]:
    """The archive's YAML file of settings."""
    if not name:
        return {}
    import yaml  # noqa: PLC0415 - comes with PyTorch

    data = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    return data if isinstance(data, dict) else {}
