"""The kinds of tool that can be made: what each is made of, and how."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.errors import ToolError
from tools.toolchain import golang
from tools.toolchain.golang import Go

MODULES = Path(__file__).parent.parent / "modules"

Say = Callable[[str], None]
GetTool = Callable[[str], Path]


@dataclass(frozen=True)
class Copy:
    """A usable copy of a tool on this machine."""

    files: Mapping[str, Path]
    """Where each of the names is that the tool provides."""
    version: str
    origin: str
    """In words for people: PATH, plugin install, built, cache."""


def _nowhere() -> None:
    return None


def _not_offered(_get: GetTool, _say: Say) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Tool(ABC):
    """Files that are made together from one Go module of ours in tools/modules/."""

    name: str
    module: str
    """The Go module whose version is the tool's version."""
    shown_version: str = ""
    """For a module whose own version does not tell its release."""
    folder: Path = Path()
    """The folder with the go.mod; by default the one in tools/modules/ with the tool's name."""
    disk_megabytes: int = 0
    """What making it from nothing takes: result, downloads and compiler cache. Measured."""
    linux_only: bool = False
    on_demand: bool = False
    """Only made when asked for by name."""
    elsewhere: Callable[[], Copy | None] = _nowhere
    """Finds a copy that the machine has without us."""
    install: Callable[[GetTool, Say], Copy | None] = _not_offered
    """Gets a ready copy from where its makers offer one, or gives up soon and quietly."""

    def __post_init__(self) -> None:
        if self.folder == Path():
            object.__setattr__(self, "folder", MODULES / self.name)

    @property
    def go_mod(self) -> str:
        return (self.folder / "go.mod").read_text()

    @property
    def version(self) -> str:
        return self.shown_version or golang.required_module(self.go_mod, self.module)

    @property
    @abstractmethod
    def provides(self) -> tuple[str, ...]:
        """The names of the files that it makes."""

    @abstractmethod
    def settings(self) -> list[str]:
        """All that shapes the result beside the folder's files and Go itself."""

    @abstractmethod
    def make(self, work: Path, result: Path, go: Go, keep_open: tuple[int, ...]) -> None:
        """Write the files into `result`.

        `work/source` is a copy of the folder that may be changed, and `work/tmp` takes working
        files; both go away afterwards.
        """


@dataclass(frozen=True, kw_only=True)
class GoProgram(Tool):
    """Static binaries, compiled from a module's packages."""

    packages: tuple[str, ...] = (".",)
    """Import paths. A single one becomes the file `name`, several are named by their last part."""
    tags: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Go string variables that the linker sets. In values, `{version}`, `{major}` and `{minor}`
    stand for the tool's version and its parts."""
    not_inlined: str = ""
    """A pattern of packages that the compiler takes as they are, which saves it a good part."""
    links: tuple[str, ...] = ()
    """Further names of a binary that looks at the name it is called by."""
    embed: tuple[str, str] | None = None
    """A file of the module to put beside the main package first: its path, and the name there."""
    files: tuple[str, ...] = ()
    """Files of the folder that go beside the binaries as they are."""

    @property
    def provides(self) -> tuple[str, ...]:
        if len(self.packages) == 1:
            return (self.name, *self.links)
        return tuple(package.rsplit("/", 1)[-1] for package in self.packages)

    def settings(self) -> list[str]:
        return [*self._flags(), *self.packages, *self.links, *(self.embed or ()), *self.files]

    def make(self, work: Path, result: Path, go: Go, keep_open: tuple[int, ...]) -> None:
        source = work / "source"
        if self.embed:
            origin, name = self.embed
            shutil.copyfile(go.module_folder(self.module, source) / origin, source / name)
        target = f"{result}/" if len(self.packages) > 1 else str(result / self.name)
        go.run(
            ["build", *self._flags(), "-o", target, *self.packages],
            source,
            keep_open=keep_open,
            temporary=work / "tmp",
        )
        for link in self.links:
            (result / link).symlink_to(self.name)
        for file in self.files:
            shutil.copyfile(source / file, result / Path(file).name)

    def _flags(self) -> list[str]:
        major, minor, *_ = (*self.version.split("."), "")
        linker = ["-s", "-w"]
        for variable, value in self.variables.items():
            text = value.format(version=self.version, major=major, minor=minor)
            linker += ["-X", f"{variable}={text}"]
        # Debugging information would be compiled, then thrown away by -s -w: a tenth of the time.
        compiler = ["-trimpath", "-buildvcs=false", "-gcflags", "all=-dwarf=false"]
        if self.not_inlined:
            compiler += ["-gcflags", f"{self.not_inlined}=-dwarf=false -l"]
        return [*compiler, "-tags", self.tags, "-ldflags", " ".join(linker)]


@dataclass(frozen=True, kw_only=True)
class GoModuleFiles(Tool):
    """Files that a module carries, put together into one YAML file called `name`."""

    files: str
    """A glob pattern inside the module."""

    @property
    def provides(self) -> tuple[str, ...]:
        return (self.name,)

    def settings(self) -> list[str]:
        return [self.files]

    def make(self, work: Path, result: Path, go: Go, keep_open: tuple[int, ...]) -> None:
        found = sorted(go.module_folder(self.module, work / "source").glob(self.files))
        if not found:
            raise ToolError(f"{self.module} {self.version} has no {self.files}")
        documents = [path.read_text().strip("\n") for path in found]
        (result / self.name).write_text("\n---\n".join(documents) + "\n")
