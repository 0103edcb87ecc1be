"""`make toolchain`: bring every tool, link those that people call, and show what there is."""

import importlib.metadata
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tools.errors import ToolError
from tools.toolchain import elsewhere
from tools.toolchain.definitions import TOOLS
from tools.toolchain.kinds import Copy, Tool
from tools.toolchain.obtain import minutes, obtain_all

_SHOWN_NAMES = 3
# What people call by name, once the virtual environment is activated. Pulumi's provider is not
# among them: found on PATH, it would be used without a look at its version, and with a warning.
_LINKED = ("pulumi", "pulumi-language-python", "kubectl")


def main() -> int:
    """Bring the tools; the exit code. What a person can set right is one sentence."""
    try:
        _bring()
    except ToolError as error:
        sys.stderr.write(f"toolchain: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("toolchain: stopped\n")
        return 130
    return 0


def _bring() -> None:
    check_sdk()
    wanted = [tool for tool in TOOLS if not tool.on_demand and _fits(tool)]
    started = time.monotonic()
    copies = obtain_all(
        wanted, lambda line: _print(f"[{minutes(time.monotonic() - started)}] {line}")
    )
    provider = copies[elsewhere.PROVIDER].files[elsewhere.PROVIDER]
    elsewhere.place_provider(provider, elsewhere.pulumi_home())
    if sys.prefix != sys.base_prefix:
        link(Path(sys.prefix) / "bin", copies)
    _print(table(TOOLS, copies))


def check_sdk() -> None:
    """Raise ToolError unless the Python SDK is of the release that the provider is."""
    package = "pulumi-kubernetes"
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise ToolError(f"{package} is not installed in {sys.prefix}", "make setup") from None
    if version != elsewhere.PROVIDER_VERSION:
        raise ToolError(
            f"{package} is {version}, and the provider is {elsewhere.PROVIDER_VERSION}: "
            "Pulumi would look for another one",
            "make setup installs the pinned version",
        )


def link(folder: Path, copies: Mapping[str, Copy]) -> None:
    """Link the programs that people call, where they are our own builds, into a folder of PATH."""
    files = {name: file for copy in copies.values() for name, file in copy.files.items()}
    for name in _LINKED:
        place = folder / name
        if place.is_symlink() and elsewhere.is_ours(place):
            place.unlink()
        if name in files and elsewhere.is_ours(files[name]) and not place.exists():
            place.symlink_to(files[name])


def table(tools: Sequence[Tool], copies: Mapping[str, Copy]) -> str:
    """What there is: tool, version, where from."""
    rows = [("tool", "version", "where from")]
    for tool in tools:
        copy = copies.get(tool.name)
        label = tool.name if len(tool.provides) > _SHOWN_NAMES else ", ".join(tool.provides)
        if copy:
            rows.append((label, copy.version, copy.origin))
        elif not _fits(tool):
            rows.append((label, tool.version, "only on Linux"))
        else:
            rows.append((label, tool.version, "built when first needed"))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{a:{widths[0]}}  {b:{widths[1]}}  {c}" for a, b, c in rows)


def _fits(tool: Tool) -> bool:
    return sys.platform == "linux" or not tool.linux_only


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _terminated(number: int, _frame: FrameType | None) -> NoReturn:
    # Builds end, and what they had begun is removed, as after Ctrl-C.
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(main())
