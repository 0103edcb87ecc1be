"""A cluster that exists and that a kubeconfig names: looked at, never changed."""

import dataclasses
import re
from pathlib import Path

from tools import toolchain
from tools.cluster import kubeconfig
from tools.cluster.addons import ObjectStorage
from tools.cluster.backend import Health, Say
from tools.cluster.definition import Definition
from tools.cluster.kubectl import Kubectl
from tools.errors import ToolError
from tools.images import Store

OLDEST_MINOR = 34


class GivenBackend:
    """See the module."""

    def __init__(self, definition: Definition, folder: Path) -> None:
        self.definition = definition
        self.folder = folder

    def up(self, say: Say) -> Definition:
        """Check that it answers and offers what the platform needs; nothing in it is changed."""
        kubectl = self.kubectl()
        version = kubeconfig.check(kubectl)
        match = re.match(r"v1\.(\d+)", version)
        if not match or int(match[1]) < OLDEST_MINOR:
            raise ToolError(
                f"the cluster runs Kubernetes {version}",
                f"1.{OLDEST_MINOR} is the oldest that will do",
            )
        for lack in self._lacks(kubectl):
            say(f"the cluster has {lack}")
        return dataclasses.replace(self.definition, kubeconfig=str(kubectl.kubeconfig))

    def down(self, keep_data: bool, say: Say) -> None:
        """Forget it."""
        (self.folder / "cluster.json").unlink(missing_ok=True)
        self.folder.rmdir()
        say("the cluster itself stays as it is: it was not made here")

    def health(self) -> Health:
        try:
            kubeconfig.check(self.kubectl())
        except ToolError as error:
            return Health(state="degraded", reasons=(str(error),))
        return Health(state="running")

    def kubectl(self) -> Kubectl:
        path = self.definition.kubeconfig or kubeconfig.user_kubeconfig()
        return Kubectl(toolchain.path("kubectl"), Path(path), self.definition.context)

    def images(self) -> Store:
        """Its nodes pull what they run."""
        raise ToolError(
            f"images can't be loaded into cluster {self.definition.name!r}: it was not made here",
            "`emctl images push REGISTRY` brings them where it pulls from",
        )

    def measure(self, say: Say) -> None:
        """A cluster that is given stays as it is."""

    def storage(self) -> ObjectStorage | None:
        """Its object storage is the platform file's matter."""
        return None

    def _lacks(self, kubectl: Kubectl) -> list[str]:
        """What the platform needs and a cluster may not have."""
        lacks = []
        classes = kubectl.json("get", "storageclasses")["items"]
        default = "storageclass.kubernetes.io/is-default-class"
        if not any(c["metadata"].get("annotations", {}).get(default) == "true" for c in classes):
            lacks.append("no default StorageClass: platform.storage_classes must name one")
        if kubectl.try_run("get", "crd", "httproutes.gateway.networking.k8s.io") is None:
            lacks.append(
                "no Gateway API: install its standard channel and a gateway that serves it"
            )
        return lacks
