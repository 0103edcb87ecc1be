import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tools.errors import ToolError
from tools.toolchain import golang, obtain
from tools.toolchain.definitions import TOOLS
from tools.toolchain.golang import Go
from tools.toolchain.kinds import Copy, GetTool, GoProgram, Say


def no_go() -> Go:
    raise AssertionError("Go is not needed")


@pytest.fixture
def theirs(tmp_path: Path) -> Copy:
    return Copy({"tiny": tmp_path / "theirs"}, "9.9", "PATH")


def quiet(_line: str) -> None:
    pass


def test_what_is_there_already_is_taken_without_go(tool: GoProgram, theirs: Copy) -> None:
    there = replace(tool, elsewhere=lambda: theirs)
    assert obtain.obtain(there, no_go, quiet) is theirs


def test_what_its_makers_offer_comes_before_a_build(tool: GoProgram, go: Go, theirs: Copy) -> None:
    offered = replace(tool, install=lambda get, say: theirs)
    assert obtain.obtain(offered, lambda: go, quiet) is theirs


def test_what_was_built_comes_before_what_its_makers_offer(tool: GoProgram, go: Go) -> None:
    assert obtain.obtain(tool, lambda: go, quiet).origin == "built"

    def install(_get: GetTool, _say: Say) -> Copy:
        raise AssertionError("not to be asked")

    assert obtain.obtain(replace(tool, install=install), lambda: go, quiet).origin == "cache"


def test_a_build_says_what_it_does(tool: GoProgram, go: Go) -> None:
    said: list[str] = []
    copy = obtain.obtain(tool, lambda: go, said.append)
    assert said[0] == "building tiny 1.2.3"
    assert said[1].startswith("built tiny in 0:")
    assert copy.version == "1.2.3"
    assert subprocess.check_output([copy.files["tiny"]], text=True) == "version=1.2.3\n"


def test_an_unknown_tool_is_named_with_what_there_is() -> None:
    with pytest.raises(ToolError, match=r"no tool called kubctl \(there are .*kubectl"):
        obtain.by_name("kubctl")


def test_too_little_space_is_said_before_anything_is_built(
    tool: GoProgram, go: Go, cache_home: Path
) -> None:
    huge = replace(tool, disk_megabytes=10**9)
    with pytest.raises(ToolError, match=r"building tiny takes about 1000000\.0 GB of disk, and"):
        obtain.obtain(huge, lambda: go, quiet)
    assert not any(path.is_dir() for path in cache_home.iterdir())


def test_all_are_brought(tool: GoProgram, tmp_path: Path, theirs: Copy) -> None:
    there = replace(tool, name="there", elsewhere=lambda: theirs)
    copies = obtain.obtain_all([tool, there], quiet)
    assert {name: copy.origin for name, copy in copies.items()} == {
        "tiny": "built",
        "there": "PATH",
    }


ENDLESS_SECONDS = 600


@pytest.fixture
def endless_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go: Go) -> Iterator[Path]:
    """`go build` never ends; each one puts a line into this file when it begins."""
    folder, begun = tmp_path / "bin", tmp_path / "begun"
    folder.mkdir()
    (folder / "go").write_text(
        "#!/bin/sh\n"
        f'[ "$1" != build ] || {{ echo $$ >>{begun}; exec sleep {ENDLESS_SECONDS}; }}\n'
        f'exec {go.command} "$@"\n'
    )
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    yield begun
    golang.stop_all()


def test_the_first_failure_ends_the_other_builds(tool: GoProgram, endless_builds: Path) -> None:
    def fail(_get: GetTool, _say: Say) -> Copy:
        while not endless_builds.exists():
            time.sleep(0.01)
        raise ToolError("there is no more of it")

    started = time.monotonic()
    with pytest.raises(ToolError, match="no more of it"):
        obtain.obtain_all([tool, replace(tool, name="failing", install=fail)], quiet)
    assert time.monotonic() - started < ENDLESS_SECONDS / 2
    (build,) = endless_builds.read_text().split()
    assert not Path("/proc", build).exists()


def test_no_build_begins_once_the_others_are_ended(
    tool: GoProgram, endless_builds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As after Ctrl-C, while one builder waits for the tool that the other one builds.
    monkeypatch.setattr(obtain, "_BUILDERS", 3)
    waiting = threading.Event()

    def say(line: str) -> None:
        if line == "waiting for another build of tiny":
            waiting.set()

    def need(_get: GetTool, say: Say) -> Copy:
        while not endless_builds.exists():
            time.sleep(0.01)
        return obtain.obtain(tool, lambda: golang.find("1.21"), say)

    def interrupt(_get: GetTool, _say: Say) -> Copy:
        assert waiting.wait(20)
        raise KeyboardInterrupt

    needing = replace(tool, name="needing", install=need)
    interrupted = replace(tool, name="interrupted", install=interrupt)
    with pytest.raises(KeyboardInterrupt):
        obtain.obtain_all([tool, needing, interrupted], say)
    assert len(endless_builds.read_text().split()) == 1


def test_a_long_build_is_heard_of(
    tool: GoProgram, monkeypatch: pytest.MonkeyPatch, theirs: Copy
) -> None:
    monkeypatch.setattr(obtain, "_NEWS_SECONDS", 0.05)
    heard = threading.Event()

    def slow(_get: GetTool, _say: Say) -> Copy:
        assert heard.wait(20)
        return theirs

    def say(line: str) -> None:
        if line == "still at tiny after 0:00":
            heard.set()

    assert obtain.obtain_all([replace(tool, install=slow)], say) == {"tiny": theirs}


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (75.2, "1:15"), (600, "10:00")])
def test_durations(seconds: float, text: str) -> None:
    assert obtain.minutes(seconds) == text


def test_one_go_builds_all(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def find(needed: str) -> Go:
        asked.append(needed)
        raise ToolError("none")

    monkeypatch.setattr(golang, "find", find)
    go: Callable[[], Go] = obtain.find_go()
    with pytest.raises(ToolError):
        go()
    newest = max(golang.parse_version(golang.required_go(t.go_mod)) for t in TOOLS)
    assert golang.parse_version(asked[0]) == newest
