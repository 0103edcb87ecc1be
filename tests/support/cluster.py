"""A local cluster as tests use it: its own state folder and kubeconfig, taken down at the end."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import cluster, images, toolchain
from tools.cluster.backends.node import NodeBackend

Manifest = dict[str, Any]
# Read before any test puts another folder of images in place of the real one.
IMAGES = images.refs()


@dataclass(frozen=True)
class LocalCluster:
    """A cluster that is up. `home` is a folder of the test run: state, kubeconfig."""

    name: str
    home: Path

    @property
    def state(self) -> Path:
        """What `emctl local --state-dir` names."""
        return self.home / "state"

    @property
    def folder(self) -> Path:
        """All that the cluster keeps."""
        return cluster.cluster_folder(self.name, self.state)

    @property
    def kubeconfig(self) -> Path:
        """The cluster's own kubeconfig."""
        return self.folder / "kubeconfig"

    @property
    def environment(self) -> dict[str, str]:
        """What programs need to find this cluster and nothing of the user's."""
        return {
            **os.environ,
            "XDG_STATE_HOME": str(self.home / "xdg"),
            "KUBECONFIG": str(self.home / "user-kubeconfig"),
        }

    @property
    def backend(self) -> NodeBackend:
        """The cluster through the tools' own code."""
        backend = cluster.find(self.name, self.state)
        assert isinstance(backend, NodeBackend)
        return backend

    @property
    def gateway_port(self) -> int:
        """The gateway's port on 127.0.0.1."""
        return self.backend.definition.gateway_port

    @property
    def storage(self) -> cluster.ObjectStorage:
        """The object storage's address and keys."""
        return self.backend.storage()

    def emctl(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `emctl local ...` for this cluster."""
        return emctl(
            "local",
            *arguments,
            f"--name={self.name}",
            f"--state-dir={self.state}",
            env={**self.environment, **more},
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `emctl local ...` for this cluster, and go on."""
        program = Path(sys.executable).with_name("emctl")
        where = [f"--name={self.name}", f"--state-dir={self.state}"]
        return subprocess.Popen([program, "local", *arguments, *where], env=self.environment)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl printed. Fails the test with its message when it fails."""
        argv = [str(toolchain.path("kubectl")), f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def get(self, *arguments: str) -> Any:
        """An object, read."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def apply(self, *manifests: Manifest) -> None:
        """Create or change objects; pods find the service account of a new namespace."""
        spaces = [item for item in manifests if item["kind"] == "Namespace"]
        self._apply(spaces)
        for space in spaces:
            self.wait("-n", space["metadata"]["name"], "serviceaccount/default", "--for=create")
        self._apply([item for item in manifests if item not in spaces])

    def _apply(self, items: Sequence[Manifest]) -> None:
        if items:
            text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)})
            self.kubectl("apply", "-f", "-", stdin=text)

    def wait(self, *arguments: str, seconds: int = 60) -> None:
        """`kubectl wait`, which ends with the event."""
        self.kubectl("wait", f"--timeout={seconds}s", *arguments)

    def run_python(self, namespace: str, name: str, code: str, **spec: Any) -> str:
        """Run Python code in a pod to its end, and return what it printed."""
        self.apply(pod(namespace, name, ["python3", "-c", code], **spec))
        self.wait("-n", namespace, f"pod/{name}", "--for=jsonpath={.status.phase}=Succeeded")
        return self.kubectl("-n", namespace, "logs", name)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody holds: a person's cluster has the usual one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for something that no event tells of; fails the test if it stays away."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} took longer than {seconds:g} s"
        time.sleep(0.05)


def emctl(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person does."""
    program = Path(sys.executable).with_name("emctl")
    return subprocess.run(
        [program, *arguments], env=env, capture_output=True, text=True, check=False
    )


def pod(namespace: str, name: str, command: Sequence[str], **spec: Any) -> Manifest:
    """A pod of the Python image that runs once. `labels` and `container` add to those parts."""
    labels, container = spec.pop("labels", {}), spec.pop("container", {})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": pod_spec(command, container=container, **spec),
    }


def pod_spec(command: Sequence[str], *, container: Manifest | None = None, **spec: Any) -> Manifest:
    """The inside of such a pod, for templates too."""
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "containers": [
            {
                "name": "main",
                "image": IMAGES["python"],
                "imagePullPolicy": "IfNotPresent",
                "command": list(command),
                **(container or {}),
            }
        ],
        **spec,
    }


def namespace(name: str) -> Manifest:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def service(namespace: str, name: str, port: int, **spec: Any) -> Manifest:
    """A service for the pods that carry its name as label `app`."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": name}, "ports": [{"port": port}], **spec},
    }


@contextmanager
def local_cluster(name: str) -> Iterator[LocalCluster]:
    """A cluster that may be brought up, in a folder of its own; down again at the end.

    The folder is none of pytest's: those are removed by later runs, whatever still lies there.
    """
    home = Path(tempfile.mkdtemp(prefix="easymaker-test-"))
    made = LocalCluster(name, home)
    try:
        yield made
    finally:
        down = made.emctl("down")
        assert down.returncode == 0, down.stderr
        shutil.rmtree(home)


@contextmanager
def running_cluster(name: str, loaded: Sequence[str] = ()) -> Iterator[LocalCluster]:
    """A cluster that is up, with further images loaded; down again at the end."""
    with local_cluster(name) as made:
        up = made.emctl("up", f"--gateway-port={free_port()}")
        assert up.returncode == 0, up.stderr
        if loaded:
            images.ensure_loaded(made.backend.images(), loaded, print)
        yield made
