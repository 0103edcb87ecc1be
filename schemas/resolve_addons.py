"""A right spec of a cluster's add-ons to its resolved form."""

from schemas import addons
from schemas import resolved_cluster as resolved


def resolve(written: addons.ClusterAddons) -> resolved.ClusterAddons:
    """Resolve a spec that broke no rule."""
    gateway, logs, images = written.gateway, written.logs, written.images
    own = [gateway.namespace, addons.LOGS_NAMESPACE, addons.SYSTEM_NAMESPACE]
    return resolved.ClusterAddons(
        name=written.cluster,
        target=written.target,
        gateway=resolved.AddonGateway(
            namespace=gateway.namespace,
            name=gateway.name,
            listener=gateway.listener,
            replicas=gateway.replicas,
            node_port=gateway.node_port,
            definitions=gateway.definitions,
        ),
        autoscaler=written.autoscaler,
        gpu=resolved.AddonGpu(written.gpu.device_plugin),
        logs=None
        if logs is None
        else resolved.AddonLogs(
            tuple(sorted(set(own if logs.namespaces is None else logs.namespaces)))
        ),
        images=resolved.AddonImages(
            gateway=images.gateway,
            device_plugin=images.device_plugin,
            cluster_autoscaler=images.cluster_autoscaler or "",
            karpenter=images.karpenter,
            fluent_bit=images.fluent_bit,
        ),
    )
