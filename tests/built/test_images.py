"""Images built for real: what is in them, what is not, and what building leaves behind."""

import base64
import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cluster import free_port, until
from tests.support.host import processes_of
from tools import images, toolchain
from tools.debian import require_packages
from tools.dirs import cache_dir
from tools.images import catalogue, pushing, workshop
from tools.images.catalogue import Image

pytestmark = pytest.mark.e2e

# Stands for what must reach build steps and stay out of images.
MARKER = "marker-7f3c.invalid"
CHROOT = shutil.which("chroot") or "/usr/sbin/chroot"
SECRETS = ("apt.conf", "sources.list", "ca.crt", "pip.conf")
PROBE = f"""
RUN {" ".join(f"--mount=type=secret,id={name}" for name in SECRETS)} \\
    set -e; grep -q {MARKER} /run/secrets/ca.crt; \\
    PIP_CONFIG_FILE=/run/secrets/pip.conf python3 -m pip config list >/seen; \\
    grep -q {MARKER} /seen; \\
    rm /seen
"""


class Layout:
    """One image of an OCI archive."""

    def __init__(self, archive: Path, folder: Path) -> None:
        self.folder = folder
        with tarfile.open(archive) as content:
            content.extractall(folder, filter="data")
        (entry,) = json.loads((folder / "index.json").read_text())["manifests"]
        self.name = entry["annotations"]["org.opencontainers.image.ref.name"]
        self.manifest = json.loads(self._blob(entry).read_text())
        self.config = json.loads(self._blob(self.manifest["config"]).read_text())

    def unpack(self) -> Path:
        """The files of the image, layers applied in their order, owners and modes kept."""
        root = self.folder / "root"
        root.mkdir()
        for layer in self.manifest["layers"]:
            subprocess.run(["tar", "-xf", self._plain(layer), "-C", root], check=True)
        return root

    def members(self) -> Iterator[tuple[str, bytes]]:
        """Every regular file of every layer, those that a later layer removes too."""
        for layer in self.manifest["layers"]:
            with tarfile.open(self._plain(layer)) as content:
                for member in content:
                    file = content.extractfile(member) if member.isreg() else None
                    if file is not None:
                        yield member.name, file.read()

    def _plain(self, layer: dict[str, Any]) -> Path:
        """A layer's tar file. Layers are zstd, which Python 3.11 has no module for."""
        path = self._blob(layer).with_suffix(".tar")
        if not path.exists():
            subprocess.run(["zstd", "-dq", self._blob(layer), "-o", path], check=True)
        return path

    def _blob(self, entry: dict[str, Any]) -> Path:
        name: str = entry["digest"].removeprefix("sha256:")
        return self.folder / "blobs" / "sha256" / name


class ArchiveStore:
    """A store that keeps the archives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, reference: str) -> bool:
        return self.archive(reference).exists()

    def look(self) -> None:
        pass

    def neighbours(self) -> list[images.Source]:
        return []

    def blobs(self) -> list[str]:
        return []

    def load(self, archive: Path) -> None:
        with tarfile.open(archive) as content:
            index = content.extractfile("index.json")
            assert index is not None
            (entry,) = json.loads(index.read())["manifests"]
        name = entry["annotations"]["org.opencontainers.image.ref.name"]
        shutil.copyfile(archive, self.archive(name))

    def archive(self, reference: str) -> Path:
        return self._folder / reference.replace("/", "_")


@pytest.fixture(scope="module")
def registry() -> Path:
    """The registry's program, out of the user's cache: building it takes a minute."""
    return toolchain.path("registry")


@pytest.fixture(scope="module")
def here(registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of these tests' own, with the base if there is one, and settings with a marker."""
    require_packages(["zstd"], "looking into images", print)
    folder = tmp_path_factory.mktemp("images")
    kept = workshop.home() / f"debian-{catalogue.DEBIAN.definition}.tar.gz"
    # The tools stay the user's: nothing in these tests may build Kubernetes anew.
    (folder / "cache" / "easymaker").mkdir(parents=True)
    (folder / "cache" / "easymaker" / "tools").symlink_to(cache_dir() / "tools")
    bundle = Path("/etc/ssl/certs/ca-certificates.crt").read_text()
    (folder / "bundle.pem").write_text(f"# {MARKER}\n{bundle}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setenv("PIP_CERT", str(folder / "bundle.pem"))
        patch.setenv("PIP_TRUSTED_HOST", MARKER)
        if kept.is_file():
            shutil.copyfile(kept, workshop.home() / kept.name)
        yield folder


@pytest.fixture(scope="module")
def store(here: Path) -> Iterator[ArchiveStore]:
    """The images `pause` and `tools`, a probe that keeps its build stage, and one on the probe."""
    folder = here / "images"
    for name in ("pause", "tools"):
        shutil.copytree(catalogue.FOLDER / name, folder / name)
    beginning = (catalogue.FOLDER / "tools" / "Dockerfile").read_text().partition("\nCOPY ")[0]
    texts = {
        "probe": beginning + PROBE,
        "above": "ARG BASE\nFROM ${BASE}\nRUN touch /above\n",
    }
    for name, text in texts.items():
        (folder / name).mkdir()
        (folder / name / "Dockerfile").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "FOLDER", folder)
        patch.setattr(
            catalogue,
            "IMAGES",
            {
                "pause": catalogue.IMAGES["pause"],
                "tools": catalogue.IMAGES["tools"],
                "above": Image("above", space_mb=1, base="probe"),
                "probe": Image("probe", space_mb=1),
            },
        )
        (here / "store").mkdir()
        made = ArchiveStore(here / "store")
        images.ensure_loaded(made, list(images.refs()), print)
        yield made


@pytest.fixture(scope="module")
def layouts(store: ArchiveStore, here: Path) -> dict[str, Layout]:
    """The images that were built, opened."""
    return {
        name: Layout(store.archive(reference), here / f"layout-{name}")
        for name, reference in images.refs().items()
    }


def test_an_archive_carries_the_name_that_pods_use(layouts: dict[str, Layout]) -> None:
    assert {name: layout.name for name, layout in layouts.items()} == images.refs()


def test_tools_run_as_any_user(layouts: dict[str, Layout]) -> None:
    root = layouts["tools"].unpack()
    script = 'rclone version && wget --help 2>&1 && sh -c "echo $(id -u) >/tmp/x" && cat /tmp/x'
    done = subprocess.run(
        [CHROOT, "--userspec=4321:4321", root, "/bin/sh", "-c", script],
        env={"PATH": "/usr/local/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("rclone v1.")
    assert done.stdout.endswith("4321\n")
    certificates = (root / "etc/ssl/certs/ca-certificates.crt").read_text()
    assert certificates.count("BEGIN CERTIFICATE") > 50


def test_pause_collects_orphans_and_ends_when_told_to(layouts: dict[str, Layout]) -> None:
    assert layouts["pause"].config["config"]["Entrypoint"] == ["/bin/pause"]
    root = layouts["pause"].unpack()
    (root / "proc").mkdir()
    (root / "dev").mkdir()
    (root / "dev/null").touch()
    # An orphan is gone, rather than a zombie, only when process 1 has collected it.
    script = """(
        until busybox grep -qs '[2]147483647' /proc/[0-9]*/cmdline; do :; done
        orphan=$(busybox sh -c 'busybox true & echo $!')
        while kill -0 "$orphan"; do :; done
        kill -TERM 1
    ) & exec /bin/pause"""
    isolated = [*workshop.ISOLATED, f"--mount-proc={root}/proc"]
    argv = [*isolated, CHROOT, str(root), "/bin/sh", "-c", script]
    subprocess.run(argv, env={"PATH": "/bin:/usr/bin"}, check=True, timeout=60)


@pytest.mark.parametrize("name", ["probe", "above", "tools", "pause"])
def test_nothing_of_the_host_is_in_an_image(layouts: dict[str, Layout], name: str) -> None:
    # The probe's own steps have proved that the marked files reached them.
    layout = layouts[name]
    kept = [path for path, content in layout.members() if MARKER.encode() in content]
    assert kept == []
    assert {entry.partition("=")[0] for entry in layout.config["config"]["Env"]} == {"PATH"}
    made_by = [step.get("created_by", "") for step in layout.config["history"]]
    # The probe's step names the marker itself.
    assert not [step for step in made_by if MARKER in step and "grep" not in step]


def test_an_image_of_debian_has_debians_own_sources(layouts: dict[str, Layout]) -> None:
    files = dict(layouts["probe"].members())
    configured = [path for path in files if re.match(r"etc/(apt/(sources|apt\.conf)|pip)", path)]
    assert sorted(configured) == [
        "etc/apt/apt.conf.d/01autoremove",
        "etc/apt/apt.conf.d/70debconf",
        "etc/apt/sources.list.d/debian.sources",
    ]
    assert b"Suites: trixie trixie-updates\n" in files["etc/apt/sources.list.d/debian.sources"]
    assert not any(content for path, content in files.items() if path.startswith("run/secrets/"))
    assert files.get("etc/resolv.conf", b"") == b""


def test_an_image_can_stand_on_another(layouts: dict[str, Layout]) -> None:
    below = layouts["probe"].config["rootfs"]["diff_ids"]
    assert layouts["above"].config["rootfs"]["diff_ids"][: len(below)] == below
    assert "above" in dict(layouts["above"].members())


def test_unchanged_inputs_build_nothing(
    store: ArchiveStore, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(here))  # no program would be found
    lines: list[str] = []
    assert images.ensure_loaded(store, list(images.refs()), lines.append) == images.refs()
    assert lines == []


def test_building_leaves_nothing_but_the_base(store: ArchiveStore, here: Path) -> None:
    kept = {path.name for path in (here / "cache" / "easymaker" / "images").iterdir()}
    assert kept - {"lock", "logs"} <= {f"debian-{catalogue.DEBIAN.definition}.tar.gz"}
    assert _mounts() == set()


def test_an_interrupt_leaves_no_process_mount_or_file(here: Path) -> None:
    kept = here / "cache" / "easymaker" / "images"

    def building() -> bool:
        logs = kept.glob("work-*/building-easymaker.local-tools.log")
        return any("STEP 2" in log.read_text() for log in logs)

    emctl = Path(sys.executable).with_name("emctl")
    with subprocess.Popen(
        [emctl, "images", "push", "127.0.0.1:1"], stderr=subprocess.PIPE, text=True
    ) as process:
        until(building, "the first step of a build", 120)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.endswith("Aborted!\n")
    assert list(kept.glob("work-*")) == []
    assert _mounts() == set()
    assert processes_of(kept) == set()


def test_a_push_is_locked_by_the_digests_that_the_registry_has(
    here: Path, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = here / "pushed" / "small"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    monkeypatch.setattr(catalogue, "FOLDER", folder.parent)
    monkeypatch.setattr(catalogue, "IMAGES", {"small": Image("small", space_mb=1)})
    credentials = {"Authorization": "Basic " + base64.b64encode(b"em:opensesame").decode()}
    with _registry(registry, here) as address:
        login = {"auths": {address: {"auth": credentials["Authorization"].split()[1]}}}
        (here / "auth.json").write_text(json.dumps(login))
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(here / "auth.json"))
        pushed = pushing.push(f"{address}/team", print, plain_http=True)
        name, _, digest = pushed["small"].partition("@")
        assert name == f"{address}/team/small"
        request = urllib.request.Request(
            f"http://{address}/v2/team/small/manifests/{digest}",
            headers={"Accept": "application/vnd.oci.image.manifest.v1+json", **credentials},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            manifest = answer.read()
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://{address}/v2/", timeout=10)
    assert f"sha256:{hashlib.sha256(manifest).hexdigest()}" == digest
    assert json.loads(manifest)["layers"]


@contextmanager
def _registry(program: Path, folder: Path) -> Iterator[str]:
    """A registry on loopback that only user `em` may use: HOST:PORT."""
    address = f"127.0.0.1:{free_port()}"
    # The hash of the word `opensesame`.
    hashed = "$2b$04$B.eU8p7CuhYjg9BkZ8ncLur00YO.PDvpbx/dDsRkCRSCz0ddxVGN."
    (folder / "htpasswd").write_text(f"em:{hashed}\n")
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}},
        "http": {"addr": address},
        "auth": {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}},
    }
    (folder / "registry.yaml").write_text(yaml.safe_dump(settings))
    argv = [str(program), "serve", str(folder / "registry.yaml")]
    process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert any("listening on" in line for line in process.stderr)
        yield address
    finally:
        process.kill()
        process.communicate()


def _mounts() -> set[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return {mount for mount in (line.split()[4] for line in lines) if "/easymaker/images/" in mount}
