"""Start scripts: the executable files of `cont-init.d`, in the order of their names.

Each leaves SCRIPT.exitcode and SCRIPT.output beside itself. One that fails stops nothing: who
mends it needs the notebook.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

Say = Callable[[str], None]
_RESULTS = (".exitcode", ".output")
# What a shell answers for a program that it can't start.
_NOT_STARTED = 126


def run_all(folder: Path, log: Path, say: Say) -> None:
    """Run the scripts of `folder`; `log` gets the output of all of them, anew at each start."""
    with log.open("wb") as whole:
        for script in found(folder, say):
            say(f"running {script}")
            code = run(script, whole)
            if code != 0:
                say(f"{script} failed with exit code {code}: see {result(script, '.output')}")


def found(folder: Path, say: Say) -> list[Path]:
    """What is to run, in the order of names. A file that only looks like a script is said."""
    scripts = []
    for path in sorted(folder.iterdir(), key=lambda path: path.name.encode()):
        if path.suffix in _RESULTS or not path.is_file():
            continue
        if not os.access(path, os.X_OK):
            say(f"{path} is not executable, so it does not run: chmod +x {path.name}")
            continue
        with path.open("rb") as file:
            begins = file.read(2)
        if begins == b"#!":
            scripts.append(path)
        else:
            say(f"{path} does not begin with #!, so it does not run")
    return scripts


def result(script: Path, suffix: str) -> Path:
    """The file beside a script that says what came of it."""
    return script.with_name(script.name + suffix)


def run(script: Path, whole: BinaryIO) -> int:
    """Run one script, its output into its own file and the log of all. Returns its exit code.

    A signal's is 128 and its number, as a shell has it. A signal that ends the container ends the
    script too, and then this process.
    """
    _write(f"== {script.name}\n".encode(), whole)
    environment = {k: v for k, v in os.environ.items() if k != "JUPYTER_TOKEN"}
    with result(script, ".output").open("wb") as own, _ending() as watch:
        try:
            process = subprocess.Popen(
                [str(script)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=script.parent.parent,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            code = _NOT_STARTED
            _write(f"{script} could not be started: {error.strerror}\n".encode(), own, whole)
        else:
            watch(process)
            with process:
                for line in process.stdout or ():
                    _write(line, own, whole)
                code = process.wait()
            code = code if code >= 0 else 128 - code
    result(script, ".exitcode").write_text(f"{code}\n", encoding="ascii")
    return code


@contextmanager
def _ending() -> "Iterator[Callable[[subprocess.Popen[bytes]], None]]":
    """Signals that end the container end the process given to what this yields, then this one.

    One that comes while the process is being started waits until it is known.
    """
    watched: list[subprocess.Popen[bytes]] = []
    came: list[int] = []

    def end(number: int, _: FrameType | None = None) -> None:
        if not watched:
            came.append(number)
            return
        os.killpg(watched[0].pid, signal.SIGKILL)
        sys.exit(128 + number)

    def watch(process: "subprocess.Popen[bytes]") -> None:
        watched.append(process)
        if came:
            end(came[0])

    before: dict[int, Any] = {n: signal.signal(n, end) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield watch
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:  # and there was no process to end
        sys.exit(128 + came[0])


def _write(text: bytes, *files: BinaryIO) -> None:
    for file in files:
        file.write(text)
        file.flush()
