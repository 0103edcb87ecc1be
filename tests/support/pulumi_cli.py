"""Pulumi projects of a test's own, run by the real command line."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools import toolchain
from tools.toolchain import elsewhere

PROJECT = """\
name: {name}
runtime:
  name: python
  options: {{toolchain: pip, virtualenv: {virtualenv}}}
"""
STACK = "test"
# What Pulumi says at most where nobody types and nobody waits.
_QUIET = ("--non-interactive", "--color", "never")


def make_home(folder: Path) -> Path:
    """A PULUMI_HOME that holds nothing but the provider, so that a test meets no other plugin."""
    elsewhere.place_provider(toolchain.path(elsewhere.PROVIDER), folder)
    return folder


def environment(home: Path, state: Path) -> dict[str, str]:
    """The environment for Pulumi with a home and a state folder of a test's own."""
    state.mkdir(parents=True, exist_ok=True)
    folder = toolchain.path("pulumi").parent
    # What a person may have set would decide a test's result.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PULUMI_", "PYTHON"))
    }
    return {
        **inherited,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_ERROR_OUTPUT_STRING": "true",
    }


@dataclass
class Project:
    """A Pulumi project in a folder: its program, and its one stack `test`."""

    folder: Path
    environment: dict[str, str]
    name: str = "demo"
    running: list["subprocess.Popen[str]"] = field(default_factory=list)

    def write(self, program: str) -> None:
        """Set the program: a `__main__.py`."""
        (self.folder / "__main__.py").write_text(textwrap.dedent(program))

    def create(self) -> None:
        """Make the folder, its Pulumi.yaml and the stack."""
        self.folder.mkdir(parents=True)
        self.configure()
        self.pulumi("stack", "init", STACK)

    def configure(self, virtualenv: str = sys.prefix, more: str = "") -> None:
        """Write Pulumi.yaml; `more` is further YAML for its end."""
        text = PROJECT.format(name=self.name, virtualenv=virtualenv)
        (self.folder / "Pulumi.yaml").write_text(text + more)

    def pulumi(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run `pulumi ARGUMENTS` to its end; its standard error is part of its output."""
        done = subprocess.run(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=300,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"pulumi {' '.join(arguments)} failed:\n{done.stdout}")
        return done

    def start(self, *arguments: str, ignore_interrupt: bool = False) -> "subprocess.Popen[str]":
        """Start `pulumi ARGUMENTS`, in a process group of its own; `stop` ends what still runs.

        `ignore_interrupt` starts it as a shell starts a background job: with SIGINT ignored.
        """
        before = signal.getsignal(signal.SIGINT)
        if ignore_interrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process = subprocess.Popen(
                self._command(arguments),
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                process_group=0,
            )
        finally:
            signal.signal(signal.SIGINT, before)
        self.running.append(process)
        return process

    def stop(self) -> None:
        """Kill what `start` started and still runs."""
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return ["pulumi", *arguments, *_QUIET]
