"""Specs from a file or from a revision of a git repository."""

import os
import posixpath
import subprocess

from schemas import load_any
from schemas.applied import Resolved
from schemas.files import Unreadable
from tools.errors import ToolError

_LINK = "120000"
_FILE = ("100644", "100755")
_LINKS = 20


def spec_at(name: str) -> Resolved:
    """Load a file, or `REVISION:PATH`; a file that exists by the whole name comes first.

    Raises:
        SpecError: the spec cannot be used.
        ToolError: there is no such revision, or no repository.

    """
    revision, colon, path = name.partition(":")
    if not colon or not revision or os.path.lexists(name):
        return load_any(name)
    prefix = ""
    if path.startswith(("./", "../")):  # as git reads it: relative to here
        prefix = _git("rev-parse", "--show-prefix").decode().strip()
    return load_any(posixpath.normpath(prefix + path), GitFiles(revision))


class GitFiles:
    """Files of one revision; names are paths from the root of the repository."""

    def __init__(self, revision: str) -> None:
        found = _git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
        if not found:
            raise ToolError(f"there is no git revision {revision!r}", "see `git log`")
        self.revision = revision
        self.commit = found.decode().strip()

    def identity(self, name: str) -> str:
        """The path after links."""
        return self._resolved(name)[1]

    def read(self, name: str) -> bytes:
        mode, path = self._resolved(name)
        if mode not in _FILE:
            raise Unreadable("file-type", "is a directory or no regular file")
        return _git("cat-file", "blob", f"{self.commit}:{path}")

    def _resolved(self, name: str) -> tuple[str, str]:
        path = name
        for _ in range(_LINKS):
            if path.startswith("../") or path in ("..", "."):
                raise Unreadable("include-outside", "lies outside of the repository")
            # A literal path: git would take `*` for a pattern.
            entry = _git("--literal-pathspecs", "ls-tree", "--full-tree", self.commit, "--", path)
            if not entry:
                raise Unreadable("file-missing", f"does not exist in {self.revision}")
            mode = entry.split(None, 1)[0].decode()
            if mode != _LINK:
                return mode, path
            target = _git("cat-file", "blob", f"{self.commit}:{path}").decode("utf-8", "replace")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        raise Unreadable("file-unreadable", "is a circle of links")


def _git(*arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise ToolError("git is not installed", "REVISION:PATH needs it") from None
    if done.returncode and b"not a git repository" in done.stderr:
        raise ToolError("this is no git repository", "REVISION:PATH needs one")
    return b"" if done.returncode else done.stdout
