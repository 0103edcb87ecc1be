"""The folder that images are built in, and how its programs run: what is in it goes with it."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tools.dirs import cache_dir
from tools.errors import ToolError

# All processes of a program end with its first one, and its mounts with them.
ISOLATED = ("unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child")


@dataclass(frozen=True)
class Workshop:
    """A private folder that is gone at the end, however the end comes."""

    folder: Path
    _lock: int
    _running: "set[subprocess.Popen[bytes]]" = field(default_factory=set)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def path(self, name: str) -> Path:
        """A folder of that name in it, made if missing."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path

    def run(
        self, step: str, argv: Sequence[str | Path], env: Mapping[str, str] | None = None
    ) -> None:
        """Run a program with its output in a log of its own, which is kept if it fails.

        A log is named by its step without tags, so that failures don't pile up; the next success
        of that step removes it.
        Raises ToolError with the step, the last lines and the log's path.
        """
        untagged = re.sub(":[^/:]*$", "", step)
        name = f"{re.sub('[ /:]', '-', untagged)}.log"
        log, kept = self.folder / name, home() / "logs" / name
        with log.open("wb") as output:
            let_interrupts = _hold_interrupts()
            try:
                process = subprocess.Popen(
                    [str(arg) for arg in argv],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(env or {})},
                    # Ctrl-C comes to this process, which ends the other and then cleans up.
                    start_new_session=True,
                    # While the program lives, nobody takes this folder for a leftover.
                    pass_fds=[self._lock],
                )
            except OSError as error:
                let_interrupts()
                reason = f"{error.filename}: {error.strerror}"
                raise ToolError(f"{step} could not be started: {reason}") from None
            try:
                let_interrupts()
                self._running.add(process)
                if self._stopped.is_set():
                    os.killpg(process.pid, signal.SIGKILL)
                code = process.wait()
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
            finally:
                self._running.discard(process)
        if code != 0:
            text = log.read_text(encoding="utf-8", errors="replace").rstrip()
            last = "\n".join(text.splitlines()[-12:])
            kept.parent.mkdir(exist_ok=True)
            log.replace(kept)
            raise ToolError(f"{step} failed (exit code {code}):\n{last}\n", f"all of it: {kept}")
        log.unlink()
        kept.unlink(missing_ok=True)

    def stop(self) -> None:
        """End the programs that other threads run here, and each one that they still start."""
        self._stopped.set()
        for process in self._running.copy():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _hold_interrupts() -> Callable[[], None]:
    """Hold Ctrl-C back, which would lose a program that is just being started.

    The function returned lets it come again, and raises the KeyboardInterrupt that came meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None  # interrupts come to the main thread alone
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))

    def let() -> None:
        signal.signal(signal.SIGINT, before)
        if came:
            raise KeyboardInterrupt

    return let


def home() -> Path:
    """Where building images keeps what outlives a run: the base, logs of failures."""
    path = cache_dir() / "images"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def workshop() -> Iterator[Workshop]:
    """A workshop, gone with all that is in it when the context ends; leftovers go first."""
    for leftover in home().glob("work-*"):
        _remove_if_unused(leftover)
    folder = Path(tempfile.mkdtemp(prefix="work-", dir=home()))
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Workshop(folder, lock)
    finally:
        shutil.rmtree(folder)
        os.close(lock)


@contextmanager
def alone(waiting: Callable[[], None]) -> Iterator[None]:
    """Hold back other builds of this user until the context ends; `waiting` is called once if one
    has to be waited for."""
    lock = os.open(home() / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _remove_if_unused(folder: Path) -> None:
    """Remove what a killed run left, unless a run or a program of one still works in it."""
    try:
        lock = os.open(folder / "lock", os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    except BlockingIOError:
        pass
    finally:
        os.close(lock)


def require_space(needed_mb: int, purpose: str) -> None:
    """Raise ToolError where the disk of the workshop has less than that free."""
    free_mb = shutil.disk_usage(home()).free // 1_000_000
    if free_mb < needed_mb:
        raise ToolError(
            f"{purpose} needs {needed_mb} MB of disk space, and {home()} has {free_mb} MB free",
            "make room there, or set XDG_CACHE_HOME to a folder with more",
        )
