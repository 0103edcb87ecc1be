"""Installing Debian's packages, with programs that stand for apt and dpkg."""

import fcntl
import threading
from pathlib import Path

import pytest

from tests.support.cluster import until
from tools import debian
from tools.debian import require_packages

APT = '#!/bin/sh\necho "$@" >> "$STATE/calls"\n'
DPKG = '#!/bin/sh\ncat "$STATE/installed"\ntouch "$STATE/looked"\n'


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the stand-ins keep: the calls of apt, and what is installed."""
    for name, text in {"apt-get": APT, "dpkg-query": DPKG}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "installed").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("STATE", str(tmp_path))
    monkeypatch.setattr(debian, "LOCK", tmp_path / "lock")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return tmp_path


def calls(state: Path) -> list[str]:
    found = state / "calls"
    return found.read_text().splitlines() if found.exists() else []


def test_what_is_missing_is_installed(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (state / "installed").write_text("two installed\n")
    require_packages(["one", "two"], "a test", print)
    assert calls(state) == ["-qq -y --no-install-recommends install one"]
    assert capsys.readouterr().out == "installing Debian's one for a test\n"


@pytest.mark.parametrize("other", ["one", "two"])
def test_another_installation_is_waited_for(state: Path, other: str) -> None:
    """It may bring what was missing at first."""
    thread = threading.Thread(target=require_packages, args=(["one"], "a test", print))
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread.start()
        until((state / "looked").exists, "the first look")
        (state / "installed").write_text(f"{other} installed\n")
    thread.join(30)
    assert not thread.is_alive()
    assert len(calls(state)) == (0 if other == "one" else 1)
