import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tools.errors import ToolError
from tools.toolchain import cache
from tools.toolchain.golang import Go
from tools.toolchain.kinds import GoProgram, Tool

ROOT = Path(__file__).parents[3]

# Makes the tool in a process of its own, with each step on a line.
MAKE = """
    import sys
    from pathlib import Path
    from tests.tools.toolchain.conftest import make_tool
    from tools.toolchain import cache, golang

    def say(line):
        print(line, flush=True)

    made = cache.ensure(
        make_tool(Path(sys.argv[1])),
        golang.find("1.21"),
        waiting=lambda: say("waiting"),
        building=lambda: say("building"),
    )
    say(f"made={made}")
"""


def ensure(tool: Tool, go: Go) -> bool:
    return cache.ensure(tool, go, waiting=lambda: None, building=lambda: None)


@pytest.fixture
def start(tool: GoProgram) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Start another process that makes the same tool."""
    processes: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(MAKE), str(tool.folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go: Go) -> Iterator[Path]:
    """A file without which `go build` does not go on; builds are counted beside it."""
    gate = tmp_path / "gate"
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "go").write_text(
        "#!/bin/sh\n"
        'if [ "$1" = build ]; then\n'
        f"  echo $$ >>{tmp_path}/builds\n"
        f"  while [ ! -e {gate} ]; do sleep 0.02; done\n"
        "fi\n"
        f'exec {go.command} "$@"\n'
    )
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    yield gate
    gate.touch()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def builds(tmp_path: Path, least: int) -> list[int]:
    """The builds that have begun, by process id, once there are so many."""
    file = tmp_path / "builds"
    deadline = time.monotonic() + 20
    while not file.exists() or len(file.read_text().split()) < least:
        assert time.monotonic() < deadline, "the build never began"
        time.sleep(0.01)
    return [int(word) for word in file.read_text().split()]


def leftovers(cache_home: Path) -> list[str]:
    return [path.name for path in cache_home.iterdir() if not path.name.endswith(".lock")]


def test_a_tool_is_made_once(tool: GoProgram, go: Go, cache_home: Path) -> None:
    assert ensure(tool, go)
    assert not ensure(tool, go)
    folder = cache.location(tool, go)
    assert folder.parent == cache_home
    assert sorted(path.name for path in folder.iterdir()) == ["small", "tiny"]
    assert subprocess.check_output([folder / "small"], text=True) == "version=1.2.3\n"
    assert leftovers(cache_home) == [folder.name]


def test_the_name_tells_all_that_shapes_the_result(tool: GoProgram, go: Go) -> None:
    names = [cache.location(tool, go)]

    def expect_another(tool: GoProgram, go: Go) -> None:
        names.append(cache.location(tool, go))
        assert len(set(names)) == len(names)

    expect_another(replace(tool, tags="one"), go)
    expect_another(replace(tool, variables={"main.word": "other"}), go)
    expect_another(replace(tool, shown_version="1.2.4"), go)
    expect_another(replace(tool, links=()), go)
    expect_another(tool, replace(go, version=(go.version[0], go.version[1] + 1, 0)))
    expect_another(tool, replace(go, machine="riscv64"))
    expect_another(tool, replace(go, system="plan9"))
    (tool.folder / "main.go").write_text("package main\n\nfunc main() {}\n")
    expect_another(tool, go)
    (tool.folder / "sub").mkdir()
    (tool.folder / "sub" / "data.txt").write_text("new")
    expect_another(tool, go)
    (tool.folder / "sub" / "data.txt").rename(tool.folder / "sub" / "renamed.txt")
    expect_another(tool, go)


def test_the_name_leaves_out_what_does_not_matter(tool: GoProgram, go: Go) -> None:
    before = cache.location(tool, go)
    (tool.folder / "__pycache__").mkdir()
    (tool.folder / "__pycache__" / "x.pyc").write_text("compiled")
    patch_release = replace(go, version=(*go.version[:2], 99))
    assert cache.location(replace(tool, disk_megabytes=5), patch_release) == before


def test_a_failed_build_leaves_nothing(tool: GoProgram, go: Go, cache_home: Path) -> None:
    (tool.folder / "main.go").write_text("package main\n\nfunc main() { nothing() }\n")
    with pytest.raises(ToolError):
        ensure(tool, go)
    assert leftovers(cache_home) == []


def test_an_interrupted_build_leaves_nothing(
    tool: GoProgram,
    go: Go,
    start: Callable[[], "subprocess.Popen[str]"],
    cache_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # An empty compiler cache: Go has its own packages to compile, so it is at work when it ends.
    monkeypatch.setenv("GOCACHE", str(tmp_path / "empty"))
    process = start()
    assert line(process) == "building"
    working = cache_home / f".{cache.location(tool, go).name}.unfinished" / "tmp"
    deadline = time.monotonic() + 30
    while not working.is_dir() or not any(working.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=15)
    assert process.returncode != 0
    assert leftovers(cache_home) == []
    assert _at_work_in(cache_home) == []


def test_what_a_killed_build_left_is_waited_for_and_replaced(
    tool: GoProgram,
    go: Go,
    start: Callable[[], "subprocess.Popen[str]"],
    gate: Path,
    cache_home: Path,
    tmp_path: Path,
) -> None:
    killed = start()
    assert line(killed) == "building"
    builds(tmp_path, 1)
    killed.kill()
    killed.wait(10)
    assert not cache.location(tool, go).exists()

    # Go is still at it, without its parent.
    second = start()
    assert line(second) == "waiting"
    gate.touch()
    assert line(second) == "building"
    assert line(second) == "made=True"
    program = cache.location(tool, go) / "tiny"
    assert subprocess.check_output([program], text=True) == "version=1.2.3\n"
    assert leftovers(cache_home) == [program.parent.name]


def test_what_killed_builds_of_other_versions_left_goes_too(
    tool: GoProgram, go: Go, cache_home: Path
) -> None:
    old = cache_home / ".tiny-0123456789ab.unfinished"
    (old / "tmp").mkdir(parents=True)
    ensure(tool, go)
    assert leftovers(cache_home) == [cache.location(tool, go).name]


def test_several_processes_make_it_once(
    tool: GoProgram,
    go: Go,
    start: Callable[[], "subprocess.Popen[str]"],
    gate: Path,
    tmp_path: Path,
) -> None:
    first = start()
    assert line(first) == "building"
    others = [start(), start()]
    assert [line(other) for other in others] == ["waiting", "waiting"]
    gate.touch()
    assert line(first) == "made=True"
    assert [line(other) for other in others] == ["made=False", "made=False"]
    assert len(builds(tmp_path, 1)) == 1


def _at_work_in(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text()
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found
