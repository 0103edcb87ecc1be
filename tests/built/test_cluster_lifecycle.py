"""Up, repair and down of the local cluster."""

import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.cluster import (
    IMAGES,
    LocalCluster,
    free_port,
    local_cluster,
    namespace,
    pod,
    running_cluster,
)
from tests.support.host import listing, processes_of
from tests.support.soak import ROUNDS

pytestmark = pytest.mark.e2e


def processes(cluster: LocalCluster) -> dict[str, int]:
    found = json.loads(cluster.emctl("status", "--json").stdout)
    assert found["state"] == "running", found["reasons"]
    return dict(found["processes"])


def end(pids: Iterable[int]) -> None:
    """Kill processes and wait until they are gone."""
    for pid in pids:
        handle = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        select.select([handle], [], [], 10)
        os.close(handle)


def test_up_again_changes_nothing(cluster: LocalCluster) -> None:
    """How quick that is says `benchmarks/local_cluster.py`."""
    before = processes(cluster)
    assert cluster.emctl("status").returncode == 0
    again = cluster.emctl("up")
    assert again.returncode == 0, again.stderr
    assert again.stderr == ""
    assert processes(cluster) == before


@pytest.mark.soak
def test_up_repairs_whatever_process_was_killed(cluster: LocalCluster) -> None:
    cluster.apply(namespace("kept"), pod("kept", "pod", ["sleep", "3600"]))
    cluster.wait("-n", "kept", "pod/pod", "--for=condition=Ready")
    uid = cluster.get("-n", "kept", "pod", "pod")["metadata"]["uid"]
    seed = random.randrange(10**6)
    chosen = random.Random(seed).choices(sorted(processes(cluster)), k=ROUNDS)
    for name in chosen:
        end([processes(cluster)[name]])
        broken = cluster.emctl("status")
        assert broken.returncode == 1, (seed, name)
        assert f"{name} does not run" in broken.stdout
        repaired = cluster.emctl("up")
        assert repaired.returncode == 0, (seed, name, repaired.stderr)
        assert f"started {name}" in repaired.stderr
        assert cluster.get("-n", "kept", "pod", "pod")["metadata"]["uid"] == uid
    cluster.wait("-n", "kept", "pod/pod", "--for=condition=Ready")
    cluster.kubectl("delete", "namespace", "kept", "--wait=false")


def test_up_repairs_the_loss_of_all_processes(cluster: LocalCluster) -> None:
    cluster.apply(namespace("kept-all"), pod("kept-all", "pod", ["sleep", "3600"]))
    cluster.wait("-n", "kept-all", "pod/pod", "--for=condition=Ready")
    # Containers' own processes too, as after a crash of the machine.
    cluster.backend._cgroup().kill()
    repaired = cluster.emctl("up")
    assert repaired.returncode == 0, repaired.stderr
    assert processes(cluster).keys() >= {"etcd", "kubelet", "containerd"}
    assert cluster.get("namespace", "kept-all")["status"]["phase"] == "Active"
    # New pods run again, and find names.
    code = "import socket; print(socket.gethostbyname('kubernetes.default'))"
    assert cluster.run_python("kept-all", "after", code).startswith("10.192.")
    cluster.kubectl("delete", "namespace", "kept-all", "--wait=false")


def test_deleted_addons_come_back(cluster: LocalCluster) -> None:
    cluster.kubectl("-n", "gateway-system", "delete", "deployment", "traefik")
    assert cluster.emctl("status").returncode == 1
    repaired = cluster.emctl("up")
    assert repaired.returncode == 0, repaired.stderr
    assert cluster.emctl("status").returncode == 0


def test_two_clusters_stand_side_by_side_and_one_leaves_no_trace(cluster: LocalCluster) -> None:
    before = listing()
    running = processes(cluster)
    with running_cluster("other") as other:
        assert listing()["interfaces"] > before["interfaces"]
        other.apply(namespace("only-here"))
        assert "only-here" not in cluster.kubectl("get", "namespaces", "-o", "name")
        keys = [*(other.folder / "pki").rglob("*.key"), *(other.folder / "kubeconfigs").iterdir()]
        secrets = [*keys, other.kubeconfig, other.folder / "s3.json"]
        assert {p.stat().st_mode & 0o777 for p in secrets} == {0o600}
        assert other.folder.stat().st_mode & 0o777 == 0o700
    assert listing() == before
    assert not processes_of(other.home)
    assert not other.home.exists()
    assert processes(cluster) == running
    assert cluster.emctl("status").returncode == 0


def test_down_may_keep_data() -> None:
    """Objects of the API and of the storage are there again after the next `up`, GPUs too."""
    with running_cluster("kept") as kept:
        assert kept.emctl("up", "--simulate-gpus=1").returncode == 0
        container = {
            "image": IMAGES["tools"],
            "resources": {"limits": {"nvidia.com/gpu": "1"}},
        }
        command = ["sleep", "3600"]
        gpu = pod("remembered", "gpu", command, container=container, restartPolicy="Always")
        kept.apply(namespace("remembered"), gpu)
        kept.wait("-n", "remembered", "pod/gpu", "--for=condition=Ready")
        uid = kept.get("-n", "remembered", "pod", "gpu")["metadata"]["uid"]
        (kept.folder / "volumes" / "mark").write_text("still here")
        down = kept.emctl("down", "--keep-data")
        assert down.returncode == 0, down.stderr
        assert kept.emctl("status").stdout.splitlines()[0].endswith("stopped")
        assert not processes_of(kept.home)
        up = kept.emctl("up")
        assert up.returncode == 0, up.stderr
        assert (kept.folder / "volumes" / "mark").read_text() == "still here"
        restarted = "jsonpath={.status.containerStatuses[0].restartCount}=1"
        kept.wait("-n", "remembered", "pod/gpu", f"--for={restarted}")
        kept.wait("-n", "remembered", "pod/gpu", "--for=condition=Ready")
        assert kept.get("-n", "remembered", "pod", "gpu")["metadata"]["uid"] == uid
        assert kept.get("node", "local")["status"]["allocatable"]["nvidia.com/gpu"] == "1"


def test_up_goes_on_after_an_interrupted_up() -> None:
    """The first `up` dies by SIGKILL as soon as the first processes run."""
    with local_cluster("cut") as cut:
        program = Path(sys.executable).with_name("emctl")
        port = f"--gateway-port={free_port()}"
        arguments = ["local", "up", "--name=cut", f"--state-dir={cut.state}", port]
        command: list[str | Path] = [program, *arguments]
        with subprocess.Popen(command, env=cut.environment, stderr=subprocess.PIPE) as up:
            assert up.stderr is not None
            for line in up.stderr:
                if line.startswith(b"started"):
                    break
            up.kill()
        again = cut.emctl("up", port)
        assert again.returncode == 0, again.stderr
        assert cut.emctl("status").returncode == 0
    assert not processes_of(cut.home)


def test_a_busy_port_names_its_holder() -> None:
    code = """
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
server.accept()
"""
    command = [sys.executable, "-c", code]
    with (
        local_cluster("busy") as busy,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder,
    ):
        assert holder.stdout is not None
        port = holder.stdout.readline().strip()
        up = busy.emctl("up", f"--gateway-port={port}")
        name = Path(f"/proc/{holder.pid}/comm").read_text().strip()
        holder.kill()
        assert up.returncode == 1
        assert up.stderr.splitlines()[-1] == (
            f"emctl: port {port} of 127.0.0.1 is held by {name}"
            f" (process {holder.pid}) (end it, or choose another with --gateway-port)"
        )
    assert not processes_of(busy.home)


def test_a_full_disk_is_said_before_anything_starts() -> None:
    with local_cluster("full") as full:
        full.state.mkdir()
        command: list[str | Path] = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", full.state]
        subprocess.run(command, check=True)
        try:
            up = full.emctl("up")
            assert up.returncode == 1
            assert "GiB free, a local cluster needs" in up.stderr
            assert "--state-dir" in up.stderr
            assert len(up.stderr.splitlines()) == 1
            assert full.emctl("down").returncode == 0
        finally:
            subprocess.run(["umount", full.state], check=True)


@pytest.mark.parametrize(
    ("kubeconfig", "message"),
    [
        (None, "is not there"),
        ("a: [", "is not valid YAML"),
        ("- list", "is no kubeconfig"),
        ("contexts: [{name: one, context: {}}]", "has no context ''"),
    ],
)
def test_a_wrong_kubeconfig_ends_in_one_sentence(
    tmp_path: Path, kubeconfig: str | None, message: str
) -> None:
    path = tmp_path / "config"
    if kubeconfig is not None:
        path.write_text(kubeconfig)
    given = LocalCluster("given", tmp_path)
    up = given.emctl("up", f"--kubeconfig={path}")
    assert up.returncode == 1
    assert message in up.stderr
    assert len(up.stderr.splitlines()) == 1
    assert given.emctl("down").returncode == 0


def test_a_cluster_out_of_reach_ends_in_one_sentence(cluster: LocalCluster, tmp_path: Path) -> None:
    text = cluster.kubeconfig.read_text()
    server = next(line for line in text.splitlines() if "server:" in line)
    (tmp_path / "config").write_text(text.replace(server, "    server: https://127.0.0.1:9"))
    given = LocalCluster("given", tmp_path)
    up = given.emctl("up", f"--kubeconfig={tmp_path / 'config'}")
    assert up.returncode == 1
    assert "can't be reached" in up.stderr
    assert len(up.stderr.splitlines()) == 1


def test_a_named_cluster_is_used_as_it_is(cluster: LocalCluster, tmp_path: Path) -> None:
    given = LocalCluster("given", tmp_path)
    up = given.emctl("up", f"--kubeconfig={cluster.kubeconfig}")
    assert up.returncode == 0, up.stderr
    status = json.loads(given.emctl("status", "--json").stdout)
    assert (status["backend"], status["state"]) == ("given", "running")
    assert status["kubeconfig"] == str(cluster.kubeconfig)
    down = given.emctl("down")
    assert down.returncode == 0
    assert not given.folder.exists()
    assert cluster.emctl("status").returncode == 0


def test_no_root_is_said_in_one_sentence() -> None:
    """As a user without rights; Docker and kind are not here either."""
    # Root's own home, where the interpreter may lie, is closed to others: imports come first.
    code = """
import os, sys
from pathlib import Path
from tools import cluster
from tools.errors import ToolError
os.setgid(65534)
os.setuid(65534)
try:
    cluster.up(cluster.Wish(name="x", state=Path(sys.argv[1])), print)
except ToolError as error:
    sys.exit(str(error))
"""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        done = subprocess.run(
            [sys.executable, "-c", code, folder],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("a node of its own needs root (run it as root on Linux, or have")
    assert len(done.stderr.splitlines()) == 1
