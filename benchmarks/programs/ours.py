"""The project's own program. Only waits for what becomes of the objects are off."""

import atexit
import runpy
from pathlib import Path
from typing import Any

from benchmarks.programs import write_memory
from components import objects

PROJECT = Path(__file__).parents[2]


def main() -> None:
    """Run `__main__.py` of the project."""
    atexit.register(write_memory)
    register = objects.KubernetesObject.__init__

    def without_await(
        self: objects.KubernetesObject, name: str, manifest: dict[str, Any], opts: Any
    ) -> None:
        metadata = manifest["metadata"]
        annotations = {**metadata.get("annotations", {}), "pulumi.com/skipAwait": "true"}
        register(
            self, name, {**manifest, "metadata": {**metadata, "annotations": annotations}}, opts
        )

    objects.KubernetesObject.__init__ = without_await  # type: ignore[method-assign]
    runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__")
