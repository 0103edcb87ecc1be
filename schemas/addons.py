"""What a cluster needs inside before a workspace fits in: gateway, GPUs, nodes, logs."""

from typing import Annotated, Literal

from pydantic import Field

from schemas import aws_types as a
from schemas import cluster_types as c
from schemas import types as t
from schemas.base import StrictModel
from schemas.effects import IN_PLACE, Cost, Effect, OnChange
from schemas.header import Header
from schemas.platform import Target


class AddonGateway(StrictModel):
    namespace: c.ObjectName = "easymaker-gateway"
    """Namespace of the Gateway and its pods. Defaults to easymaker-gateway."""
    name: c.ObjectName = "easymaker"
    """Name of the Gateway. Defaults to easymaker."""
    listener: c.ObjectName = "http"
    """Name of its listener, which the routes of workspaces attach to. Defaults to http."""
    replicas: Annotated[t.Whole, t.between(1, 100)] = 2
    """Pods that pass requests on. Defaults to two, which one node may lose."""


class AddonGpu(StrictModel):
    device_plugin: bool = True
    """Whether NVIDIA's device plugin runs on GPU nodes, which offers their GPUs to pods. Defaults
    to yes; a cluster that has its own says no."""


class AddonLogs(StrictModel):
    destination: Literal["cloudwatch", "none"] = "cloudwatch"
    """Where Fluent Bit sends what pods with log management write. Defaults to the CloudWatch log
    groups of the cluster's stack."""


class ClusterAddons(Header):
    kind: Literal["ClusterAddons"]
    """What a cluster needs inside, before a workspace fits in."""
    cluster: a.Name
    """Name of the cluster."""
    target: Target
    """The cluster that it is for: that of a stack, or one that exists."""
    domain: c.Domain
    """Hosts are `<name>.<workspace>.<domain>`: the gateway takes all below it."""
    gateway: AddonGateway = AddonGateway()
    """The Gateway of all workspaces, and its pods. Defaults to two of them."""
    autoscaler: Literal["cluster-autoscaler", "karpenter", "none"] = "none"
    """Who makes nodes for pods that wait: the cluster's `provisioner`. Defaults to none."""
    gpu: AddonGpu = AddonGpu()
    """What GPU nodes need. Defaults to the device plugin."""
    logs: AddonLogs | None = None
    """Where logs are sent. Without it they are in the pods' logs alone."""
    images: dict[t.EntryName, c.FullImage] = Field(default_factory=dict)
    """Images in place of the pinned ones, by name. Defaults to none."""


_ROLLED = OnChange(Effect.RESTART, "its pods are replaced one after the other")
_MOVED = OnChange(
    Effect.REPLACE,
    "it is made anew; routes attach to it when workspaces name it, and calls fail until then",
    (Cost.SERVING_INTERRUPTED,),
)
CHANGES = {
    "cluster": OnChange(Effect.IN_PLACE, "a label; the cluster itself is `target`"),
    "target": OnChange(
        Effect.REPLACE,
        "everything is made anew on the other cluster, and goes from this one",
        (Cost.SERVING_INTERRUPTED,),
    ),
    "domain": OnChange(
        Effect.IN_PLACE, "hosts below the old one stop answering", (Cost.SERVING_INTERRUPTED,)
    ),
    "gateway": _MOVED,
    "autoscaler": OnChange(Effect.REPLACE, "one goes and the other comes; nodes stay meanwhile"),
    "gpu": OnChange(Effect.IN_PLACE, "without a plugin no pod with GPUs starts; what runs goes on"),
    "logs": _ROLLED,
    "images": _ROLLED,
}
GATEWAY_CHANGES = {
    "namespace": _MOVED,
    "name": _MOVED,
    "listener": _MOVED,
    "replicas": IN_PLACE,
}
