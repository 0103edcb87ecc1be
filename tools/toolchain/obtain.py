"""Getting tools: what is there already, else from their makers, else built."""

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from functools import cache as remember
from pathlib import Path

from tools.errors import ToolError
from tools.toolchain import cache, golang
from tools.toolchain.definitions import TOOLS
from tools.toolchain.golang import Go
from tools.toolchain.kinds import Copy, Say, Tool

FindGo = Callable[[], Go]

# Two builds side by side: one compiles while the other downloads or links, which takes one
# processor at most.
_BUILDERS = 2
_NEWS_SECONDS = 60.0
_STOP_SECONDS = 15.0


def find_go() -> FindGo:
    """The Go command that builds every tool, looked for when it is first called."""
    needed = max((golang.required_go(tool.go_mod) for tool in TOOLS), key=golang.parse_version)
    return remember(lambda: golang.find(needed))


def by_name(name: str) -> Tool:
    """The tool that provides a file of that name."""
    for tool in TOOLS:
        if name in tool.provides:
            return tool
    known = ", ".join(name for tool in TOOLS for name in tool.provides)
    raise ToolError(f"there is no tool called {name}", f"there are {known}")


def obtain(tool: Tool, go: FindGo, say: Say) -> Copy:
    """One tool: found on the machine or in the cache, installed by its makers' means, or built."""
    there = tool.elsewhere()
    if there:
        return there
    folder = cache.location(tool, go())
    if not folder.is_dir():
        installed = tool.install(lambda name: obtain_path(name, go, say), say)
        if installed:
            return installed
    started = 0.0

    def building() -> None:
        nonlocal started
        started = time.monotonic()
        check_space([tool], go)
        say(f"building {tool.name} {tool.version}")

    built = cache.ensure(
        tool,
        go(),
        waiting=lambda: say(f"waiting for another build of {tool.name}"),
        building=building,
    )
    if built:
        say(f"built {tool.name} in {minutes(time.monotonic() - started)}")
    files = {name: folder / name for name in tool.provides}
    return Copy(files, tool.version, "built" if built else "cache")


def obtain_path(name: str, go: FindGo, say: Say) -> Path:
    """The file of one tool."""
    return obtain(by_name(name), go, say).files[name]


def obtain_all(tools: Sequence[Tool], say: Say) -> dict[str, Copy]:
    """Several tools, by their names. A failure, or an exception in this thread, ends all."""
    go = find_go()
    check_space([tool for tool in tools if not _is_there(tool, go)], go)
    jobs: dict[str, Future[Copy]] = {tool.name: Future() for tool in tools}
    queue = iter(tools)
    stopping = threading.Event()

    def say_unless_stopped(line: str) -> None:
        # Said before each build: none begins once the others are being ended.
        if stopping.is_set():
            raise ToolError("stopped")
        say(line)

    def build() -> None:
        for tool in queue:
            job = jobs[tool.name]
            if job.set_running_or_notify_cancel():
                try:
                    job.set_result(obtain(tool, go, say_unless_stopped))
                except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
                    job.set_exception(error)

    # Not a pool: its threads keep the program alive, and one may be waiting for another's build.
    for _ in range(_BUILDERS):
        threading.Thread(target=build, daemon=True).start()
    try:
        _wait(jobs, say)
    except BaseException:
        stopping.set()
        _stop(jobs.values())
        raise
    return {name: job.result() for name, job in jobs.items()}


def _wait(jobs: Mapping[str, "Future[Copy]"], say: Say) -> None:
    started = time.monotonic()
    while True:
        done, waiting = wait(jobs.values(), _NEWS_SECONDS, return_when=FIRST_EXCEPTION)
        for job in done:
            job.result()
        if not waiting:
            return
        at_work = [name for name, job in jobs.items() if job.running()]
        say(f"still at {' and '.join(at_work)} after {minutes(time.monotonic() - started)}")


def _stop(jobs: Iterable["Future[Copy]"]) -> None:
    """End the builds and have them clean up; what does not end soon is left behind."""
    running = [job for job in jobs if not job.cancel()]
    deadline = time.monotonic() + _STOP_SECONDS
    while True:
        golang.stop_all()
        # A build may have been between two commands.
        if not wait(running, 0.2).not_done or time.monotonic() > deadline:
            return


def _is_there(tool: Tool, go: FindGo) -> bool:
    return tool.elsewhere() is not None or cache.location(tool, go()).is_dir()


def check_space(tools: Sequence[Tool], go: FindGo) -> None:
    """Raise ToolError unless the disks have room for making these tools."""
    if not tools:
        return
    needed = sum(tool.disk_megabytes for tool in tools)
    folders = {
        cache.tools_dir(): "XDG_CACHE_HOME",
        go().build_cache: "GOCACHE",
        go().module_cache: "GOMODCACHE",
    }
    for folder, variable in folders.items():
        place = folder
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free // 1_000_000
        if free < needed:
            names = ", ".join(tool.name for tool in tools)
            raise ToolError(
                f"building {names} takes about {needed / 1000:.1f} GB of disk, "
                f"and {place} has {free / 1000:.1f} GB left",
                f"make room, or set {variable} to a folder on a larger disk",
            )


def minutes(seconds: float) -> str:
    """75.2 -> `1:15`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
