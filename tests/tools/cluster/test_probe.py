"""Looking at the machine."""

from pathlib import Path

import pytest

from tools.cluster import probe
from tools.errors import ToolError


@pytest.fixture
def resolver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    files = [tmp_path / "resolv.conf", tmp_path / "behind.conf"]
    monkeypatch.setattr(probe, "RESOLVER_FILES", files)
    return files


def test_names_outside_go_to_the_hosts_servers(resolver: list[Path]) -> None:
    resolver[0].write_text("# by hand\nnameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch x\n")
    assert probe.forward_line() == "forward . 192.0.2.53 2001:db8::53"


def test_a_resolver_on_loopback_is_passed_by(resolver: list[Path]) -> None:
    resolver[0].write_text("nameserver 127.0.0.53\n")
    resolver[1].write_text("nameserver 192.0.2.1\n")
    assert probe.forward_line() == "forward . 192.0.2.1"


def test_no_usable_server_means_no_forwarding(resolver: list[Path]) -> None:
    resolver[0].write_text("nameserver ::1\nnameserver\nnameserver not-an-address\n")
    assert probe.forward_line() == ""


def test_a_full_disk_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(
        ToolError, match=rf"{tmp_path} has .* GiB free, a local cluster needs 1e\+09"
    ):
        probe.require_space(tmp_path, 1e9)
