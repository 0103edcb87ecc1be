"""The entry of a cluster in the user's kubeconfig."""

from pathlib import Path

import pytest
import yaml

from tools.cluster import kubeconfig
from tools.cluster.pki import Authority
from tools.cluster.pki import kubeconfig as make_kubeconfig


@pytest.fixture
def user_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "home" / "config"
    monkeypatch.setenv("KUBECONFIG", f"{path}:/elsewhere")
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    ca = Authority(tmp_path / "pki")
    ca.issue("admin", "admin", "system:masters")
    path = tmp_path / "kubeconfig"
    path.write_text(make_kubeconfig(tmp_path / "pki", "admin", "https://10.0.0.1:6443", "em-x"))
    return path


def test_a_first_entry_becomes_the_current_one(user_file: Path, source: Path) -> None:
    kubeconfig.merge("em-x", source)
    content = yaml.safe_load(user_file.read_text())
    assert content["current-context"] == "em-x"
    assert content["clusters"][0]["cluster"]["server"] == "https://10.0.0.1:6443"
    assert user_file.stat().st_mode & 0o777 == 0o600


def test_removing_the_only_entry_removes_the_file(user_file: Path, source: Path) -> None:
    kubeconfig.merge("em-x", source)
    kubeconfig.remove("em-x")
    assert not user_file.exists()


def test_the_users_own_entries_and_choice_stay(user_file: Path, source: Path) -> None:
    user_file.parent.mkdir()
    own = {
        "clusters": [{"name": "prod", "cluster": {"server": "https://prod"}}],
        "users": [{"name": "me", "user": {"token": "t"}}],
        "contexts": [{"name": "prod", "context": {"cluster": "prod", "user": "me"}}],
        "current-context": "prod",
        "preferences": {"colors": True},
    }
    user_file.write_text(yaml.safe_dump(own))
    kubeconfig.merge("em-x", source)
    merged = yaml.safe_load(user_file.read_text())
    assert merged["current-context"] == "prod"
    assert [c["name"] for c in merged["contexts"]] == ["prod", "em-x"]
    kubeconfig.remove("em-x")
    after = yaml.safe_load(user_file.read_text())
    assert {key: after[key] for key in own} == own


def test_merging_again_writes_nothing(user_file: Path, source: Path) -> None:
    kubeconfig.merge("em-x", source)
    before = user_file.stat().st_mtime_ns
    kubeconfig.merge("em-x", source)
    assert user_file.stat().st_mtime_ns == before


def test_a_link_to_the_file_stays_a_link(user_file: Path, source: Path, tmp_path: Path) -> None:
    real = tmp_path / "real"
    user_file.parent.mkdir()
    real.write_text("")
    user_file.symlink_to(real)
    kubeconfig.merge("em-x", source)
    assert user_file.is_symlink()
    assert "em-x" in real.read_text()
