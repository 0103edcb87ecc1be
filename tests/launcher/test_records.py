"""Lines of a script as records: levels, and tracebacks that stay together."""

import itertools
import json
import os
import select
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator

import pytest
from launcher.logs import Log, Pump
from launcher.records import LONGEST_BODY, Joiner, level_of, pieces

from .conftest import Bench

LEVELS = {
    "INFO": [
        "epoch 1: loss 0.1",
        "",
        "INFO:root:no ERROR so far",
        "DEBUG:my.module:WARNING is a level",
        "I0131 12:00:00.123456 140 train.py:12] Traceback (most recent call last): is a phrase",
        "2026-01-31 12:00:00.123456: I tensorflow/core/util/port.cc:153] oneDNN may ERROR",
        "2026-01-31 12:00:00,123 - trainer - INFO - ERROR rate 0.1",
        "[2026-01-31 12:00:00] [INFO] started",
        "[INFO|trainer.py:12] no ERROR",
        "terrors: 3",
        "Errors 0",
        "warnings are off",
    ],
    "WARNING": [
        "WARNING:tensorflow:AutoGraph could not be applied",
        "WARNING: odd",
        "W0131 12:00:00.123456 140 train.py:12] ERROR is only a word here",
        "[W131 12:00:00.123456789 ProcessGroup.cpp:1] no device id",
        "[rank0]:[W131 12:00:00.123456789 ProcessGroup.cpp:1] no device id",
        "[W socket.cpp:663] The client socket has failed",
        "2026-01-31 12:00:00.123456: W external/local_xla/tsl/cpu.cc:1] no GPU",
        "2026-01-31 12:00:00,123 - trainer - WARNING - slow",
        "2026-01-31T12:00:00Z WARN slow",
        "/usr/lib/python3/x.py:12: UserWarning: odd",
        "DeprecationWarning: old",
        "main.c:1: warning: unused",
    ],
    "ERROR": [
        "ERROR:__main__:no",
        "CRITICAL:root:no",
        "E0131 12:00:00.123456 140 train.py:12] no",
        "F0131 12:00:00.123456 140 check.cc:12] Check failed: a == b",
        "2026-01-31 12:00:00.123456: E external/local_xla/cuda.cc:1] no driver",
        "2026-01-31 12:00:00,123 trainer ERROR no",
        "2026-01-31 12:00:00 | ERROR    | __main__:main:1 - no",
        "[ERROR] no",
        "<ERROR> no",
        "an ERROR came",
        "ValueError: no",
        "torch.cuda.OutOfMemoryError: no",
        "error: no such file",
        "pip: error: no",
        "Traceback (most recent call last):",
    ],
}

RAISES = """
    def low():
        raise ValueError("low\\n\\tand indented")

    def high():
        try:
            low()
        except ValueError as error:
            raise KeyError("high") from error
"""


@pytest.mark.parametrize(
    ("level", "line"), [(level, line) for level, lines in LEVELS.items() for line in lines]
)
def test_level_of_what_loggers_write(level: str, line: str) -> None:
    assert level_of(line) == level


def joined(text: str) -> list[tuple[str, str]]:
    joiner = Joiner()
    found = [record for line in text.splitlines() for record in joiner.add(line, 1.0)]
    return [(record.body, record.level) for record in found + joiner.flush()]


def printed(script: str) -> str:
    """What a script really writes."""
    text = textwrap.dedent(script)
    done = subprocess.run(
        [sys.executable, "-u", "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


CHAINED = (
    RAISES
    + """
    print("before")
    try:
        high()
    except KeyError:
        import traceback
        traceback.print_exc()
    print("after")
"""
)
GROUPED = """
    import traceback
    try:
        raise ExceptionGroup("two", [ValueError(1), TypeError(2)])
    except ExceptionGroup:
        traceback.print_exc()
    print("after")
"""


@pytest.mark.parametrize("script", [CHAINED, GROUPED])
def test_a_traceback_is_one_record(script: str) -> None:
    text = printed(script)
    before = "before\n" if text.startswith("before") else ""
    trace = text.removeprefix(before).removesuffix("after\n").rstrip("\n")
    whole = [(trace, "ERROR"), ("after", "INFO")]
    assert trace.count("\n") > 5
    assert joined(text) == ([("before", "INFO"), *whole] if before else whole)


def test_what_follows_a_logged_exception_is_not_of_it() -> None:
    found = joined(
        printed("""
        import logging
        try:
            1 / 0
        except ZeroDivisionError:
            logging.exception("no")
        logging.warning("Later: more")
        print()
        print("epoch 2")
    """)
    )
    assert [level for _, level in found] == ["ERROR", "ERROR", "WARNING", "INFO", "INFO"]
    assert found[0][0] == "ERROR:root:no"
    assert found[1][0].endswith("ZeroDivisionError: division by zero")
    assert [body for body, _ in found[2:]] == ["WARNING:root:Later: more", "", "epoch 2"]


def test_a_crash_of_the_interpreter_is_one_record() -> None:
    text = printed("""
        import faulthandler, os, signal
        faulthandler.enable()
        os.kill(os.getpid(), signal.SIGSEGV)
    """)
    found = joined(text)
    assert found == [(text.rstrip("\n"), "ERROR")]
    assert "Fatal Python error: Segmentation fault" in text


def test_ranks_write_tracebacks_of_their_own() -> None:
    trace = printed(RAISES + "    high()\n")
    ranked = "".join(f"[rank1]: {line}\n" for line in trace.splitlines())
    assert joined(ranked + "[rank0]: fine\n") == [
        (ranked.rstrip("\n"), "ERROR"),
        ("[rank0]: fine", "INFO"),
    ]


def test_every_line_is_in_one_record_whatever_comes() -> None:
    lines = [*CHAINED.splitlines(), *printed(CHAINED).splitlines(), "", "", "", "  x", "a: b"]
    lines = [line for number in range(len(lines)) for line in (lines[number:] + lines[:number])]
    bodies = [body for body, _ in joined("\n".join(lines))]
    assert "\n".join(bodies).split("\n") == lines


def test_a_long_traceback_becomes_several_records() -> None:
    frames = ['  File "x.py", line 1, in f', "    " + "x" * 90] * 200
    text = "\n".join(["Traceback (most recent call last):", *frames, "ValueError: no"])
    found = joined(text)
    assert "\n".join(body for body, _ in found) == text
    assert {level for _, level in found} == {"ERROR"}
    assert all(len(body) <= LONGEST_BODY for body, _ in found)
    assert len(found) == len(text) // LONGEST_BODY + 1


@pytest.mark.parametrize("text", ["붓꽃" * 5000, "\x00" * 9000, "a" * 8001, "\ud800" * 5000, ""])
def test_no_record_is_longer_than_a_line_of_the_runtime(text: str) -> None:
    parts = pieces(text)
    assert "".join(parts) == text
    for part in parts:
        line = json.dumps(part, ensure_ascii=False).encode("utf-8", "replace")
        assert len(line) < 15_000


class Pipe:
    """What a pump writes goes into a pipe, and is read as it comes."""

    def __init__(self) -> None:
        self.reader, writer = os.pipe()
        self._log = os.fdopen(writer, "wb", 0)
        log = Log(self._log)
        log.use_json("key", "iris-1")
        self.pump = Pump(log)
        self._seen = b""

    def close(self) -> None:
        os.close(self.pump.writer)
        self.pump.close(60)
        self._log.close()
        os.close(self.reader)

    def write(self, text: str) -> None:
        os.write(self.pump.writer, text.encode())

    def record(self) -> str:
        """The next record's body, waited for."""
        while b"\n" not in self._seen:
            assert select.select([self.reader], [], [], 60)[0], "no record came"
            self._seen += os.read(self.reader, 65536)
        line, _, self._seen = self._seen.partition(b"\n")
        return str(json.loads(line)["body"])


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def test_a_held_traceback_appears_though_nothing_follows(pipe: Pipe) -> None:
    pipe.write('Traceback (most recent call last):\n  File "x", line 1, in f\nValueError: no\n')
    assert pipe.record().endswith("ValueError: no")
    pipe.write("later\n")
    assert pipe.record() == "later"


def test_a_traceback_that_never_ends_appears_in_parts(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, clock = time.time(), itertools.count(1)
    monkeypatch.setattr("launcher.logs.time.time", lambda: now + next(clock))
    pipe.write("Traceback (most recent call last):\n" + '  File "x", line 1, in f\n' * 60)
    assert pipe.record().startswith("Traceback")
    assert pipe.record().startswith("  File")


def test_nothing_is_lost_when_the_script_dies_in_the_middle(bench: Bench) -> None:
    bench.job["log_management"] = True
    bench.script("""
        import os, signal
        print("Traceback (most recent call last):")
        print('  File "x.py", line 1, in f')
        print("    half a li", end="", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    result = bench.run()
    bodies = [json.loads(line)["body"] for line in result.log.splitlines()]
    whole = 'Traceback (most recent call last):\n  File "x.py", line 1, in f\n    half a li'
    assert whole in bodies
    assert result.code == 137
    assert bodies.index(whole) < len(bodies) - 1  # what the launcher says of it comes after
