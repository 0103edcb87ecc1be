"""A cluster's add-ons: what of them only a cluster's own stack can tell the rest of."""

from schemas.addons import ClusterAddons
from schemas.platform import AwsTarget
from schemas.spec import Spec, has


def check(spec: Spec, addons: ClusterAddons) -> None:
    if not has(addons, "target") or isinstance(addons.target, AwsTarget):
        return
    for key, unset in (("autoscaler", "none"), ("logs", None)):
        if has(addons, key) and getattr(addons, key) != unset:
            spec.report(
                "addon-target",
                (key,),
                "needs a target of type aws: its cluster stack says where and as whom it works",
                "remove it, or name the cluster's stack",
                at_key=True,
            )
