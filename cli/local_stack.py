"""What a local cluster brings along for the stack of a spec: keys, buckets, example data."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import live
from cli.bucket import Buckets, full_key
from cli.stack import PROJECT
from schemas import platform, resolved
from schemas.storage import FromConfig
from tools import cluster, images
from tools.errors import ToolError

EXAMPLES = "examples"
"""The folder of the checkout, and the bucket that it goes into."""
_UPLOADED = ("/*/code/**", "/*/data/**")
_PREFIX = "easymaker-"
"""How contexts of local clusters begin."""


@dataclass(frozen=True)
class LocalCluster:
    """A local cluster that is up."""

    definition: cluster.Definition
    storage: cluster.ObjectStorage
    state: Path | None = None
    """Where local clusters are kept; None for the user's state folder."""

    @property
    def host(self) -> str:
        """The host of `obs://` addresses that lie on its object storage."""
        return urlsplit(self.storage.endpoint).hostname or ""

    @property
    def images(self) -> images.Store:
        """The images that its node holds."""
        return cluster.find(self.definition.name, self.state).images()

    def measure(self, say: Callable[[str], None]) -> None:
        """Bring the metrics API."""
        cluster.find(self.definition.name, self.state).measure(say)


def is_local(target: platform.Target) -> bool:
    """Whether a target is a local cluster, be it there or not."""
    return isinstance(target, platform.KubernetesTarget) and target.context.startswith(_PREFIX)


def is_gone(context: str) -> bool:
    """Whether nobody has a local cluster any more: neither stopped, nor in the kubeconfig, where
    another's cluster may be called alike."""
    asked = [live.kubectl(), "config", "get-contexts", context, "--output=name"]
    there = subprocess.run(asked, capture_output=True, check=False).returncode == 0
    return not there and context.removeprefix(_PREFIX) not in cluster.names()


def find(workspace: resolved.Workspace, state: Path | None) -> LocalCluster | None:
    """The local cluster that the spec's context names; None if it names another's.

    Raises ToolError where it is a local cluster that does not run.
    """
    target = workspace.platform.target
    if not isinstance(target, platform.KubernetesTarget):
        return None
    for name in cluster.names(state):
        status = cluster.status(name, state)
        if status.definition.context != target.context or status.storage is None:
            continue
        if status.health.state == "stopped":
            raise ToolError(f"the local cluster {name!r} is stopped", _start(name))
        return LocalCluster(status.definition, status.storage, state)
    if is_local(target):
        name = target.context.removeprefix(_PREFIX)
        raise ToolError(f"the local cluster {name!r} is not there", _start(name))
    return None


def _start(name: str) -> str:
    named = "" if name == cluster.DEFAULT_NAME else f" --name {name}"
    return f"`emctl local up{named}` starts it"


def secret_config(workspace: resolved.Workspace, local: LocalCluster) -> Mapping[str, str]:
    """The keys of its object storage, by the keys of the configuration that the spec names.

    Raises ToolError where the spec means another endpoint.
    """
    store = workspace.platform.object_storage.get(local.host)
    if store is None:
        return {}
    if store.endpoint != local.storage.endpoint:
        raise ToolError(
            f"platform.object_storage of {local.host} is {store.endpoint}, but the cluster's "
            f"answers at {local.storage.endpoint}",
            "change the port in the platform file",
        )
    if store.credentials is None:
        return {}
    named = (
        (store.credentials.access_key, local.storage.access_key),
        (store.credentials.secret_key, local.storage.secret_key),
    )
    return {
        full_key(credential.pulumi_config): value
        for credential, value in named
        if isinstance(credential, FromConfig)
    }


def fill(workspace: resolved.Workspace, local: LocalCluster, found: Buckets) -> int:
    """Make the buckets that trainings write to, and upload the examples that changed.

    Returns how many files did.
    """
    wanted = [workspace.platform.system_path]
    for training in workspace.trainings.values():
        wanted += [a for a in (training.output_data, training.checkpoint) if a is not None]
    found.make(address for address in wanted if address.host == local.host)
    if local.host not in found.remotes:
        return 0
    return found.upload(PROJECT / EXAMPLES, local.host, EXAMPLES, _UPLOADED)
