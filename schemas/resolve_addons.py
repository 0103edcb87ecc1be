"""A right spec of a cluster's add-ons to its resolved form."""

from schemas import addons
from schemas import resolved_cluster as resolved


def resolve(written: addons.ClusterAddons) -> resolved.ClusterAddons:
    """Resolve a spec that broke no rule."""
    gateway, logs = written.gateway, written.logs
    return resolved.ClusterAddons(
        name=written.cluster,
        target=written.target,
        domain=written.domain,
        gateway=resolved.AddonGateway(
            gateway.namespace, gateway.name, gateway.listener, gateway.replicas
        ),
        autoscaler=written.autoscaler,
        gpu=resolved.AddonGpu(written.gpu.device_plugin),
        logs=None if logs is None else resolved.AddonLogs(logs.destination),
        images=dict(sorted(written.images.items())),
    )
