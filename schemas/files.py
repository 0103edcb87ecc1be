"""A spec's main file with all that it includes, merged into one tree.

Paths in `include:` are relative to the file that includes; what a file declares twice, or two
files between them, is an error that names both places. Files are read inside the project only: the
nearest folder above the main file that holds `Pulumi.yaml` or `.git`, else the main file's own.
"""

import os
import stat
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from schemas.base import shown
from schemas.errors import Issue, Position, SpecError, dotted
from schemas.parse import MAX_BYTES, decode, parse
from schemas.tree import Map, Mark, Seq, Source

MAX_FILES = 1000
_HEADER = ("api_version", "kind")
OWN_KEYS = (*_HEADER, "workspace", "cluster")
"""Those of the main file: it alone says what it is."""


class Unreadable(Exception):
    """A file cannot be read: the rule that it breaks, and why."""

    def __init__(self, rule: str, message: str, hint: str = "") -> None:
        self.rule, self.message, self.hint = rule, message, hint
        super().__init__(message)


class Files(Protocol):
    """Where files come from: the disk, or a revision of a repository."""

    def identity(self, name: str) -> str:
        """What two names of one file have in common. Raises `Unreadable`."""

    def read(self, name: str) -> bytes:
        """The content of a file. Raises `Unreadable`."""


class Disk:
    """Files on disk, inside the project of the main file."""

    def __init__(self, main: str) -> None:
        self.main = main

    @cached_property
    def root(self) -> Path:
        """The project's folder."""
        folder = Path(self.identity(self.main)).parent
        return next((p for p in (folder, *folder.parents) if _is_project(p)), folder)

    def identity(self, name: str) -> str:
        try:
            path = Path(os.path.realpath(name))
        except ValueError as error:  # a NUL in the name
            raise Unreadable("file-unreadable", f"cannot be read: {error}") from None
        if name != self.main and not path.is_relative_to(self.root):
            hint = "files are read below the folder that holds Pulumi.yaml or .git"
            raise Unreadable("include-outside", "lies outside of the project", hint)
        return str(path)

    def read(self, name: str) -> bytes:
        try:
            status = os.stat(name)
            if not stat.S_ISREG(status.st_mode):
                what = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
                raise Unreadable("file-type", f"is {what}")
            with open(name, "rb") as file:
                return file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            raise Unreadable("file-missing", "does not exist") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise Unreadable("file-unreadable", f"cannot be read: {reason.lower()}") from None


def _is_project(folder: Path) -> bool:
    return (folder / "Pulumi.yaml").exists() or (folder / ".git").exists()


@dataclass
class Loaded:
    """What was read: one tree, and what is wrong with it so far."""

    tree: Map | None = None
    """None: the main file could not be read."""
    names: list[str] = field(default_factory=list)
    """Of the files in the order of reading, main file first: the order of errors."""
    sources: dict[str, Source] = field(default_factory=dict)
    """Those that are text."""
    issues: list[Issue] = field(default_factory=list)
    broken: bool = False
    """Whether a file is missing from the tree, so that references cannot be judged."""


def read_spec(main: str, files: Files, merged: dict[str, frozenset[str]]) -> Loaded:
    """Read a spec. `merged` names the sections whose entries merge; for each, its subsections."""
    loaded = Loaded()
    _Reader(files, merged, loaded).read_main(main)
    return loaded


class _Reader:
    def __init__(self, files: Files, merged: dict[str, frozenset[str]], loaded: Loaded) -> None:
        self.files = files
        self.merged = merged
        self.loaded = loaded
        self.open: list[str] = []
        self.done: set[str] = set()

    def read_main(self, main: str) -> None:
        try:
            identity = self.files.identity(main)
            content = self.files.read(main)
        except Unreadable as error:
            self.loaded.broken = True
            at = Position(main, 1, 1)
            message = f"the file {error.message}"
            self.loaded.issues.append(Issue(error.rule, at, "", message, error.hint))
            return
        self.take(main, identity, content)

    def take(self, name: str, identity: str, content: bytes) -> None:
        self.done.add(identity)
        self.loaded.names.append(name)
        try:
            source = decode(content, name)
            self.loaded.sources[name] = source
            tree, issues = parse(source)
        except SpecError as error:
            self.loaded.broken = True
            self.loaded.issues += error.issues
            return
        self.loaded.issues += issues
        includes, at = tree.pop("include", None), tree.marks.get("include")
        if self.loaded.tree is None:
            self.loaded.tree = tree
        else:
            self.drop_header(self.loaded.tree, tree)
            self.merge(self.loaded.tree, tree, ())
        if at is not None:
            self.open.append(identity)
            self.include(name, includes, at)
            self.open.pop()

    def include(self, parent: str, includes: object, at: Mark) -> None:
        if not isinstance(includes, Seq):
            if includes is not None:
                self.loaded.broken = True
                message = f"must be a list of files, not {shown(includes)}"
                self.issue("include", at, ("include",), message, "such as [platform/dev.yaml]")
            return
        for index, text in enumerate(includes):
            mark = includes.marks[index]
            path = ("include", index)
            if text is None:
                continue
            if not isinstance(text, str) or not text:
                self.loaded.broken = True
                self.issue("include", mark, path, f"must be the path of a file, not {shown(text)}")
                continue
            try:
                self.include_one(parent, text, mark, path)
            except Unreadable as error:
                self.loaded.broken = True
                message = f"{shown(text)} {error.message}"
                self.issue(error.rule, mark, path, message, error.hint)

    def include_one(self, parent: str, text: str, mark: Mark, path: tuple[str | int, ...]) -> None:
        if text.startswith(("/", "~")) or "\\" in text or not text.isprintable():
            raise Unreadable("include", "is no relative path", "such as platform/dev.yaml")
        name = os.path.normpath(os.path.join(os.path.dirname(parent), text))
        identity = self.files.identity(name)
        if identity in self.open:
            raise Unreadable("include-cycle", "includes this file again", "remove one of the two")
        if identity in self.done:
            return
        if len(self.done) >= MAX_FILES:
            raise Unreadable("include-count", f"is one file more than {MAX_FILES}")
        self.take(name, identity, self.files.read(name))

    def issue(
        self, rule: str, mark: Mark, path: tuple[str | int, ...], message: str, hint: str = ""
    ) -> None:
        at = mark.source.position(mark.line, mark.column)
        self.loaded.issues.append(Issue(rule, at, dotted(path), message, hint))

    def drop_header(self, main: Map, tree: Map) -> None:
        """An included file may repeat the header, so that an editor knows what it is."""
        for key in OWN_KEYS:
            if key not in tree:
                continue
            value, mark = tree.pop(key), tree.marks[key]
            if key not in _HEADER:
                self.issue("include-header", mark, (key,), "belongs in the main file only")
            elif key in main and main[key] != value:
                message = f"is {shown(value)} here, but {shown(main[key])} in the main file"
                self.issue("include-header", mark, (key,), message)

    def merge(self, into: Map, tree: Map, path: tuple[str, ...]) -> None:
        for key, value in tree.items():
            mark = tree.marks[key]
            if key not in into:
                into[key], into.marks[key] = value, mark
                continue
            old = into[key]
            if self.merges((*path, key)) and isinstance(value, Map) and isinstance(old, Map):
                # A copy: the mapping may be shared with an alias elsewhere.
                fresh = Map()
                fresh.update(old)
                fresh.marks.update(old.marks)
                into[key] = fresh
                self.merge(fresh, value, (*path, key))
                continue
            first = into.marks[key]
            where = first.source.position(first.key_line, first.key_column)
            at = mark.source.position(mark.key_line, mark.key_column)
            message = f"this key is declared twice, first at {where}"
            self.loaded.issues.append(
                Issue("duplicate-key", at, dotted((*path, key)), message, "remove one", (where,))
            )

    def merges(self, path: tuple[str, ...]) -> bool:
        if len(path) == 1:
            return path[0] in self.merged
        return len(path) == 2 and path[1] in self.merged[path[0]]
