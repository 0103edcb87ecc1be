"""The Go command: found, checked, and run so that builds don't depend on the user's settings."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolError

# Where Go's own archive unpacks to. `sudo` and non-login shells often have no PATH entry for it.
STANDARD_LOCATION = Path("/usr/local/go/bin/go")

_MODULE = r"(?P<module>[\w.~/-]+@v[\w.+-]+)"
_NOT_FETCHED = re.compile(
    rf"{_MODULE}: (?P<cause>"
    r"module lookup disabled by GOPROXY=off|(?:Get|reading) .*(?:dial|lookup|proxyconnect|timeout|"
    r"connection|EOF|TLS|certificate|40\d|410|50\d).*)"
)
_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


@dataclass(frozen=True)
class Go:
    """A usable Go command of version `major.minor.patch` for this machine's platform."""

    command: str
    version: tuple[int, ...]
    system: str
    """The operating system, as Go names it: linux, darwin, windows."""
    machine: str
    """The processor, as Go names it: amd64, arm64."""
    folders: tuple[Path, ...]
    """Where it keeps downloaded modules and compiled packages."""

    @property
    def release(self) -> str:
        return ".".join(map(str, self.version[:2]))

    def run(
        self, arguments: Sequence[str | Path], folder: Path, keep_open: Sequence[int] = ()
    ) -> str:
        """Run `go ARGUMENTS` in a module's folder and return what it printed.

        `keep_open` are file descriptors that it and all that it starts inherit.
        Raises ToolError with the module's name where one could not be fetched, and for a full disk.
        """
        process = subprocess.Popen(
            [self.command, *map(str, arguments)],
            cwd=folder,
            env=self._environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            pass_fds=tuple(keep_open),
        )
        try:
            output, errors = process.communicate()
        except BaseException:
            # Ctrl-C: Go has no more time to write into a folder that is about to go.
            process.terminate()
            process.wait()
            raise
        if process.returncode != 0:
            raise _failure(f"go {arguments[0]}", process.returncode, errors or output)
        return output

    def module_folder(self, module: str, folder: Path) -> Path:
        """Where a module's own files are, fetched if need be, at the version that go.mod names."""
        found = json.loads(self.run(["mod", "download", "-json", module], folder))
        return Path(found["Dir"])

    def _environment(self, folder: Path) -> dict[str, str]:
        # The same sources, flags and platform whatever the user has set for work of their own.
        return {
            **os.environ,
            "CGO_ENABLED": "0",
            "GOFLAGS": "-mod=readonly",
            "GOWORK": "off",
            "GOOS": self.system,
            "GOARCH": self.machine,
            "PWD": str(folder),
        }


def find(needed: str) -> Go:
    """The Go command on PATH, or at Go's standard location; `needed` is the oldest that will do.

    Raises ToolError when there is none, or an older one that may not fetch its successor
    (Go does so by itself unless GOTOOLCHAIN=local).
    """
    command = shutil.which("go") or _standard()
    if command is None:
        raise ToolError(
            f"Go is not installed, and the tools are built with Go {needed} or newer",
            "https://go.dev/dl, or your distribution's package `golang`",
        )
    names = ("GOVERSION", "GOHOSTOS", "GOHOSTARCH", "GOTOOLCHAIN", "GOMODCACHE", "GOCACHE")
    done = subprocess.run(
        [command, "env", "-json", *names], cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ToolError(f"{command} does not work: {done.stderr.strip()}")
    values: dict[str, str] = json.loads(done.stdout)
    version = parse_version(values["GOVERSION"].removeprefix("go"))
    if version < parse_version(needed):
        if values["GOTOOLCHAIN"].startswith("local") or version < (1, 21):
            raise ToolError(
                f"Go {values['GOVERSION'].removeprefix('go')} is too old: "
                f"the tools are built with Go {needed} or newer",
                "https://go.dev/dl, or GOTOOLCHAIN=auto with Go 1.21 or newer",
            )
        version = parse_version(needed)
    return Go(
        command=command,
        version=version,
        system=values["GOHOSTOS"],
        machine=values["GOHOSTARCH"],
        folders=(Path(values["GOMODCACHE"]), Path(values["GOCACHE"])),
    )


def parse_version(text: str) -> tuple[int, ...]:
    """`1.26.8` -> (1, 26, 8); a suffix such as `rc1` is left out."""
    return tuple(int(part) for part in re.findall(r"\d+", text.split("rc")[0].split(" ")[0])[:3])


def required_module(go_mod: str, module: str) -> str:
    """The version at which a go.mod requires a module."""
    found = re.search(rf"^(?:require)?\s+{re.escape(module)} v(\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise ValueError(f"{module} is not required")
    return found[1]


def required_go(go_mod: str) -> str:
    """The oldest Go that a go.mod allows."""
    found = re.search(r"^go (\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise ValueError("no go directive")
    return found[1]


def _standard() -> str | None:
    return str(STANDARD_LOCATION) if os.access(STANDARD_LOCATION, os.X_OK) else None


def _failure(what: str, code: int, output: str) -> ToolError:
    if _NO_SPACE.search(output):
        return ToolError("the disk is full: a build could not write its files")
    missing = _NOT_FETCHED.search(output)
    if missing:
        return ToolError(
            f"the Go module {missing['module']} could not be fetched: {missing['cause']}",
            "is the module mirror reachable? `go env GOPROXY` names it",
        )
    last = "\n".join(output.strip().splitlines()[-8:])
    return ToolError(f"{what} failed with exit code {code}: {last}")


Say = Callable[[str], None]
