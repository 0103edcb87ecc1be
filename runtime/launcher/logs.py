"""The log is standard output: the script's lines as they come, and the launcher's own between them.

With log management on, every line is one JSON object with EasyMaker's fields
(docs/reference/container-contract.md), else the bytes pass through untouched.
"""

import datetime
import json
import os
import re
import sys
import threading
from typing import BinaryIO, Callable, Dict, Optional

# The runtime splits what is longer into pieces that are no JSON.
LONGEST_BODY = 8000
_CHUNK = 65536
_ERROR = re.compile(r"\b(ERROR|CRITICAL|FATAL)\b|^Traceback |^\w[\w.]*(Error|Exception)\b")
_WARNING = re.compile(r"\bWARN(ING)?\b|\b\w+Warning:")


class Log:
    """Writes whole lines, from several threads."""

    def __init__(self, out: Optional[BinaryIO] = None) -> None:
        self._out = out or sys.stdout.buffer
        self._fields: Optional[Dict[str, str]] = None
        self._lock = threading.Lock()
        self._open_line = False

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
                self._write_json(text, level)

    def script(self, line: str) -> None:
        """One line of the script's, without its end; only with JSON lines."""
        with self._lock:
            for start in range(0, max(len(line), 1), LONGEST_BODY):
                self._write_json(line[start : start + LONGEST_BODY], level_of(line))

    def raw(self, chunk: bytes) -> None:
        """Bytes of the script's; only without JSON lines."""
        with self._lock:
            self._open_line = not chunk.endswith(b"\n")
            self._write(chunk)

    @property
    def is_json(self) -> bool:
        return self._fields is not None

    def _write_json(self, body: str, level: str) -> None:
        now = datetime.datetime.now(datetime.timezone.utc)
        record = dict(self._fields or {}, logLevel=level, body=body)
        record["time"] = now.strftime("%Y-%m-%dT%H:%M:%S.") + "{:03d}Z".format(
            now.microsecond // 1000
        )
        self._write(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._out.flush()


def level_of(line: str) -> str:
    """INFO, WARNING or ERROR: a guess, as the script's two streams are one here."""
    if _ERROR.search(line):
        return "ERROR"
    return "WARNING" if _WARNING.search(line) else "INFO"


class Pump:
    """Copies what a process writes into the log, in a thread; keeps its last line."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._buffer = b""
        self._last = b""
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
        deliver: Callable[[bytes], None] = (lambda _: None) if self._log.is_json else self._log.raw
        with os.fdopen(reader, "rb", 0) as file:
            for chunk in iter(lambda: file.read(_CHUNK), b""):
                deliver(chunk)
                self._lines(chunk)
        if self._buffer:
            self._line(self._buffer)

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
        if self._log.is_json:
            self._log.script(shown.decode("utf-8", "replace"))
