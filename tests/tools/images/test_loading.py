"""What is built and loaded, and what is left of it. The builder is a script."""

import fcntl
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.tools.images.conftest import FolderStore, Machine
from tools import images
from tools.errors import ToolError
from tools.images import builders, workshop

REFS = images.refs()


def built(machine: Machine) -> list[str]:
    """The names of the images that were built, in order."""
    tags = [word for line in machine.asked for word in line.split() if word.startswith("--tag=")]
    return [tag.removeprefix("--tag=easymaker.local/").partition(":")[0] for tag in tags]


def test_only_what_the_store_lacks_is_built(machine: Machine, store: FolderStore) -> None:
    lines: list[str] = []
    assert images.ensure_loaded(store, ["pause"], lines.append) == {"pause": REFS["pause"]}
    assert built(machine) == ["pause"]
    got = images.ensure_loaded(store, ["pause", "tools", "s3"], lines.append)
    assert got == {name: REFS[name] for name in ("pause", "tools", "s3")}
    assert built(machine) == ["pause", "tools", "s3"]
    assert all(store.has(reference) for reference in got.values())
    assert not any(archive.exists() for archive in store.archives)
    assert machine.leftovers == []
    assert any(line.startswith("image tools (1 of 2): built in ") for line in lines)


def test_nothing_runs_where_nothing_lacks(machine: Machine, store: FolderStore) -> None:
    images.ensure_loaded(store, ["pause"], print)
    machine.notes.unlink()
    for name in ("buildah", "unshare", "docker"):
        machine.program(name, 'echo ran >>"$NOTES"\n')
    images.ensure_loaded(store, ["pause"], print)
    assert machine.asked == []


def test_a_build_gets_its_base_the_secrets_and_a_clean_copy(
    machine: Machine, store: FolderStore
) -> None:
    machine.hook("bud", 'for last; do :; done; ls -la "$last" >"$HOOKS/context"\n')
    images.ensure_loaded(store, ["s3"], print)
    assert "overlay pull --quiet --retry=0 debian:trixie-slim" in machine.asked
    (line,) = (line for line in machine.asked if line.startswith("overlay bud"))
    assert "--isolation=chroot" in line
    assert "--build-arg=BASE=debian:trixie-slim" in line
    for secret in ("ca.crt", "pip.conf", "apt.conf", "sources.list"):
        assert f"--secret=id={secret},src={machine.cache}/easymaker/images/work-" in line
    listed = {row.split()[-1]: row.split()[0] for row in _rows(machine.hooks / "context")}
    files = {path.name for path in (images.catalogue.FOLDER / "s3").iterdir()}
    assert set(listed) - {".", ".."} == files
    assert listed["s3-server"] == "-rwxr-xr-x"
    assert listed["Dockerfile"] == "-rw-r--r--"


def _rows(path: Path) -> list[str]:
    return path.read_text().splitlines()[1:]


def test_another_cluster_spares_the_build(
    machine: Machine, store: FolderStore, tmp_path: Path
) -> None:
    neighbour = FolderStore(tmp_path / "neighbour")
    images.ensure_loaded(neighbour, ["tools"], print)
    machine.notes.unlink()
    store.others = [neighbour]
    lines: list[str] = []
    images.ensure_loaded(store, ["tools"], lines.append)
    assert store.has(REFS["tools"])
    assert machine.asked == []
    assert lines == ["copied from another cluster: tools"]
    images.ensure_loaded(store, ["tools", "pause"], lines.append)
    assert built(machine) == ["pause"]


def test_what_another_cluster_has_is_copied_at_once(
    machine: Machine, store: FolderStore, tmp_path: Path
) -> None:
    neighbour = FolderStore(tmp_path / "neighbour")
    images.ensure_loaded(neighbour, ["tensorflow", "tools"], print)
    machine.notes.unlink()
    store.others = [neighbour]
    wanted = ["python", "tensorflow", "tools"]
    images.ensure_loaded(store, wanted, print)
    assert machine.asked == []
    assert len(store.archives) == 1
    assert all(store.has(REFS[name]) for name in wanted)


def layer(name: str) -> str:
    return f"sha256:layer-{REFS[name].partition('/')[2].replace(':', '-')}"


def test_images_that_stand_on_each_other_bring_their_layers_once(
    machine: Machine, store: FolderStore
) -> None:
    images.ensure_loaded(store, ["python"], print)
    images.ensure_loaded(store, ["tensorflow-keras3"], print)
    assert built(machine) == ["python", "tensorflow", "tensorflow-keras3"]
    assert all(store.has(REFS[name]) for name in ("tensorflow", "tensorflow-keras3"))
    assert store.loaded == [
        {"sha256:layer-debian-trixie-slim", layer("python")},
        {layer("tensorflow")},
        {layer("tensorflow-keras3")},
    ]


# As buildah does: unpacked in order, so that the last index.json is the one.
_SAY_NAME = """\
mkdir "$HOOKS/unpacked"
tar -C "$HOOKS/unpacked" -xf "${3#oci-archive:}"
python -c "import json, sys
for entry in json.load(open(sys.argv[1]))['manifests']:
    print(entry['annotations']['org.opencontainers.image.ref.name'])" \
    "$HOOKS/unpacked/index.json" >"$HOOKS/pulled"
"""


def test_building_goes_on_from_what_the_store_has(machine: Machine, store: FolderStore) -> None:
    images.ensure_loaded(store, ["tensorflow"], print)
    machine.notes.unlink()
    machine.hook("pull", _SAY_NAME)
    lines: list[str] = []
    images.ensure_loaded(store, ["tensorflow-keras3"], lines.append)
    assert built(machine) == ["tensorflow-keras3"]
    (pulled,) = (line for line in machine.asked if line.startswith("overlay pull"))
    assert pulled == f"overlay pull --quiet oci-archive:{store.archives[-1].parent}/tensorflow.tar"
    (name,) = (machine.hooks / "pulled").read_text().splitlines()
    assert name == REFS["tensorflow"]
    assert lines[0].startswith("image tensorflow (1 of 2): is there, read in ")
    assert lines[1].startswith("image tensorflow-keras3 (2 of 2): built in ")
    assert machine.leftovers == []


def test_what_arrives_is_told_as_it_comes(machine: Machine, store: FolderStore) -> None:
    told: list[list[str]] = []

    def arrived(names: Sequence[str]) -> None:
        assert all(store.has(REFS[name]) for name in names)
        told.append(sorted(names))

    images.ensure_loaded(store, ["pause", "tools"], print, arrived=arrived)
    assert told == [["pause"], ["tools"]]
    images.ensure_loaded(store, ["pause", "tools", "s3"], print, arrived=arrived)
    assert told[2:] == [["pause", "tools"], ["s3"]]


def test_a_failure_ends_what_is_built_beside_it(
    machine: Machine, store: FolderStore, tmp_path: Path
) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    script = (
        f'case $* in *s3*) exec 3>"{alive}"; sleep 600 & wait;;\n'
        f'*tools*) read line <"{alive}.go"; exit 9;; esac\n'
    )
    os.mkfifo(f"{alive}.go")
    machine.hook("bud", script)
    readers: list[int] = []

    def fail() -> None:
        readers.append(os.open(alive, os.O_RDONLY))  # returns once that build runs
        Path(f"{alive}.go").write_text("\n")

    thread = threading.Thread(target=fail)
    thread.start()
    with pytest.raises(ToolError, match=r"building .*/tools:.* failed \(exit code 9\)"):
        images.ensure_loaded(store, ["pause", "tools", "s3"], print)
    thread.join()
    assert os.read(readers[0], 1) == b""  # the other build has ended
    os.close(readers[0])
    assert machine.leftovers == []
    assert store.has(REFS["pause"])


def test_a_build_waits_for_another_and_takes_what_came_of_it(
    machine: Machine, store: FolderStore, tmp_path: Path
) -> None:
    other = FolderStore(tmp_path / "other")
    images.ensure_loaded(other, ["tools"], print)
    machine.notes.unlink()
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        if line.startswith("waiting"):
            store.others = [other]
            os.close(lock)

    lock = os.open(workshop.home() / "lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    images.ensure_loaded(store, ["tools"], say)
    assert lines == ["waiting for another build of images", "copied from another cluster: tools"]
    assert machine.asked == []


def test_a_layer_that_the_store_threw_away_comes_again(
    machine: Machine, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "blobs", lambda: {layer("pause")})
    images.ensure_loaded(store, ["pause"], print)
    assert len(store.archives) == 2
    assert store.has(REFS["pause"])


def test_where_no_overlay_is_to_be_had_copies_do(machine: Machine, store: FolderStore) -> None:
    machine.hook("images", 'test "$driver" = vfs\n')
    images.ensure_loaded(store, ["pause"], print)
    assert {line.split()[0] for line in machine.asked if " images" not in line} == {"vfs"}


def test_a_failure_names_the_step_its_last_lines_and_the_log(
    machine: Machine, store: FolderStore
) -> None:
    script = 'i=0; while [ $i -lt 30 ]; do i=$((i+1)); echo "line $i"; done; exit 9\n'
    machine.hook("bud", script)
    with pytest.raises(ToolError) as failed:
        images.ensure_loaded(store, ["pause"], print)
    message = failed.value.message
    assert message.startswith(f"building {REFS['pause']} failed (exit code 9):\nline 19\n")
    assert "line 30" in message
    log = Path(failed.value.hint.removeprefix("all of it: "))
    assert log.read_text().splitlines()[0] == "line 1"
    assert machine.leftovers == []
    assert not store.has(REFS["pause"])
    machine.hook("bud", "true\n")
    images.ensure_loaded(store, ["pause"], print)
    assert not log.exists()


def test_a_seal_that_the_kernel_refuses_is_tried_again(
    machine: Machine, store: FolderStore
) -> None:
    busy = "echo Close_Fd sealing memfd copy: Device or resource busy; exit 1"
    machine.hook("bud", f'test -e "$NOTES.tried" || {{ touch "$NOTES.tried"; {busy}; }}')
    images.ensure_loaded(store, ["pause"], print)
    assert len([note for note in machine.asked if " bud " in note]) == 2


def test_a_seal_that_stays_refused_is_said(machine: Machine, store: FolderStore) -> None:
    machine.hook("bud", "echo sealing memfd copy: Device or resource busy; exit 1")
    with pytest.raises(ToolError, match="sealing memfd copy"):
        images.ensure_loaded(store, ["pause"], print)
    assert len([note for note in machine.asked if " bud " in note]) == 6


def test_a_store_that_fails_leaves_nothing(machine: Machine, store: FolderStore) -> None:
    def load(archive: Path) -> None:
        raise ToolError("the node is full")

    store.load = load  # type: ignore[method-assign]
    with pytest.raises(ToolError, match="the node is full"):
        images.ensure_loaded(store, ["pause"], print)
    assert machine.leftovers == []


def test_an_interrupt_ends_the_build_and_clears_up(
    machine: Machine, store: FolderStore, tmp_path: Path
) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    machine.hook("bud", f'exec 3>"{alive}"; sleep 600 & wait\n')
    readers: list[int] = []

    def interrupt() -> None:
        readers.append(os.open(alive, os.O_RDONLY))  # returns once the build has opened it
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        images.ensure_loaded(store, ["pause"], print)
    thread.join()
    assert machine.leftovers == []
    # The end of the file comes when no process of the build has it open any more.
    assert os.read(readers[0], 1) == b""
    os.close(readers[0])


def test_an_interrupt_while_a_program_is_started_ends_it_too(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def start_interrupted(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        started.append(start(*args, **kwargs))
        os.kill(os.getpid(), signal.SIGINT)
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start_interrupted)
    with workshop.workshop() as shop, pytest.raises(KeyboardInterrupt):
        shop.run("waiting", ["sleep", "600"])
    assert started[0].returncode == -signal.SIGKILL
    # From here on Ctrl-C is what it was.
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_a_program_that_is_not_there_is_said(machine: Machine) -> None:
    with workshop.workshop() as shop, pytest.raises(ToolError) as failed:
        shop.run("packing the base", ["no-such-program"])
    assert failed.value.message == (
        "packing the base could not be started: no-such-program: No such file or directory"
    )


def test_leftovers_of_a_killed_run_go_but_not_what_is_in_use(machine: Machine) -> None:
    killed = workshop.home() / "work-killed"
    used = workshop.home() / "work-used"
    for folder in (killed, used):
        folder.mkdir()
        (folder / "lock").touch()
    with (used / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with workshop.workshop() as shop:
            assert sorted(machine.leftovers) == sorted([used, shop.folder])
            assert shop.folder.stat().st_mode & 0o077 == 0
    assert machine.leftovers == [used]


def test_programs_of_a_killed_run_keep_their_folder(machine: Machine, tmp_path: Path) -> None:
    ready, go = tmp_path / "ready", tmp_path / "go"
    os.mkfifo(ready)
    os.mkfifo(go)
    folder = workshop.home() / "work-killed"
    folder.mkdir()
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    shop = workshop.Workshop(folder, lock)
    argv = ["sh", "-c", f'echo >"{ready}"; read line <"{go}"']
    thread = threading.Thread(target=shop.run, args=("waiting", argv))
    thread.start()
    ready.read_text()
    os.close(lock)  # as when the process that made the folder is killed
    try:
        with workshop.workshop():
            assert folder.exists()
    finally:
        go.write_text("\n")
        thread.join()
    with workshop.workshop():
        assert not folder.exists()


def test_two_runs_of_one_step_keep_their_logs_apart(machine: Machine, tmp_path: Path) -> None:
    ready, go = tmp_path / "ready", tmp_path / "go"
    os.mkfifo(ready)
    os.mkfifo(go)
    failures: list[ToolError] = []

    def fail(shop: workshop.Workshop) -> None:
        script = f'echo first; echo >"{ready}"; read line <"{go}"; exit 1'
        try:
            shop.run("building r:1", ["sh", "-c", script])
        except ToolError as error:
            failures.append(error)

    with workshop.workshop() as one, workshop.workshop() as other:
        thread = threading.Thread(target=fail, args=(one,))
        thread.start()
        ready.read_text()
        other.run("building r:1", ["echo", "second"])
        go.write_text("\n")
        thread.join()
    assert failures[0].message == "building r:1 failed (exit code 1):\nfirst\n"
    log = Path(failures[0].hint.removeprefix("all of it: "))
    assert log.read_text() == "first\n"


def test_without_root_or_docker_it_says_so(
    machine: Machine, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ToolError, match="needs root, or a Docker engine"):
        images.ensure_loaded(store, ["pause"], print)
    assert machine.asked == []


def test_a_full_disk_is_said_before_anything_is_built(
    machine: Machine, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 123_000_000

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(ToolError, match=r"building 1 images needs \d+ MB .* has 123 MB free"):
        images.ensure_loaded(store, ["pause"], print)
    assert built(machine) == []


def test_an_unknown_image_is_said(store: FolderStore) -> None:
    with pytest.raises(ToolError, match=r"no image 'tool' \(one of pause, tools, "):
        images.ensure_loaded(store, ["tool"], print)


def test_docker_builds_where_it_answers(machine: Machine, store: FolderStore) -> None:
    machine.program(
        "docker",
        'echo "docker $*" >>"$NOTES"\n'
        "for arg; do case $arg in\n"
        '--output=*) python "$NOTES.py" "oci:$HOOKS/saved:$3"\n'
        '    tar -C "$HOOKS/saved" -cf "${arg#*=}" oci-layout index.json blobs;;\n'
        "esac; done\n",
    )
    images.ensure_loaded(store, ["pause"], print)
    commands = [" ".join(line.split()[:2]) for line in machine.asked]
    assert commands == [
        "docker version", "docker pull", "docker build", "docker save", "docker image",
    ]  # fmt: skip
    assert machine.asked[-1] == f"docker image rm --force {REFS['pause']}"
    assert store.has(REFS["pause"])


def test_proxies_reach_docker_builds_by_name_only(
    machine: Machine, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://user:word@proxy.example")
    options = builders._build_options("b", {})
    assert options == ["--build-arg=BASE=b"]
    machine.program("docker", 'echo "docker $*" >>"$NOTES"\nexit 0\n')
    shop_lines: list[str] = []
    with workshop.workshop() as shop:
        builders.find(shop, shop_lines.append).build("r:1", shop.folder, "b", {})
    assert " --build-arg=https_proxy " in machine.asked[-1]
    assert "word" not in machine.asked[-1]
