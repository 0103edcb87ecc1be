"""What a program tells while it runs."""

import signal
import subprocess
import threading
from collections.abc import Callable

SECONDS = 600
"""For what takes longest on a machine that is busy."""


class Told:
    """The lines of a program, as they come."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._is_over = False
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def until(self, is_there: Callable[[list[str]], bool], what: str) -> None:
        """Wait for lines; fails the test if they stay away, or can't come any more."""
        with self._more:
            self._more.wait_for(lambda: is_there(self.lines) or self._is_over, SECONDS)
            done = is_there(self.lines)
        assert done, f"{what} did not come:\n" + "\n".join(self.lines)

    def until_said(self, line: str) -> None:
        """Wait for a line."""
        self.until(lambda lines: line in lines, line)

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        self._thread.join()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            for line in self.process.stdout:
                with self._more:
                    self.lines.append(line.rstrip("\n"))
                    self._more.notify_all()
        with self._more:
            self._is_over = True
            self._more.notify_all()
