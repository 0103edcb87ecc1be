"""A cluster by kind, where a Docker engine answers. Not run by CI: that has no Docker."""

import shutil
from pathlib import Path

import yaml

from tools import images, toolchain
from tools.cluster import addons, kubeconfig, probe
from tools.cluster.addons import ObjectStorage
from tools.cluster.backend import Health, Say
from tools.cluster.definition import DOMAIN, Definition, write_private
from tools.cluster.kubectl import Kubectl
from tools.cluster.node import NODE_PORT
from tools.errors import ToolError
from tools.process import run

# kind's own service range is 10.96.0.0/16.
GATEWAY_IP = "10.96.0.20"
# kind brings a class `standard` and a CoreDNS of its own.
ADDONS = ("gateway", "objects")


class KindImages:
    """Images in a kind cluster."""

    def __init__(self, name: str) -> None:
        self._name = name

    def look(self) -> None:
        """Nothing is remembered."""

    def has(self, reference: str) -> bool:
        """Whether the node holds the image."""
        listed = run(
            [
                "docker",
                "exec",
                f"{self._name}-control-plane",
                "ctr",
                "-n=k8s.io",
                "images",
                "list",
                "-q",
            ]
        )
        return reference in listed.split()

    def neighbours(self) -> list[images.Source]:
        """None: Docker's own layers are at hand."""
        return []

    def blobs(self) -> set[str]:
        """Which layers it has, kind does not tell."""
        return set()

    def load(self, archive: Path) -> None:
        """Load an archive into the node."""
        run(["kind", "load", "image-archive", archive, "--name", self._name])


class KindBackend:
    """See the module."""

    def __init__(self, definition: Definition, folder: Path) -> None:
        self.definition = definition
        self.folder = folder
        self._name = f"easymaker-{definition.name}"

    @staticmethod
    def missing() -> str:
        """Why kind can't be used here, empty if it can."""
        if shutil.which("kind") is None:
            return "kind is not installed"
        try:
            run(["docker", "version", "--format", "{{.Server.Version}}"], timeout_seconds=5)
        except ToolError:
            return "no Docker engine answers"
        return ""

    def up(self, say: Say) -> Definition:
        if reason := self.missing():
            raise ToolError(reason)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._name not in run(["kind", "get", "clusters"]).split():
            probe.require_port(self.definition.gateway_port)
            say("creating a cluster with kind")
            port = {
                "containerPort": NODE_PORT,
                "hostPort": self.definition.gateway_port,
                "listenAddress": "127.0.0.1",
            }
            nas = {"hostPath": str(self.folder / "nas"), "containerPath": "/run/easymaker/nas"}
            (self.folder / "nas").mkdir(exist_ok=True)
            config = {
                "kind": "Cluster",
                "apiVersion": "kind.x-k8s.io/v1alpha4",
                "nodes": [
                    {"role": "control-plane", "extraPortMappings": [port], "extraMounts": [nas]}
                ],
            }
            path = self.folder / "kind.yaml"
            write_private(path, yaml.safe_dump(config))
            run(
                [
                    "kind",
                    "create",
                    "cluster",
                    "--name",
                    self._name,
                    "--config",
                    path,
                    "--kubeconfig",
                    self.folder / "kind.kubeconfig",
                ]
            )
        text = run(["kind", "get", "kubeconfig", "--name", self._name])
        renamed = text.replace(f"kind-{self._name}", self.definition.context)
        write_private(self.folder / "kubeconfig", renamed)
        references = images.ensure_loaded(self.images(), addons.IMAGES, say)
        storage = self.storage()
        values = {
            "domain": DOMAIN,
            "objects_host": addons.OBJECTS_HOST,
            "gateway_ip": GATEWAY_IP,
            "gateway_port": str(self.definition.gateway_port),
            "node_port": str(NODE_PORT),
            "s3_keys_hash": addons.keys_hash(storage),
            **{f"{name}_image": reference for name, reference in references.items()},
        }
        kubectl = self.kubectl()
        addons.apply_gateway_api(kubectl, toolchain.path("gateway-api-crds"))
        addons.apply(kubectl, values, storage, ADDONS)
        self._teach_dns(kubectl)
        for namespace, name in addons.DEPLOYMENTS.items():
            kubectl.run(
                "-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=180s"
            )
        kubeconfig.merge(self.definition.context, self.folder / "kubeconfig")
        return self.definition

    def down(self, keep_data: bool, say: Say) -> None:
        if keep_data:
            raise ToolError("kind keeps no data", "leave out --keep-data")
        run(["kind", "delete", "cluster", "--name", self._name])
        kubeconfig.remove(self.definition.context)
        shutil.rmtree(self.folder)

    def health(self) -> Health:
        if self._name not in run(["kind", "get", "clusters"]).split():
            return Health(state="stopped")
        reasons = probe.problems(self.kubectl(), self.definition.gateway_port)
        return Health(state="degraded" if reasons else "running", reasons=tuple(reasons))

    def kubectl(self) -> Kubectl:
        return Kubectl(toolchain.path("kubectl"), self.folder / "kubeconfig")

    def images(self) -> KindImages:
        """The node's images."""
        return KindImages(self._name)

    def measure(self, say: Say) -> None:
        """What a node here would run is not on kind's."""

    def storage(self) -> ObjectStorage:
        return addons.object_storage(self.folder, self.definition.gateway_port)

    def _teach_dns(self, kubectl: Kubectl) -> None:
        """Let kind's CoreDNS answer for the gateway's names as ours does."""
        config = kubectl.json("-n", "kube-system", "get", "configmap", "coredns")
        corefile: str = config["data"]["Corefile"]
        if DOMAIN in corefile:
            return
        block = addons.render("kind-dns.corefile", {"domain": DOMAIN, "gateway_ip": GATEWAY_IP})
        patch = {"data": {"Corefile": f"{corefile}\n{block}"}}
        kubectl.run(
            "-n", "kube-system", "patch", "configmap", "coredns", "-p", yaml.safe_dump(patch)
        )
