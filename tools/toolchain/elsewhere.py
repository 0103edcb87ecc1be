"""Tools that come from elsewhere: on PATH already, or installed by Pulumi itself."""

import os
import shutil
from pathlib import Path

from tools.errors import ToolError
from tools.process import run
from tools.toolchain.golang import parse_version
from tools.toolchain.kinds import Copy, GetTool, Say

# The release of the Kubernetes provider. The Python package of the same version is pinned, because
# the engine looks for the plugin by the version that the package asks for.
PROVIDER_VERSION = "4.25.0"
PROVIDER = "pulumi-resource-kubernetes"
# The oldest Pulumi that runs our program: async programs end quickly from here on, and the project
# file's stackConfigDir is known. Pulumi.yaml says the same.
OLDEST_PULUMI = "3.254.0"
# What tells our own language host from Pulumi's: the file it has beside it.
_OWN_MARK = "run_program.py"
# A provider of 50 MB over a slow line. Where there is no network the answer comes at once.
_INSTALL_SECONDS = 90.0


def pulumi_on_path() -> Copy | None:
    """Pulumi and its Python language host, when both are installed and new enough."""
    pulumi = on_path("pulumi")
    host = on_path("pulumi-language-python")
    if pulumi is None or host is None:
        return None
    try:
        version = run([pulumi, "version"], env=_QUIET, timeout_seconds=30).strip().removeprefix("v")
        if parse_version(version) < parse_version(OLDEST_PULUMI):
            return None
    except (ToolError, ValueError):
        return None
    return Copy({"pulumi": pulumi, "pulumi-language-python": host}, version, f"PATH ({pulumi})")


def on_path(name: str) -> Path | None:
    """The first program of that name on PATH that is none of our own builds or links to them."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which(name, path=folder) if folder else None
        if found and not is_ours(Path(found)):
            return Path(found)
    return None


def is_ours(program: Path) -> bool:
    """Whether a program is one of our own builds, of whatever version, or a link to one."""
    folder = program.resolve().parent
    return (folder / _OWN_MARK).exists() or folder.parent.name == "tools"


def pulumi_home() -> Path:
    """Where Pulumi keeps its plugins, as Pulumi itself finds it."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def provider_location(home: Path) -> Path:
    """The file that Pulumi looks for when a program wants our version of the provider."""
    return home / "plugins" / f"resource-kubernetes-v{PROVIDER_VERSION}" / PROVIDER


def installed_provider() -> Copy | None:
    """The provider as Pulumi has installed it; a link to a built one does not count."""
    file = provider_location(pulumi_home())
    unfinished = file.parent.with_name(f"{file.parent.name}.partial")
    if file.is_symlink() or not file.is_file() or unfinished.exists():
        return None
    return Copy({PROVIDER: file}, PROVIDER_VERSION, "plugin install")


def install_provider(get: GetTool, say: Say) -> Copy | None:
    """Have Pulumi install the provider, where its download site can be reached."""
    pulumi = get("pulumi")
    say(f"asking Pulumi for its Kubernetes provider {PROVIDER_VERSION}")
    install = ["plugin", "install", "resource", "kubernetes", PROVIDER_VERSION]
    try:
        run([pulumi, *install], env=_QUIET, timeout_seconds=_INSTALL_SECONDS)
    except ToolError:
        return None
    return installed_provider()


def place_provider(provider: Path, home: Path) -> None:
    """Put a built provider where Pulumi looks for it, so that no file has to name its path."""
    file = provider_location(home)
    if file.resolve() == provider.resolve():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    new.symlink_to(provider)
    new.replace(file)
    # Pulumi takes a plugin with this mark for a download that was cut off.
    file.parent.with_name(f"{file.parent.name}.partial").unlink(missing_ok=True)


_QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
