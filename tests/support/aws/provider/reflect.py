"""What pulumi-aws says that each type may and must be given and has, as plain data.

Runs in the project's own environment. The plugin reads the data: importing the whole SDK would take
it seconds each time that the engine starts it.
"""

import hashlib
import importlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, get_args, get_origin

from pulumi import _types

from tests.support.aws.provider import diff
from tools.dirs import cache_dir


def write() -> Path:
    """The file with the data of every type that has replacement rules; made once."""
    tokens = sorted(diff.rules())
    told = json.dumps([metadata.version("pulumi-aws"), tokens, Path(__file__).read_text()])
    key = hashlib.sha256(told.encode()).hexdigest()[:12]
    path = cache_dir() / "tests" / f"aws-types-{key}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        # The SDK warns of what is in it as it is imported, and stays in memory for good.
        command = [sys.executable, "-W", "ignore", "-m", __name__, str(unfinished), *tokens]
        subprocess.run(command, check=True, cwd=Path(__file__).parents[4])
        unfinished.rename(path)
    return path


def describe(token: str) -> dict[str, Any]:
    """`inputs` and `properties` of a type, e.g. of `aws:eks/nodeGroup:NodeGroup`."""
    package, _, _ = token.split(":")[1].partition("/")
    module, name = importlib.import_module(f"pulumi_aws.{package}"), token.rpartition(":")[2]
    # Where a nested type has taken its name, the arguments have another.
    given = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
    properties = sorted(_types.resource_types(getattr(module, name)))
    return {"inputs": _fields(given, ()), "properties": properties}


def _fields(kind: type, above: tuple[type, ...]) -> dict[str, Any]:
    names = _types.input_type_py_to_pulumi_names(kind)
    types = _types.input_type_types(kind)
    parameters = inspect.signature(kind.__init__).parameters  # type: ignore[misc]
    return {
        known: {
            "required": parameters[name].default is inspect.Parameter.empty,
            **_shape(types[known], (*above, kind)),
        }
        for name, known in names.items()
        if name in parameters
    }


def _shape(kind: Any, above: tuple[type, ...]) -> dict[str, Any]:
    kind = _resolved(kind)
    origin = get_origin(kind)
    if isinstance(kind, type) and _types.is_input_type(kind):
        # A type that holds itself is not followed for ever.
        return {"is": "any"} if kind in above else {"is": "object", "of": _fields(kind, above)}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return {"is": "list", "of": _shape(get_args(kind)[0], above)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"is": "map"}
    return {"is": "one" if kind in (str, int, bool, float) else "any"}


def _resolved(kind: Any) -> Any:
    """A type without what may stand for a value of it: None, an output, something awaited."""
    if getattr(get_origin(kind), "__name__", "") not in ("Union", "UnionType"):
        return kind
    for part in get_args(kind):
        name = getattr(get_origin(part) or part, "__name__", "")
        if name not in ("NoneType", "Awaitable", "Output"):
            return part
    return kind


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps({token: describe(token) for token in sys.argv[2:]}))
