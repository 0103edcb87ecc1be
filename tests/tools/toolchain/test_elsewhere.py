from pathlib import Path

import pytest

from tools.toolchain import elsewhere


def program(path: Path, script: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first folder of PATH; none of the others has Pulumi."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    return folder


def test_pulumi_on_path_is_taken_with_its_language_host(bin_folder: Path) -> None:
    pulumi = program(bin_folder / "pulumi", "echo v3.300.1")
    host = program(bin_folder / "pulumi-language-python")
    found = elsewhere.pulumi_on_path()
    assert found is not None
    assert dict(found.files) == {"pulumi": pulumi, "pulumi-language-python": host}
    assert found.version == "3.300.1"
    assert found.origin == f"PATH ({pulumi})"


@pytest.mark.parametrize(
    ("version", "taken"), [("v3.253.9", False), ("v3.254.0", True), ("v4.0.0", True)]
)
def test_pulumi_on_path_must_be_new_enough(bin_folder: Path, version: str, taken: bool) -> None:
    program(bin_folder / "pulumi", f"echo {version}")
    program(bin_folder / "pulumi-language-python")
    assert (elsewhere.pulumi_on_path() is not None) == taken


@pytest.mark.parametrize("script", ["exit 1", "echo what"])
def test_a_pulumi_that_does_not_work_is_not_taken(bin_folder: Path, script: str) -> None:
    program(bin_folder / "pulumi", script)
    program(bin_folder / "pulumi-language-python")
    assert elsewhere.pulumi_on_path() is None


def test_pulumi_without_its_host_is_not_taken(bin_folder: Path) -> None:
    program(bin_folder / "pulumi", "echo v3.300.1")
    assert elsewhere.pulumi_on_path() is None


def test_a_link_to_an_own_build_does_not_hide_what_comes_after(
    bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tmp_path / "cache" / "easymaker" / "tools" / "pulumi-0123456789ab"
    for name in ("pulumi", "pulumi-language-python"):
        program(built / name)
        (bin_folder / name).parent.mkdir(exist_ok=True)
        (bin_folder / name).symlink_to(built / name)
    (built / "run_program.py").touch()
    assert elsewhere.on_path("pulumi") is None
    theirs = program(tmp_path / "later" / "pulumi")
    monkeypatch.setenv("PATH", f"{bin_folder}:{theirs.parent}")
    assert elsewhere.on_path("pulumi") == theirs


def test_the_provider_is_taken_as_pulumi_installs_it(tmp_path: Path) -> None:
    file = program(elsewhere.provider_location(tmp_path / "home"))
    assert file.parent.name == "resource-kubernetes-v4.25.0"
    found = elsewhere.installed_provider()
    assert found is not None
    assert (found.files[elsewhere.PROVIDER], found.origin) == (file, "plugin install")


def test_a_download_that_was_cut_off_is_not_taken(tmp_path: Path) -> None:
    file = program(elsewhere.provider_location(tmp_path / "home"))
    file.parent.with_name(f"{file.parent.name}.partial").touch()
    assert elsewhere.installed_provider() is None


def test_an_own_build_does_not_count_as_installed(tmp_path: Path) -> None:
    elsewhere.place_provider(program(tmp_path / "built"), tmp_path / "home")
    assert elsewhere.installed_provider() is None


def test_pulumi_is_asked_for_the_provider(bin_folder: Path, tmp_path: Path) -> None:
    file = elsewhere.provider_location(tmp_path / "home")
    pulumi = program(
        bin_folder / "pulumi",
        f'[ "$*" = "plugin install resource kubernetes 4.25.0" ] || exit 9\n'
        f"mkdir -p {file.parent} && touch {file}",
    )
    found = elsewhere.install_provider(lambda _: pulumi, lambda _: None)
    assert found is not None
    assert found.files[elsewhere.PROVIDER] == file


def test_a_provider_that_pulumi_cannot_get_is_no_error(bin_folder: Path) -> None:
    pulumi = program(bin_folder / "pulumi", "echo 'no such host' >&2; exit 1")
    assert elsewhere.install_provider(lambda _: pulumi, lambda _: None) is None


def test_the_built_provider_is_put_where_pulumi_looks(tmp_path: Path) -> None:
    home = tmp_path / "other-home"
    file = elsewhere.provider_location(home)
    first, second = program(tmp_path / "one"), program(tmp_path / "two")
    file.parent.mkdir(parents=True)
    unfinished = file.parent.with_name(f"{file.parent.name}.partial")
    unfinished.touch()
    for provider in (first, second, second):
        elsewhere.place_provider(provider, home)
        assert file.resolve() == provider
    assert not unfinished.exists()
    assert list(file.parent.iterdir()) == [file]
