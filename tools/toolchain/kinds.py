"""The kinds of tool that can be made: what each is made of, and how."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.toolchain import golang
from tools.toolchain.golang import Go

MODULES = Path(__file__).parent.parent / "modules"


@dataclass(frozen=True, kw_only=True)
class Tool(ABC):
    """Files that are made together from one folder of tools/modules/."""

    name: str
    """Also the folder's name."""
    module: str
    """The Go module whose version is the tool's version."""
    shown_version: str = ""
    """For a module whose own version does not tell its release."""
    linux_only: bool = False
    on_demand: bool = False
    """Only made when asked for by name."""
    folder_override: Path | None = None

    @property
    def folder(self) -> Path:
        return self.folder_override or MODULES / self.name

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
    def make(self, source: Path, result: Path, go: Go, keep_open: tuple[int, ...]) -> None:
        """Write the files into `result`; `source` is a copy of the folder that may be changed."""


@dataclass(frozen=True, kw_only=True)
class GoProgram(Tool):
    """Static binaries, compiled from a module's packages."""

    packages: tuple[str, ...] = (".",)
    """Import paths. A single one becomes the file `name`, several are named by their last part."""
    tags: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Go string variables that the linker sets; `{version}` in a value is the tool's version."""
    links: tuple[str, ...] = ()
    """Further names of a binary that looks at the name it is called by."""
    embed: tuple[str, str] | None = None
    """A file of the module to put beside the main package first: its path, and the name there."""

    @property
    def provides(self) -> tuple[str, ...]:
        if len(self.packages) == 1:
            return (self.name, *self.links)
        return tuple(package.rsplit("/", 1)[-1] for package in self.packages)

    def settings(self) -> list[str]:
        return [*self._flags(), *self.packages, *self.links, *(self.embed or ())]

    def make(self, source: Path, result: Path, go: Go, keep_open: tuple[int, ...]) -> None:
        if self.embed:
            origin, name = self.embed
            shutil.copyfile(go.module_folder(self.module, source) / origin, source / name)
        target = f"{result}/" if len(self.packages) > 1 else str(result / self.name)
        go.run(["build", *self._flags(), "-o", target, *self.packages], source, keep_open)
        for link in self.links:
            (result / link).symlink_to(self.name)

    def _flags(self) -> list[str]:
        linker = ["-s", "-w"]
        for variable, value in self.variables.items():
            linker += ["-X", f"{variable}={value.format(version=self.version)}"]
        return ["-trimpath", "-buildvcs=false", "-tags", self.tags, "-ldflags", " ".join(linker)]


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

    def make(self, source: Path, result: Path, go: Go, keep_open: tuple[int, ...]) -> None:
        found = sorted(go.module_folder(self.module, source).glob(self.files))
        documents = [path.read_text().strip("\n") for path in found]
        (result / self.name).write_text("\n---\n".join(documents) + "\n")
