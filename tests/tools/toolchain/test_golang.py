import os
import zipfile
from pathlib import Path

import pytest

from tools.errors import ToolError
from tools.toolchain import golang
from tools.toolchain.definitions import TOOLS
from tools.toolchain.golang import Go


def fake_go(folder: Path, script: str) -> Path:
    """A `go` on PATH of its own that runs a shell script."""
    folder.mkdir(exist_ok=True)
    command = folder / "go"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return command


def answer(version: str, toolchain: str) -> str:
    return (
        f'echo \'{{"GOVERSION": "go{version}", "GOTOOLCHAIN": "{toolchain}", "GOHOSTOS": "linux",'
        ' "GOHOSTARCH": "amd64", "GOMODCACHE": "/m", "GOCACHE": "/c"}\''
    )


@pytest.fixture
def only_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on PATH besides the system's; Go is not at its standard location."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(golang, "STANDARD_LOCATION", tmp_path / "nowhere" / "go")
    return tmp_path / "bin"


def test_without_go_it_says_so_and_which_is_needed(only_path: Path) -> None:
    if any(Path(folder, "go").exists() for folder in ("/usr/bin", "/bin")):
        os.environ["PATH"] = str(only_path)
    with pytest.raises(ToolError) as caught:
        golang.find("1.26.0")
    assert caught.value.message == (
        "Go is not installed, and the tools are built with Go 1.26.0 or newer"
    )


def test_go_is_found_where_its_archive_unpacks(
    only_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(only_path))
    command = fake_go(tmp_path / "standard", answer("1.26.1", "local"))
    monkeypatch.setattr(golang, "STANDARD_LOCATION", command)
    assert golang.find("1.26.0").command == str(command)


def test_an_old_go_that_may_not_renew_itself_is_refused(only_path: Path) -> None:
    fake_go(only_path, answer("1.25.9", "local"))
    with pytest.raises(ToolError, match=r"Go 1\.25\.9 is too old: .* Go 1\.26\.0 or newer"):
        golang.find("1.26.0")


def test_a_go_that_cannot_renew_itself_is_refused(only_path: Path) -> None:
    fake_go(only_path, answer("1.20.14", "auto"))
    with pytest.raises(ToolError, match="too old"):
        golang.find("1.26.0")


def test_an_old_go_that_renews_itself_counts_as_the_one_it_will_be(only_path: Path) -> None:
    fake_go(only_path, answer("1.21.0", "auto"))
    assert golang.find("1.26.3").release == "1.26"


def test_a_broken_go_is_named(only_path: Path) -> None:
    command = fake_go(only_path, "echo broken >&2; exit 3")
    with pytest.raises(ToolError, match=f"{command} does not work: broken"):
        golang.find("1.26.0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.26.8", (1, 26, 8)), ("1.27rc1", (1, 27, 0)), ("v3.274.1-alpha.2", (3, 274, 1))],
)
def test_versions_are_read(text: str, expected: tuple[int, ...]) -> None:
    assert golang.parse_version(text) == expected


def test_the_users_own_settings_change_no_build(
    go: Go, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "go.mod").write_text("module example.com/x\n\ngo 1.21\n")
    monkeypatch.setenv("GOFLAGS", "-mod=vendor -tags=mine")
    monkeypatch.setenv("GOWORK", str(tmp_path / "go.work"))
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("CGO_ENABLED", "1")
    shown = go.run(["env", "GOFLAGS", "GOWORK", "GOOS", "CGO_ENABLED"], tmp_path)
    assert shown.splitlines() == ["-mod=readonly", "off", go.system, "0"]


@pytest.mark.parametrize("proxy", ["off", "http://127.0.0.1:1"])
@pytest.mark.parametrize("name", ["kubernetes", "pulumi", "gateway-api-crds"])
def test_a_module_that_cannot_be_fetched_is_named(
    go: Go, name: str, proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOPROXY", proxy)
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    tool = next(tool for tool in TOOLS if tool.name == name)
    for folder in ("result", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "source").symlink_to(tool.folder)
    with pytest.raises(ToolError) as caught:
        tool.make(tmp_path, tmp_path / "result", go, ())
    message = caught.value.message
    assert "could not be fetched: " in message
    assert "\n" not in message
    if proxy == "off":
        assert message.startswith(f"a Go module of easymaker.io/tools/{name} ")
        assert message.endswith("module lookup disabled by GOPROXY=off")
    else:
        assert message.startswith("the Go module ")
        assert message.endswith("connection refused")


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    command = fake_go(
        tmp_path / "bin", "echo 'compile: write /x/_pkg_.a: no space left on device' >&2; exit 1"
    )
    go = Go(str(command), (1, 26, 0), "linux", "amd64", tmp_path, tmp_path)
    with pytest.raises(ToolError, match=r"^the disk is full"):
        go.run(["build"], tmp_path)


def test_another_failure_shows_the_compilers_last_lines(go: Go, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/x\n\ngo 1.21\n")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() { nothing() }\n")
    with pytest.raises(ToolError, match=r"go build failed with exit code 1: (?s:.*)nothing"):
        go.run(["build", "-o", tmp_path / "x", "."], tmp_path)


def test_a_module_of_files_is_found_in_the_module_cache(go: Go, tmp_path: Path) -> None:
    # A module served from a folder: the same path that a mirror takes.
    mirror = tmp_path / "mirror" / "example.com" / "data" / "@v"
    mirror.mkdir(parents=True)
    source = tmp_path / "example.com" / "data@v1.0.0"
    source.mkdir(parents=True)
    (source / "go.mod").write_text("module example.com/data\n")
    (source / "a.yaml").write_text("a: 1\n")
    with zipfile.ZipFile(mirror / "v1.0.0.zip", "w") as archive:
        for file in source.iterdir():
            archive.write(file, file.relative_to(tmp_path))
    (mirror / "v1.0.0.mod").write_text("module example.com/data\n")
    (mirror / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (tmp_path / "go.mod").write_text(
        "module example.com/x\n\ngo 1.21\n\nrequire example.com/data v1.0.0\n"
    )
    environment = {
        "GOPROXY": (tmp_path / "mirror").as_uri(),
        "GOMODCACHE": str(tmp_path / "modules"),
        "GONOSUMDB": "*",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        found = go.module_folder("example.com/data", tmp_path)
    assert (found / "a.yaml").read_text() == "a: 1\n"
