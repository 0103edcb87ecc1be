"""The provider of a cluster's objects.

Credentials stay in the user's kubeconfig and out of the state; the kubeconfig of a cluster's stack
says how to get some, and has none. The context, or the cluster on AWS, is the identity: only
another one replaces everything, and not another address or token behind it.
"""

from pulumi_kubernetes import KubeClientSettingsArgs, Provider

from schemas import resolved

NAME = "cluster"


def of_workspace(platform: resolved.Platform) -> Provider:
    """For many objects, whose secrets and config maps may change in place."""
    target, there = platform.target, platform.cluster
    return Provider(
        NAME,
        context=target.context,
        kubeconfig=there.kubeconfig if there and target.context is None else None,
        cluster_identifier=there.arn if there else target.context,
        enable_secret_mutable=True,
        enable_config_map_mutable=True,  # a model's record; launchers are immutable
        kube_client_settings=KubeClientSettingsArgs(qps=500, burst=1000, timeout=30),
    )


def of_addons(context: str, kubeconfig: str | None = None) -> Provider:
    """A stack's kubeconfig calls its context by the cluster's ARN."""
    return Provider(
        NAME,
        context=context,
        kubeconfig=kubeconfig,
        cluster_identifier=context,
        kube_client_settings=KubeClientSettingsArgs(qps=100, burst=200, timeout=30),
    )
