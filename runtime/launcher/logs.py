"""The log is standard output: the script's lines as they come, and the launcher's own between them.

With log management on, every line is one JSON object with EasyMaker's fields
(docs/reference/container-contract.md), else the bytes pass through untouched.
"""

import json
import os
import select
import sys
import threading
import time
from typing import BinaryIO, Callable, Dict, List, Optional

from launcher.records import Joiner, Record, pieces

_CHUNK = 65536
# A traceback is held so long after its last line and after its first, in case it goes on.
_QUIET_SECONDS = 2.0
_LONGEST_SECONDS = 10.0


class Log:
    """Writes whole lines, from several threads."""

    def __init__(self, out: Optional[BinaryIO] = None) -> None:
        self._out = out or sys.stdout.buffer
        self._fields: Optional[Dict[str, str]] = None
        self._lock = threading.Lock()
        self._open_line = False
        self._keep: Callable[[bytes], None] = lambda _: None

    def keep(self, keep: Callable[[bytes], None]) -> None:
        """From now on: give everything that is written to `keep`, too."""
        self._keep = keep

    def use_json(self, app_key: str, training_id: str) -> None:
        """From now on: JSON lines with these fields."""
        self._fields = {
            "easymakerAppKey": app_key,
            "category": "easymaker.training",
            "logType": "NHNCloud-AIEasyMaker",
            "trainingId": training_id,
        }

    def say(self, text: str, level: str = "INFO") -> None:
        """One line of the launcher's own."""
        with self._lock:
            if self._fields is None:
                start = "\n" if self._open_line else ""
                self._write((start + "[easymaker] " + text + "\n").encode("utf-8", "replace"))
                self._open_line = False
            else:
                self._write_json(Record(text, level, time.time()))

    def script(self, records: List[Record]) -> None:
        """Records of the script's; only with JSON lines."""
        with self._lock:
            for record in records:
                self._write_json(record)

    def raw(self, chunk: bytes) -> None:
        """Bytes of the script's; only without JSON lines."""
        with self._lock:
            self._open_line = not chunk.endswith(b"\n")
            self._write(chunk)

    @property
    def is_json(self) -> bool:
        return self._fields is not None

    def _write_json(self, record: Record) -> None:
        seconds, thousandths = divmod(int(record.time * 1000), 1000)
        clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        for body in pieces(record.body):
            line = dict(self._fields or {}, logLevel=record.level, body=body)
            line["time"] = "{}.{:03d}Z".format(clock, thousandths)
            self._write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._out.flush()
        self._keep(data)


class Pump:
    """Copies what a process writes into the log, in a thread; keeps its last line.

    With a `label` each line begins with it, so that lines of several processes can be told apart.
    """

    def __init__(self, log: Log, label: str = "") -> None:
        self._log = log
        self._label = "[{}]: ".format(label).encode() if label else b""
        self._buffer = b""
        self._last = b""
        self._joiner = Joiner()
        reader, self.writer = os.pipe()
        self._thread = threading.Thread(target=self._copy, args=(reader,), daemon=True)
        self._thread.start()

    def close(self, patience_seconds: float) -> None:
        """Wait for the end of the output: all that hold the pipe have ended, or patience has."""
        self._thread.join(patience_seconds)

    @property
    def last_line(self) -> str:
        """The last line with something in it, at most 200 characters."""
        return self._last.decode("utf-8", "replace").strip()[:200]

    def _copy(self, reader: int) -> None:
        by_line = self._log.is_json or self._label
        deliver: Callable[[bytes], None] = (lambda _: None) if by_line else self._log.raw
        waiting = select.poll()
        waiting.register(reader, select.POLLIN)
        with os.fdopen(reader, "rb", 0) as file:
            while True:
                if not waiting.poll(self._patience()):
                    self._log.script(self._joiner.flush())
                    continue
                chunk = file.read(_CHUNK)
                if not chunk:
                    break
                deliver(chunk)
                self._lines(chunk)
        if self._buffer:
            self._line(self._buffer)
        self._log.script(self._joiner.flush())

    def _patience(self) -> Optional[float]:
        """Milliseconds for the next line of what is held; None where nothing is."""
        since = self._joiner.held_since
        if since is None:
            return None
        left = since + _LONGEST_SECONDS - time.time()
        return max(0.0, min(left, _QUIET_SECONDS)) * 1000

    def _lines(self, chunk: bytes) -> None:
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._buffer) > _CHUNK:
            self._line(self._buffer)
            self._buffer = b""

    def _line(self, line: bytes) -> None:
        # A progress bar draws over itself: what it showed last is what counts.
        shown = line.rstrip(b"\r").rsplit(b"\r", 1)[-1]
        if shown.strip():
            self._last = shown
        if self._label and not shown.startswith(self._label):  # as PyTorch's tracebacks do
            shown = self._label + shown
        if self._label and not self._log.is_json:
            self._log.raw(shown + b"\n")
        if self._log.is_json:
            if self._patience() == 0:
                self._log.script(self._joiner.flush())
            self._log.script(self._joiner.add(shown.decode("utf-8", "replace"), time.time()))
