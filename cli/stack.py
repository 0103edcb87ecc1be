"""The Pulumi stack of a spec, through the command line `pulumi`."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.errors import ToolError

PROJECT = Path(__file__).resolve().parents[1]
"""Where Pulumi.yaml lies."""
STATE = PROJECT / ".state"
"""The backend that Pulumi.yaml names, and the passphrase of stacks on local clusters."""
PASSPHRASE = STATE / "passphrase"
_QUIET = ("--non-interactive", "--color", "never")
_SHOWN = ("--yes", "--skip-preview", "--suppress-outputs", "--suppress-progress")


@dataclass(frozen=True)
class Stack:
    """One stack by name. Every method raises ToolError with all that Pulumi says if it fails."""

    name: str
    environment: Mapping[str, str]

    @property
    def config_file(self) -> Path:
        return PROJECT / "stacks" / f"Pulumi.{self._short}.yaml"

    @property
    def _short(self) -> str:
        """Without organization and project, which a name may begin with."""
        return self.name.rpartition("/")[2]

    @property
    def resources(self) -> int | None:
        """How many resources its state holds; None if there is no such stack."""
        return _counts(self.pulumi("stack", "ls", "--json")).get(self._short)

    def others(self) -> list[str]:
        """The project's other stacks."""
        return sorted(_counts(self.pulumi("stack", "ls", "--json")).keys() - {self._short})

    def select(self) -> None:
        """Make it if it is missing, and let plain `pulumi` commands mean it."""
        try:
            self.pulumi("stack", "select", "--create", self.name)
        except PulumiError as error:
            backend = os.environ.get("PULUMI_BACKEND_URL") or f"file://{STATE}"
            raise ToolError(
                f"the backend {backend} can't be used: {error.said}",
                "PULUMI_BACKEND_URL names another",
            ) from None

    def config(self) -> dict[str, str]:
        """Its configuration, decrypted, by full key."""
        try:
            text = self._stack("config", "--json", "--show-secrets")
        except PulumiError as error:
            if "passphrase" not in error.said:
                raise
            raise ToolError(
                f"the passphrase does not fit {self.config_file.relative_to(PROJECT)}",
                "set PULUMI_CONFIG_PASSPHRASE_FILE to the file that holds the right one",
            ) from None
        return {key: entry.get("value", "") for key, entry in json.loads(text).items()}

    def set_config(
        self, values: Mapping[str, str], now: Mapping[str, str], secret: bool = False
    ) -> None:
        """Set what differs from how it is `now`; secret values go by standard input."""
        for key, value in values.items():
            if now.get(key) != value:
                kind = "--secret" if secret else "--plaintext"
                self._stack("config", "set", kind, key, stdin=value)

    def up(self, refresh: bool) -> bool:
        """Apply, showing Pulumi's own output. Returns whether anything changed."""
        again = ["--refresh"] if refresh else []
        self._show("up", *_SHOWN, *again)
        last: list[Any] = json.loads(self._stack("stack", "history", "--json", "--page-size", "1"))
        changes = last[0].get("resourceChanges") or {}
        return any(count for kind, count in changes.items() if kind != "same")

    def destroy(self) -> None:
        """Remove what it made, showing Pulumi's own output."""
        self._show("destroy", *_SHOWN)

    def forget(self) -> None:
        """Remove the stack itself and its file, whatever its state says is still there."""
        self.pulumi("stack", "rm", "--yes", "--force", self.name)
        self.config_file.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the stack itself, of which nothing is left; its file is committed and stays."""
        self.pulumi("stack", "rm", "--yes", "--preserve-config", self.name)

    def cancel(self) -> None:
        """Remove every lock, whether its run is over or not."""
        self.pulumi("cancel", "--yes", "--stack", self.name)

    def export(self) -> dict[str, Any]:
        """Its state, secrets as they are kept. Looks at no lock."""
        found: dict[str, Any] = json.loads(self._stack("stack", "export"))
        return found

    def replace(self, state: Mapping[str, Any]) -> None:
        """Set its state; Pulumi checks that it is whole."""
        self._stack("stack", "import", stdin=json.dumps(state))

    def refresh(self, urns: Sequence[str]) -> None:
        """Look at these resources, showing Pulumi's own output. The program does not run."""
        targets = [word for urn in urns for word in ("--target", urn)]
        self._show("refresh", "--run-program=false", *_SHOWN, *targets)

    def outputs(self) -> str:
        """What it says of what it made, as JSON."""
        return self._stack("stack", "output", "--json")

    def pulumi(self, *arguments: str, stdin: str | None = None) -> str:
        """What a command of Pulumi prints."""
        done = subprocess.run(
            [pulumi(), *arguments, *_QUIET],
            env={**os.environ, **self.environment},
            cwd=PROJECT,
            input=stdin or "",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise PulumiError(" ".join(arguments[:2]), done.stderr.strip() or done.stdout.strip())
        return done.stdout

    def _stack(self, *arguments: str, stdin: str | None = None) -> str:
        return self.pulumi(*arguments, "--stack", self.name, stdin=stdin)

    def _show(self, command: str, *arguments: str) -> None:
        """Run a command that changes things.

        An interrupt lets it end in order, so that it leaves no lock; a second ends it at once.
        """
        with subprocess.Popen(
            [pulumi(), command, *arguments, *_QUIET, "--stack", self.name],
            env={**os.environ, **self.environment},
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            # What it says is for people; standard output is for results.
            stdout=sys.stderr,
            # A terminal's interrupt would reach it beside the one that is passed on.
            process_group=0,
        ) as process:
            interrupted = False
            while process.returncode is None:
                try:
                    process.wait()
                except KeyboardInterrupt:
                    interrupted = True
                    process.send_signal(signal.SIGINT)
        if interrupted:
            raise KeyboardInterrupt
        if process.returncode:
            raise ToolError(f"`pulumi {command}` failed with exit code {process.returncode}")


class PulumiError(ToolError):
    """A command of Pulumi failed; `said` is all that it said."""

    def __init__(self, command: str, said: str) -> None:
        self.said = said.removeprefix("error: ")
        super().__init__(f"`pulumi {command}` failed: {self.said}")


def _counts(listed: str) -> dict[str, int]:
    return {
        stack["name"].rpartition("/")[2]: int(stack.get("resourceCount") or 0)
        for stack in json.loads(listed)
    }


def pulumi() -> str:
    """Pulumi beside this Python, where the toolchain puts it, else on PATH."""
    beside = Path(sys.executable).with_name("pulumi")
    found = str(beside) if beside.exists() else shutil.which("pulumi")
    if found is None:
        raise ToolError("pulumi is not installed", "`make toolchain` brings it")
    return found


def environment(name: str, local: bool) -> dict[str, str]:
    """What Pulumi needs for a stack beside the user's environment.

    A stack on a local cluster gets a passphrase of its own if the user gives none. Raises
    ToolError where another one needs it.
    """
    found = without_secrets()
    if {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & os.environ.keys():
        return found
    if not local and not _has_passphrase(Stack(name, found)):
        return found
    if not local:
        raise ToolError(
            "no passphrase for the stack's secrets is given",
            "set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it",
        )
    if not PASSPHRASE.exists():
        STATE.mkdir(mode=0o700, exist_ok=True)
        PASSPHRASE.touch(mode=0o600)
        PASSPHRASE.write_text(secrets.token_urlsafe(32) + "\n", encoding="utf-8")
    return {**found, "PULUMI_CONFIG_PASSPHRASE_FILE": str(PASSPHRASE)}


def _has_passphrase(stack: Stack) -> bool:
    """Whether a passphrase encrypts the stack's secrets, as far as its file and backend tell."""
    file = stack.config_file
    try:
        written = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None
    except (yaml.YAMLError, UnicodeDecodeError):
        written = None  # Pulumi says it better
    known = written if isinstance(written, dict) else {}
    provider = known.get("secretsprovider")
    if provider in (None, "default"):
        # Pulumi Cloud has keys of its own; a salt is a passphrase's all the same.
        cloud = os.environ.get("PULUMI_BACKEND_URL", "").startswith("https://")
        return not cloud or "encryptionsalt" in known
    return bool(provider == "passphrase")


def without_secrets() -> dict[str, str]:
    """The same for commands that decrypt nothing."""
    if not os.environ.get("PULUMI_BACKEND_URL"):
        STATE.mkdir(mode=0o700, exist_ok=True)
        STATE.chmod(0o700)
    return {"PULUMI_SKIP_UPDATE_CHECK": "true"}
