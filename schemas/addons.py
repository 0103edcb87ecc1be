"""What a cluster needs inside before a workspace fits in: gateway, GPUs, nodes, logs."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, WithJsonSchema

from schemas import aws_types as a
from schemas import cluster_types as c
from schemas import types as t
from schemas.base import StrictModel, refused
from schemas.effects import IN_PLACE, Cost, Effect, OnChange
from schemas.header import Header
from schemas.logs import FLUENT_BIT
from schemas.platform import Target

TRAEFIK = "traefik:v3.7.15"
DEVICE_PLUGIN = "nvcr.io/nvidia/k8s-device-plugin:v0.19.3"
# Of the release whose definitions tools/modules/karpenter-crds has: the two change together.
KARPENTER = (
    "public.ecr.aws/karpenter/controller:1.14.1"
    "@sha256:723130949e4cab989461ff07d1be4cd781d63515432494641b33c235f300ae23"
)
CLUSTER_AUTOSCALER = "registry.k8s.io/autoscaling/cluster-autoscaler"
LOGS_NAMESPACE = "easymaker-logs"
SYSTEM_NAMESPACE = "kube-system"
NODE_PORT = 30080
"""Where the Gateway answers on every node: there the load balancer of a cluster on AWS calls."""


_OWNERS = {
    "kube-": "Kubernetes owns 'kube-…'",
    "default$": "it is there for everybody",
    f"{LOGS_NAMESPACE}$": "the log collector has it",
}
"""Starts of names of namespaces, and whose they are: two would own one, and pods of `kube-system`
may do what none in the gateway's namespace may."""


def _unowned(name: str) -> str:
    for start, owner in _OWNERS.items():
        if re.match(start, name):
            message = f"{name!r} is reserved: {owner}, and the add-ons make the gateway's namespace"
            raise refused("reserved-name", message, "such as easymaker-gateway")
    return name


GatewayNamespace = Annotated[
    c.Namespace,
    AfterValidator(_unowned),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^(?!{'|'.join(_OWNERS)}){c.DNS_LABEL}$",
            "maxLength": 63,
        }
    ),
]


class AddonGateway(StrictModel):
    namespace: GatewayNamespace = "easymaker-gateway"
    """Namespace of the Gateway and its pods, which the add-ons make: one that nobody else has.
    Defaults to easymaker-gateway."""
    name: c.ObjectName = "easymaker"
    """Name of the Gateway and of its class. Defaults to easymaker."""
    listener: c.ObjectName = "http"
    """Name of its listener, which the routes of workspaces attach to. Defaults to http."""
    replicas: Annotated[t.Whole, t.between(1, 100)] = 2
    """Pods that pass requests on. Defaults to two, which one node may lose."""
    node_port: Annotated[t.Whole, t.between(30000, 32767)] = NODE_PORT
    """Port of every node that leads to them. Defaults to 30080, which is where the load balancer of
    the cluster's stack calls: another one is for a target of type kubernetes."""
    definitions: bool = True
    """Whether the Gateway API's definitions are brought, too. Defaults to yes; a cluster that has
    them from elsewhere says no, for they go with what brought them, and all routes with them."""


class AddonGpu(StrictModel):
    device_plugin: bool = True
    """Whether NVIDIA's device plugin runs on GPU nodes, which offers their GPUs to pods. Defaults
    to yes; a cluster that has its own says no."""


class AddonLogs(StrictModel):
    type: Literal["cloudwatch"]
    """The CloudWatch log group of the cluster's stack, a stream for each container."""
    namespaces: list[c.Namespaces] | None = None
    """Namespaces whose pods are read; `*` is all of them, workspaces too. Defaults to those of the
    platform itself: a workspace sends its records where its own `platform.logs` says."""


class AddonImages(StrictModel):
    gateway: c.FullImage = TRAEFIK
    """Traefik, 3.7 or newer. Defaults to a pinned release."""
    device_plugin: c.FullImage = DEVICE_PLUGIN
    """NVIDIA's device plugin. Defaults to a pinned release."""
    cluster_autoscaler: c.FullImage | None = None
    """Cluster autoscaler. Defaults to the first release for the cluster's Kubernetes version."""
    karpenter: c.FullImage = KARPENTER
    """Karpenter for AWS, of a release that knows the pinned definitions. Defaults to theirs."""
    fluent_bit: c.FullImage = FLUENT_BIT
    """Fluent Bit, 4 or newer. Defaults to a pinned release."""


class ClusterAddons(Header):
    kind: Literal["ClusterAddons"]
    """What a cluster needs inside, before a workspace fits in."""
    cluster: a.Name
    """Name of the cluster: what its stack says, where the target is of type aws."""
    target: Target
    """The cluster that it is for: that of a stack, or one that exists."""
    gateway: AddonGateway = AddonGateway()
    """The Gateway of all workspaces, and its pods. Defaults to two of them."""
    autoscaler: Literal["cluster-autoscaler", "karpenter", "none"] = "none"
    """Who makes nodes for pods that wait: the cluster's `provisioner`. Defaults to none."""
    gpu: AddonGpu = AddonGpu()
    """What GPU nodes need. Defaults to the device plugin."""
    logs: AddonLogs | None = None
    """Where logs of the platform's pods are sent. Without it they stay on the nodes."""
    images: AddonImages = AddonImages()
    """Images in place of the pinned ones, such as copies in a registry of one's own. Defaults to
    none."""


_ROLLED = OnChange(Effect.RESTART, "its pods are replaced one after the other")
_MOVED = OnChange(
    Effect.REPLACE,
    "it is made anew; routes attach to it when workspaces name it, and calls fail until then",
    (Cost.SERVING_INTERRUPTED,),
)
CHANGES = {
    "cluster": OnChange(Effect.IN_PLACE, "a name; the cluster itself is `target`"),
    "target": OnChange(
        Effect.REPLACE,
        "everything is made anew on the other cluster, and goes from this one",
        (Cost.SERVING_INTERRUPTED,),
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
    "node_port": OnChange(
        Effect.IN_PLACE,
        "calls fail until the load balancer calls the same port",
        (Cost.SERVING_INTERRUPTED,),
    ),
    "definitions": OnChange(
        Effect.IN_PLACE,
        "without, they go, and with them every Gateway and route",
        (Cost.SERVING_INTERRUPTED,),
    ),
}
