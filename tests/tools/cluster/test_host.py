"""Changes of the host that clusters share, on made-up files."""

from pathlib import Path

import pytest

from tools.cluster import host

A, B = Path("/state/a"), Path("/state/b")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(host, "RUN", tmp_path / "run")
    monkeypatch.setattr(host, "HOSTS", tmp_path / "hosts")
    monkeypatch.setattr(host, "_sysctl", lambda name: tmp_path / name)
    (tmp_path / "hosts").write_text("127.0.0.1 localhost")
    for name in host.SYSCTLS:
        (tmp_path / name).write_text("0\n")
    return tmp_path


def forwarding(files: Path) -> str:
    return (files / "net.ipv4.ip_forward").read_text().strip()


def test_the_last_cluster_down_restores_what_the_first_found(files: Path) -> None:
    with host.lock():
        host.claim(A, ["objects.x"])
    (files / "kernel.panic").write_text("10")  # as the kubelet does
    with host.lock():
        host.claim(B, ["objects.x"])
        assert forwarding(files) == "1"
        host.release(A)
        assert forwarding(files) == "1"
        assert "objects.x" in (files / "hosts").read_text()
        host.release(B)
    assert forwarding(files) == "0"
    assert (files / "kernel.panic").read_text() == "0"
    assert (files / "hosts").read_text().split("\n") == ["127.0.0.1 localhost", ""]


def test_claiming_again_changes_nothing(files: Path) -> None:
    with host.lock():
        host.claim(A, ["objects.x"])
        before = (files / "run" / "host.json").read_text(), (files / "hosts").stat().st_mtime_ns
        host.claim(A, ["objects.x"])
    after = (files / "run" / "host.json").read_text(), (files / "hosts").stat().st_mtime_ns
    assert after == before


def test_a_restart_of_the_machine_leaves_only_the_line_to_remove(files: Path) -> None:
    with host.lock():
        host.claim(A, ["objects.x"])
        (files / "run" / "host.json").unlink()
        host.release(A)
    assert "objects.x" not in (files / "hosts").read_text()
