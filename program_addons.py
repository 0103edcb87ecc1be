"""The one place where the components of a cluster's add-ons meet."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import yaml
from pulumi_kubernetes import Provider

import live.pools
from components import provider
from components.addon import Addon, AddonArgs
from components.manifests import Manifest
from components.manifests.addons import (
    cluster_autoscaler,
    gateway,
    gpu,
    karpenter,
    logs,
    storage,
)
from components.manifests.addons.facts import Facts, MissingFacts, facts
from schemas import platform
from schemas import resolved_cluster as resolved
from tools import toolchain
from tools.errors import ToolError

Outputs = dict[str, Any]
Definitions = Callable[[str], Sequence[Manifest]]
"""The custom resource definitions of a bundle: `gateway-api-crds` or `karpenter-crds`."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the program knows beside the spec.

    `stack` is its own identity. `outputs` reads those of another stack.
    """

    stack: str
    definitions: Definitions
    outputs: Callable[[str], Awaitable[Mapping[str, Any]]]


async def build(spec: resolved.ClusterAddons, settings: Settings) -> Outputs:
    """Register everything. Returns the stack's outputs.

    Raises pulumi.RunError where the cluster's stack does not say what is needed.
    """
    target = spec.target
    if isinstance(target, platform.KubernetesTarget):
        return _Builder(spec, settings, None, provider.of_addons(target.context)).all()
    outputs = await settings.outputs(target.cluster_stack)
    try:
        cluster = facts(target.cluster_stack, outputs)
    except MissingFacts as error:
        raise pulumi.RunError(str(error)) from None
    if problem := mismatch(spec, cluster):
        raise pulumi.RunError(problem)
    context, kubeconfig = outputs["cluster"]["arn"], outputs["kubeconfig"]
    if pulumi.runtime.is_dry_run():
        kept = cluster.node_pools if spec.autoscaler == "karpenter" else {}
        for sentence in await live.pools.karpenters(context, kubeconfig, kept):
            pulumi.log.warn(sentence)
    made = provider.of_addons(context, kubeconfig)
    return _Builder(spec, settings, cluster, made).all()


class _Builder:
    """Registers one add-on after the other. `cluster` is None where no stack tells of it."""

    def __init__(
        self,
        spec: resolved.ClusterAddons,
        settings: Settings,
        cluster: Facts | None,
        made: Provider,
    ) -> None:
        self.spec = spec
        self.settings = settings
        self.cluster = cluster
        self._provider = made

    def all(self) -> Outputs:
        """The stack's outputs."""
        found: Outputs = {"cluster": self.spec.name, "gateway": self._gateway()}
        if self.spec.gpu.device_plugin:
            self._addon("DevicePlugin", "gpu", gpu.objects(self.spec.images.device_plugin))
        if self.cluster is not None:
            self._addon("Storage", "storage", storage.objects(self.cluster.key_arn))
            found["storage_classes"] = {"block": storage.NAME}
            self._nodes(self.cluster)
            self._logs(self.cluster)
        return found

    def _gateway(self) -> Outputs:
        spec = self.spec.gateway
        needed = []
        if spec.definitions:
            needed = [self._definitions("gateway-api-crds")]
        outputs = {
            "namespace": spec.namespace,
            "name": spec.name,
            "listener": spec.listener,
            "pod_selector": gateway.POD_SELECTOR,
            "node_port": spec.node_port,
        }
        manifests = gateway.objects(spec, self.spec.images.gateway, self.settings.stack)
        self._addon("Gateway", "gateway", manifests, *needed, outputs=outputs)
        return outputs

    def _nodes(self, cluster: Facts) -> None:
        images = self.spec.images
        if self.spec.autoscaler == "cluster-autoscaler":
            image = images.cluster_autoscaler or cluster_autoscaler.image_of(
                cluster.kubernetes_version
            )
            manifests = cluster_autoscaler.objects(cluster.name, cluster.region, image)
            self._addon("ClusterAutoscaler", "autoscaler", manifests)
        elif self.spec.autoscaler == "karpenter":
            definitions = self._definitions("karpenter-crds")
            controllers = self._addon(
                "Karpenter", "karpenter", karpenter.objects(cluster, images.karpenter), definitions
            )
            # What a pool still has is removed by the controllers: they go after it.
            self._addon("NodePools", "node-pools", karpenter.pools(cluster), controllers)

    def _logs(self, cluster: Facts) -> None:
        spec = self.spec.logs
        if spec is not None:
            manifests = logs.objects(
                cluster, spec.namespaces, self.spec.images.fluent_bit, self.settings.stack
            )
            self._addon("Logs", "logs", manifests)

    def _definitions(self, bundle: str) -> Addon:
        return self._addon("Definitions", bundle, self.settings.definitions(bundle))

    def _addon(
        self,
        kind: str,
        name: str,
        manifests: Sequence[Manifest],
        *needed: pulumi.Resource,
        outputs: Outputs | None = None,
    ) -> Addon:
        return Addon(
            kind,
            name,
            AddonArgs(manifests=manifests, after=needed, outputs=outputs or {}),
            pulumi.ResourceOptions(providers=[self._provider]),
        )


def mismatch(spec: resolved.ClusterAddons, cluster: Facts) -> str:
    """What the spec asks for and the cluster was not made for; empty if there is nothing."""
    if spec.name != cluster.name:
        return f"cluster: the stack that `target` names made {cluster.name!r}, not {spec.name!r}"
    made_for = {"cluster-autoscaler": cluster.sizes_groups, "karpenter": bool(cluster.node_role)}
    if not made_for.get(spec.autoscaler, True):
        return (
            f"autoscaler: the cluster was not made for it: set its `provisioner` to "
            f"{spec.autoscaler} and apply its stack first"
        )
    return ""


async def outputs_of(stack: str) -> Mapping[str, Any]:
    """What another stack says; nothing if it was never applied."""
    # Read before anything is registered: what there is to be must be known in a preview, too.
    found = await pulumi.StackReference(stack).outputs.future()
    return found or {}


def definitions(bundle: str) -> list[Manifest]:
    """The definitions of a pinned module that the toolchain has, or fetches.

    Raises pulumi.RunError in one sentence where it can't.
    """
    try:
        text = toolchain.path(bundle).read_text(encoding="utf-8")
    except ToolError as error:
        raise pulumi.RunError(str(error)) from None
    # A megabyte, for which the loader in Python takes seconds.
    found = [item for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item]
    for item in found:
        # What generators leave behind; the API server has its own.
        item.pop("status", None)
        item["metadata"].pop("creationTimestamp", None)
    return found
