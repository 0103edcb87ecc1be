"""A tiny Go module as a tool, and a cache of the test's own."""

from pathlib import Path

import pytest

from tools.toolchain import golang
from tools.toolchain.golang import Go
from tools.toolchain.kinds import GoProgram

MAIN = """\
package main

import "os"

var word = "nothing"

func main() { os.Stdout.WriteString(word + "\\n") }
"""


def make_tool(folder: Path) -> GoProgram:
    """A tool of one small program, which needs nothing but Go's own packages."""
    folder.mkdir(exist_ok=True)
    (folder / "go.mod").write_text("module example.com/tiny\n\ngo 1.21\n")
    (folder / "main.go").write_text(MAIN)
    return GoProgram(
        name="tiny",
        module="example.com/tiny",
        shown_version="1.2.3",
        folder=folder,
        variables={"main.word": "version={version}"},
        links=("small",),
    )


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder under which tools are cached in this test."""
    # Go's own caches stay: what it has compiled once need not be compiled again.
    go = golang.find("1.21")
    monkeypatch.setenv("GOCACHE", str(go.build_cache))
    monkeypatch.setenv("GOMODCACHE", str(go.module_cache))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "easymaker" / "tools"


@pytest.fixture
def tool(tmp_path: Path) -> GoProgram:
    return make_tool(tmp_path / "tiny")


@pytest.fixture
def go() -> Go:
    return golang.find("1.21")
