"""Making a tool once for all checkouts of a user, whole or not at all.

A result is a folder named by everything it depends on, so it never changes and is never half there:
it is made under another name, and renamed when done.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.dirs import cache_dir
from tools.toolchain.golang import Go
from tools.toolchain.kinds import Tool


def tools_dir() -> Path:
    """The folder that holds every built tool, one folder each."""
    return cache_dir() / "tools"


def location(tool: Tool, go: Go) -> Path:
    """The folder that holds, or will hold, the tool made from its present definition."""
    digest = hashlib.sha256()
    for part in (go.system, go.machine, go.release, *tool.settings()):
        digest.update(f"{part}\0".encode())
    for path in sorted(path for path in tool.folder.rglob("*") if path.is_file()):
        if "__pycache__" in path.parts:
            continue
        content = path.read_bytes()
        name = path.relative_to(tool.folder).as_posix()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return tools_dir() / f"{tool.name}-{digest.hexdigest()[:12]}"


def ensure(tool: Tool, go: Go, waiting: Callable[[], None], building: Callable[[], None]) -> bool:
    """Make the tool at its location unless it is there; true when this call made it.

    Of several processes one makes it. `waiting` is called before another process's build of the
    same is waited for, `building` before an own one.
    """
    result = location(tool, go)
    if result.is_dir():
        return False
    tools_dir().mkdir(parents=True, exist_ok=True)
    _sweep()
    with _lock(result, waiting) as lock:
        if result.is_dir():
            return False
        building()
        work = _work_folder(result)
        shutil.rmtree(work, ignore_errors=True)
        try:
            shutil.copytree(tool.folder, work / "source")
            (work / "tmp").mkdir()
            (work / "result").mkdir()
            # The compiler inherits the lock: if this process is killed, nobody else writes here
            # before the compiler has ended too.
            tool.make(work, work / "result", go, keep_open=(lock,))
            (work / "result").rename(result)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return True


def _work_folder(result: Path) -> Path:
    return result.with_name(f".{result.name}.unfinished")


@contextmanager
def _lock(result: Path, waiting: Callable[[], None] | None) -> Iterator[int]:
    """Hold the lock of one result; without `waiting`, raises BlockingIOError if another has it."""
    descriptor = os.open(result.with_name(f".{result.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is None:
                raise
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _sweep() -> None:
    """Remove what interrupted builds left, of any version, unless someone is at it."""
    for work in tools_dir().glob(".*.unfinished"):
        result = work.with_name(work.name[1:].removesuffix(".unfinished"))
        try:
            with _lock(result, None):
                shutil.rmtree(work, ignore_errors=True)
        except BlockingIOError:
            continue
