"""The Go command: found, checked, and run so that builds don't depend on the user's settings."""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolError

# Where Go's own archive unpacks to. `sudo` and non-login shells often have no PATH entry for it.
STANDARD_LOCATION = Path("/usr/local/go/bin/go")

_NOT_FETCHED = re.compile(
    r"^.*(?:GOPROXY=off|Get \"|dial tcp|connection refused|no such host|i/o timeout).*$",
    re.MULTILINE,
)
_MODULE = re.compile(r"([\w.~/-]+@v[\w.+-]+): (.*)")
_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
# How long Go gets to remove its own working files when it is interrupted.
_GRACE_SECONDS = 5.0

_running: set[subprocess.Popen[str]] = set()
_running_lock = threading.Lock()


@dataclass(frozen=True)
class Go:
    """A usable Go command, and the platform that it builds for: this machine's."""

    command: str
    version: tuple[int, ...]
    system: str
    """The operating system, as Go names it: linux, darwin."""
    machine: str
    """The processor, as Go names it: amd64, arm64."""
    module_cache: Path
    build_cache: Path

    @property
    def release(self) -> str:
        """Major and minor version. Patch releases of one compile the same way."""
        return ".".join(map(str, self.version[:2]))

    def run(
        self,
        arguments: Sequence[str | Path],
        folder: Path,
        *,
        keep_open: Sequence[int] = (),
        temporary: Path | None = None,
    ) -> str:
        """Run `go ARGUMENTS` in a module's folder and return what it printed.

        `keep_open` are file descriptors that it and all that it starts inherit; `temporary` is
        the folder for its working files. Raises ToolError with the module's name where one could
        not be fetched, and for a full disk.
        """
        process = subprocess.Popen(
            [self.command, *map(str, arguments)],
            cwd=folder,
            env=self._environment(folder, temporary),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            pass_fds=tuple(keep_open),
            process_group=0,
        )
        with _running_lock:
            _running.add(process)
        try:
            output, errors = process.communicate()
        except BaseException:
            _end(process)
            raise
        finally:
            with _running_lock:
                _running.discard(process)
        if process.returncode != 0:
            raise _failure(f"go {arguments[0]}", process.returncode, errors or output, folder)
        return output

    def module_folder(self, module: str, folder: Path) -> Path:
        """Where a module's own files are, fetched if need be, at the version that go.mod names."""
        self.run(["mod", "download", module], folder)
        return Path(self.run(["list", "-m", "-f", "{{.Dir}}", module], folder).strip())

    def _environment(self, folder: Path, temporary: Path | None) -> dict[str, str]:
        # The same sources, flags and platform, whatever the user has set for work of their own.
        return {
            **os.environ,
            "CGO_ENABLED": "0",
            "GOFLAGS": "-mod=readonly",
            "GOWORK": "off",
            "GOOS": self.system,
            "GOARCH": self.machine,
            "PWD": str(folder),
            **({"GOTMPDIR": str(temporary)} if temporary else {}),
        }


def find(needed: str) -> Go:
    """The Go command on PATH, or at Go's standard location; `needed` is the oldest that will do.

    Raises ToolError when there is none, or an older one that may not fetch its successor
    (Go does so by itself unless GOTOOLCHAIN=local).
    """
    command = shutil.which("go") or shutil.which(str(STANDARD_LOCATION))
    if command is None:
        raise ToolError(
            f"Go is not installed, and the tools are built with Go {needed} or newer",
            "get it from go.dev/dl, or as your distribution's package golang",
        )
    names = ("GOVERSION", "GOHOSTOS", "GOHOSTARCH", "GOTOOLCHAIN", "GOMODCACHE", "GOCACHE")
    done = subprocess.run(
        [command, "env", "-json", *names], cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ToolError(f"{command} does not work: {done.stderr.strip()}")
    values: dict[str, str] = json.loads(done.stdout)
    here = values["GOVERSION"].removeprefix("go")
    version = parse_version(here)
    if version < parse_version(needed):
        if values["GOTOOLCHAIN"].startswith("local") or version < (1, 21):
            raise ToolError(
                f"Go {here} is too old: the tools are built with Go {needed} or newer",
                "get it from go.dev/dl, or set GOTOOLCHAIN=auto with Go 1.21 or newer",
            )
        version = parse_version(needed)
    return Go(
        command=command,
        version=version,
        system=values["GOHOSTOS"],
        machine=values["GOHOSTARCH"],
        module_cache=Path(values["GOMODCACHE"]),
        build_cache=Path(values["GOCACHE"]),
    )


def stop_all() -> None:
    """End every Go command that runs, in whatever thread."""
    with _running_lock:
        processes = list(_running)
    for process in processes:
        _end(process)


def parse_version(text: str) -> tuple[int, ...]:
    """`1.26.8` -> (1, 26, 8), `v3.254.0-alpha.1` -> (3, 254, 0)."""
    found = re.match(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?", text)
    if found is None:
        raise ValueError(f"not a version: {text!r}")
    return tuple(int(part) for part in found.groups(default="0"))


def required_module(go_mod: str, module: str) -> str:
    """The version at which a go.mod requires a module, without its `v`."""
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


def _end(process: subprocess.Popen[str]) -> None:
    # SIGINT is the signal after which Go removes its working files.
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(_GRACE_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _failure(what: str, code: int, output: str, folder: Path) -> ToolError:
    if _NO_SPACE.search(output):
        return ToolError("the disk is full: a build could not write its files")
    not_fetched = _NOT_FETCHED.search(output)
    if not_fetched:
        named = _MODULE.search(not_fetched[0])
        if named:
            which, cause = f"the Go module {named[1]}", named[2]
        else:
            which, cause = f"a Go module of {_own_name(folder)}", not_fetched[0].split(": ")[-1]
        return ToolError(
            f"{which} could not be fetched: {cause}",
            "is the module mirror that `go env GOPROXY` names reachable?",
        )
    last = "\n".join(output.strip().splitlines()[-8:])
    return ToolError(f"{what} failed with exit code {code}: {last}")


def _own_name(folder: Path) -> str:
    return (folder / "go.mod").read_text().split("\n", 1)[0].removeprefix("module ")
