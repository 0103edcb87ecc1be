"""A cluster's add-ons: what of them only a cluster's own stack can tell the rest of."""

from schemas.addons import NODE_PORT, ClusterAddons
from schemas.platform import AwsTarget
from schemas.spec import Spec, has


def check(spec: Spec, addons: ClusterAddons) -> None:
    if not has(addons, "target"):
        return
    if isinstance(addons.target, AwsTarget):
        node_port(spec, addons)
    else:
        target(spec, addons)


def node_port(spec: Spec, addons: ClusterAddons) -> None:
    """The load balancer of the cluster's stack reaches the gateway."""
    if has(getattr(addons, "gateway", None), "node_port") and addons.gateway.node_port != NODE_PORT:
        message = f"is {NODE_PORT} on AWS, where the load balancer of the cluster's stack calls"
        spec.report("node-port", ("gateway", "node_port"), message, "remove it")


def target(spec: Spec, addons: ClusterAddons) -> None:
    """What calls AWS knows where, and as whom."""
    for key, unset in (("autoscaler", "none"), ("logs", None)):
        if has(addons, key) and getattr(addons, key) != unset:
            spec.report(
                "addon-target",
                (key,),
                "needs a target of type aws: its cluster stack says where and as whom it works",
                "remove it, or name the cluster's stack",
                at_key=True,
            )
