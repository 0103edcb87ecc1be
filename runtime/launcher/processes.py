"""Starting processes and ending them, with all that they left behind.

The launcher is the first process of its container, so it also reaps orphans. Elsewhere it asks the
kernel to hand them to it, so that a script that daemonises is ended with the run all the same.
"""

import contextlib
import ctypes
import math
import os
import select
import signal
import socket
import subprocess
import threading
import time
from typing import IO, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple, Union

from launcher.causes import STOPPED, Ended

_PR_SET_CHILD_SUBREAPER = 36
_LEFTOVER_GRACE_SECONDS = 2.0
_TOGETHER_GRACE_SECONDS = 5.0  # for those beside one that failed
_KILL_PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.05

File = Union[int, IO[bytes]]


class Supervisor:
    """Runs processes, one or some at a time; knows whether the run was asked to stop.

    `finishing` is set by the caller when the script has succeeded and its result is to be kept.
    Beside them processes of the launcher's own run in other threads (`run_aside`); a stop does not
    reach those.
    """

    def __init__(self, grace_seconds: float = 30.0) -> None:
        self.grace_seconds = grace_seconds
        self.finishing = False
        self._stopped_at: Optional[float] = None
        self._reason = Ended(STOPPED)
        self._signalled_at: Optional[float] = None
        self._grace_limit: Optional[float] = None
        self.on_stop: Callable[[Ended], None] = lambda _: None
        """Called once when processes that are waited for are told to stop."""
        self._aside: Set[int] = set()
        # Held while one of them starts, so that nobody takes its exit status before it is known.
        self._aside_lock = threading.Lock()
        _become_subreaper()
        self._wake, wake = socket.socketpair()
        self._wake.setblocking(False)
        wake.setblocking(False)
        self._keep = wake
        # A signal ends the wait in `run` at once, also when it arrives just before it.
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _on_signal(self, *_: object) -> None:
        if self._signalled_at is None:
            self._signalled_at = time.monotonic()
            self._stopped_at = self._stopped_at or self._signalled_at

    def stop(self, reason: Ended, grace_seconds: Optional[float] = None) -> None:
        """Ask the run to stop, from any thread: what `check_stop` raises then. The first counts.

        `grace_seconds` is less than a stop has else.
        """
        if self._stopped_at is None:
            self._reason = reason
            if grace_seconds is not None:
                self._grace_limit = min(grace_seconds, self.grace_seconds)
            self._stopped_at = time.monotonic()
            with contextlib.suppress(BlockingIOError):  # full: it wakes as it is
                self._keep.send(b"\0")

    @property
    def stop_requested(self) -> bool:
        """Asked to stop, whatever the run is at."""
        return self._stopped_at is not None

    @property
    def is_stopping(self) -> bool:
        """Asked to stop, and not `finishing`: a result that is there is kept all the same."""
        return self._stopped_at is not None and not self.finishing

    @property
    def is_out_of_time(self) -> bool:
        """Told by a signal to stop so long ago that the last syncs must end: the pod has twice the
        grace. A result that is there needs the second half of that.
        """
        share = 1.0 if self.finishing else 1.8
        told = self._signalled_at
        return told is not None and time.monotonic() - told > share * self.grace_seconds

    def check_stop(self) -> None:
        """Raises Ended with the reason if the run was asked to stop."""
        if self.is_stopping:
            raise self._reason

    def run(
        self,
        argv: Sequence[Union[str, bytes]],
        *,
        env: Mapping[bytes, bytes],
        cwd: Optional[str] = None,
        stdout: File,
        stderr: File = subprocess.STDOUT,
    ) -> int:
        """Run a process to its end; its return code, negative for death by a signal.

        A stop is as in `await_all`. Raises OSError if it can't start.
        """
        return self.await_all([self.start(argv, env=env, cwd=cwd, stdout=stdout, stderr=stderr)])[1]

    def start(
        self,
        argv: Sequence[Union[str, bytes]],
        *,
        env: Mapping[bytes, bytes],
        cwd: Optional[str] = None,
        stdout: File,
        stderr: File = subprocess.STDOUT,
    ) -> "subprocess.Popen[bytes]":
        """Start one that `await_all` waits for. Raises OSError if it can't start."""
        return subprocess.Popen(
            argv,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )

    def await_all(self, children: "Sequence[subprocess.Popen[bytes]]") -> Tuple[int, int]:
        """Wait for all to end; which of them decided it, and its return code.

        That is the first one that fails, after which the others are ended. When the run is asked
        to stop, the processes and all below them get SIGTERM, and SIGKILL after the grace.
        """
        failed: Optional[int] = None
        kill_at: Optional[float] = None
        has_heard = False
        while True:
            codes = [child.poll() for child in children]
            if None not in codes:
                break
            now = time.monotonic()
            if failed is None:
                failed = next((i for i, code in enumerate(codes) if code), None)
                if failed is not None and kill_at is None:
                    kill_at = now + min(_TOGETHER_GRACE_SECONDS, self.grace_seconds)
                    _send(signal.SIGTERM, self._descendants())
            if self.is_stopping and not has_heard:
                has_heard = True
                self.on_stop(self._reason)
                kill_at = min(kill_at or math.inf, now + self._grace())
                _send(signal.SIGTERM, self._descendants())
            elif kill_at is not None and now >= kill_at:
                _send(signal.SIGKILL, self._descendants())
                kill_at = now + 1.0
            self._reap_orphans({child.pid for child in children})
            self._wait(None if kill_at is None else max(0.0, kill_at - time.monotonic()))
        if failed is None:
            failed = next((i for i, code in enumerate(codes) if code), 0)
        return failed, children[failed].returncode

    def _grace(self) -> float:
        return self.grace_seconds if self._grace_limit is None else self._grace_limit

    def run_aside(
        self, argv: Sequence[str], *, env: Mapping[bytes, bytes], stdout: File, stderr: File
    ) -> int:
        """Run a process of the launcher's own from another thread; its return code."""
        with self._aside_lock:
            child = subprocess.Popen(
                argv,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            self._aside.add(child.pid)
        try:
            return child.wait()
        finally:
            with self._aside_lock:
                self._aside.discard(child.pid)

    def end_aside(self) -> None:
        """Kill what runs aside."""
        with self._aside_lock:
            _send(signal.SIGKILL, self._aside)

    def pause(self, seconds: float) -> None:
        """Wait so long, or until a signal comes. Raises Ended if the run was asked to stop."""
        self._wait(seconds)
        self.check_stop()

    def end_leftovers(self) -> int:
        """End all that still runs below this process; returns how many there were."""
        self._reap_orphans(set())
        found = self._descendants()
        if not found:
            return 0
        _send(signal.SIGTERM, found)
        self._await_end(_LEFTOVER_GRACE_SECONDS)
        deadline = time.monotonic() + _KILL_PATIENCE_SECONDS
        while time.monotonic() < deadline:  # one that forks while being killed
            left = self._descendants()
            if not left:
                break
            _send(signal.SIGKILL, left)
            self._await_end(_POLL_SECONDS)
        self._reap_orphans(set())
        return len(found)

    def _descendants(self) -> Set[int]:
        """All living processes below this one but those aside."""
        with self._aside_lock:
            return descendants(self._aside)

    def _reap_orphans(self, children: Set[int]) -> None:
        """Take the exit status of ended children, except of those that are waited for elsewhere."""
        with self._aside_lock:
            for pid, (parent, state) in _processes().items():
                is_ours = parent == os.getpid() and state == "Z"
                if is_ours and pid not in children and pid not in self._aside:
                    with contextlib.suppress(ChildProcessError):
                        os.waitpid(pid, os.WNOHANG)

    def _await_end(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._descendants() and time.monotonic() < deadline:
            # Grandchildren send us no signal when they end, so look again after a moment too.
            self._wait(min(_POLL_SECONDS, seconds))

    def _wait(self, seconds: Optional[float]) -> None:
        select.select([self._wake], [], [], seconds)
        try:
            while self._wake.recv(4096):
                pass
        except BlockingIOError:
            pass


def descendants(but: Set[int]) -> Set[int]:
    """All living processes below this one, without those of `but` and what is below them."""
    children: Dict[int, List[int]] = {}
    for pid, (parent, state) in _processes().items():
        if state != "Z":
            children.setdefault(parent, []).append(pid)
    found: Set[int] = set()
    todo = [os.getpid()]
    while todo:
        below = [pid for pid in children.get(todo.pop(), []) if pid not in but]
        found.update(below)
        todo.extend(below)
    return found


def _processes() -> Dict[int, Tuple[int, str]]:
    """Parent and state of every process there is."""
    found: Dict[int, Tuple[int, str]] = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return found
    for name in names:
        if name.isdigit():
            try:
                with open("/proc/{}/stat".format(name), "rb") as file:
                    # The name stands in brackets and may hold any byte, brackets too.
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if len(fields) > 1:
                found[int(name)] = (int(fields[1]), fields[0].decode())
    return found


def _send(number: int, pids: Set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _become_subreaper() -> None:
    # Not Linux, or no libc to be found: the first process of a container needs none.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
