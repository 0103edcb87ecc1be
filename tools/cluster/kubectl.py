"""The Kubernetes API, through kubectl."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.errors import ToolError
from tools.process import run


@dataclass(frozen=True)
class Kubectl:
    """kubectl for one cluster. `context` may be empty: then the kubeconfig's current one."""

    binary: Path
    kubeconfig: Path
    context: str = ""

    def argv(self, *arguments: str) -> list[str]:
        """The whole command line."""
        chosen = [f"--context={self.context}"] if self.context else []
        return [str(self.binary), f"--kubeconfig={self.kubeconfig}", *chosen, *arguments]

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Its output. Raises ToolError with its last lines if it fails."""
        return run(self.argv(*arguments), stdin=stdin)

    def try_run(self, *arguments: str) -> str | None:
        """Its output, None if it fails."""
        try:
            return self.run("--request-timeout=5s", *arguments)
        except ToolError:
            return None

    def has(self, kind: str, name: str) -> bool:
        """Whether there is such an object."""
        return self.try_run("get", kind, name, "-o", "name") is not None

    def json(self, *arguments: str) -> Any:
        """Its output, read as JSON."""
        return json.loads(self.run(*arguments, "-o", "json"))

    def ready(self) -> bool:
        """Whether the API server says that it is ready."""
        done = subprocess.run(
            self.argv("--request-timeout=2s", "get", "--raw", "/readyz"),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode == 0
