"""The packages that a script asks for in a requirements.txt beside its entry point."""

import importlib.util
import os
import re
import site
import subprocess
import sys
from typing import Mapping

from launcher.causes import INDEX_SILENT, PACKAGES_FAILED, Ended
from launcher.layout import Layout
from launcher.logs import Log, Pump
from launcher.processes import Supervisor

_FILE = "requirements.txt"
_LONGEST = 200
_RETRIES = b"7"
"""Unless the image says otherwise. The pauses between them grow from none to 16 s, half a minute in
all."""
_NO_ANSWER = (
    re.compile(r"Could not fetch URL (\S+)/[^/\s]+/?: (?!404 |410 )(.+?)(?: - skipping)?$", re.M),
    re.compile(r"HTTPS?ConnectionPool\(host='([^']+)', port=\d+\): (.+)"),
    re.compile(r"The repository located at (\S+) is (not a trusted or secure host)"),
)
"""What pip logs of an index, or the server of its files, that it can't use; last it says that there
is no such package."""
_ERRNO = re.compile(r"\[Errno -?\d+\] ([^'\")]+)")


def interpreter(
    entry_point: str,
    layout: Layout,
    supervisor: Supervisor,
    log: Log,
    env: Mapping[bytes, bytes],
) -> str:
    """The Python to run the script with: the image's own, or one that has the packages too.

    They go into a virtual environment that sees the image's packages, so that the image itself
    stays as it is and need not be writable.
    """
    own = sys.executable or "python3"
    file = os.path.join(layout.source, os.path.dirname(entry_point), _FILE)
    if not os.path.isfile(file):
        return own
    log.say("installing " + _FILE)
    python = os.path.join(layout.venv, "bin", "python")
    # With pip in the image the new environment finds it there and needs none of its own.
    bare = ["--without-pip"] if importlib.util.find_spec("pip") else []
    _run([own, "-m", "venv", "--system-site-packages", *bare, layout.venv], supervisor, log, env)
    if sys.prefix != sys.base_prefix:
        _see_parent(python)
    pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    said = os.path.join(layout.scratch, "pip.log")
    argv = [python, *pip, "--progress-bar=off", "--log", said, "--requirement", file]
    try:
        _run(argv, supervisor, log, {b"PIP_RETRIES": _RETRIES, **env})
    except Ended as ended:
        if ended.code == PACKAGES_FAILED.code:
            _check_index(said)
        raise
    return python


def _check_index(path: str) -> None:
    """Raises Ended(INDEX_SILENT) if that is what pip's log at `path` says."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return
    for pattern in _NO_ANSWER:
        for index, why in pattern.findall(text)[-1:]:
            told = _ERRNO.findall(why)
            raise Ended(INDEX_SILENT, index=index, detail=told[-1] if told else why[:_LONGEST])


def _run(argv: "list[str]", supervisor: Supervisor, log: Log, env: Mapping[bytes, bytes]) -> None:
    pump = Pump(log)
    try:
        status = supervisor.run(argv, env=env, stdout=pump.writer)
    except OSError as error:
        raise Ended(PACKAGES_FAILED, file=_FILE, detail=str(error)) from None
    finally:
        os.close(pump.writer)
        pump.close(5)
    supervisor.check_stop()
    if status != 0:
        detail = pump.last_line or "exit code {}".format(status)
        raise Ended(PACKAGES_FAILED, file=_FILE, detail=detail)


def _see_parent(python: str) -> None:
    """Where the image's Python is a virtual environment itself, ours would skip over it."""
    target = subprocess.check_output(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    ).strip()
    with open(os.path.join(target, "easymaker-image.pth"), "w", encoding="utf-8") as file:
        file.write("\n".join(site.getsitepackages()) + "\n")
