"""A right spec of a cluster to its resolved form: defaults, order, sizes from the catalogue."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from schemas import cluster
from schemas import resolved_cluster as resolved
from schemas.compute import CpuFlavor, GpuFlavor
from schemas.instance_choice import choose, need
from schemas.instance_types import InstanceType, catalogue

T = TypeVar("T")


def resolve(written: cluster.Cluster) -> resolved.Cluster:
    """Resolve a spec that broke no rule."""
    zones = tuple(sorted(written.zones))
    return resolved.Cluster(
        name=written.cluster,
        region=written.region,
        zones=zones,
        kubernetes_version=written.kubernetes_version,
        network=_network(written.network),
        endpoint_access=resolved.EndpointAccess(
            tuple(sorted(written.endpoint_access.public_cidrs)),
            tuple(sorted(written.endpoint_access.private_cidrs)),
        ),
        access={
            name: resolved.AccessEntry(
                name, entry.principal, entry.policy, tuple(sorted(entry.namespaces))
            )
            for name, entry in _sorted(written.access).items()
        },
        pools={
            name: _pool(name, pool, types_of(pool, written.platform.flavors), zones)
            for name, pool in _sorted(written.pools).items()
        },
        file_systems={
            name: resolved.FileSystem(name, item.throughput, item.force_destroy)
            for name, item in _sorted(written.file_systems).items()
        },
        buckets={
            name: resolved.Bucket(name, item.versioning, item.force_destroy)
            for name, item in _sorted(written.buckets).items()
        },
        repositories=tuple(sorted(written.repositories)),
        log_retention=written.log_retention,
        addons=_sorted(written.addons),
        provisioner=written.provisioner,
        tags=_sorted(written.tags),
    )


def _sorted(mapping: Mapping[Any, T]) -> dict[str, T]:
    return dict(sorted(mapping.items()))


def _network(
    written: cluster.NewNetwork | cluster.ExistingNetwork,
) -> resolved.NewNetwork | resolved.ExistingNetwork:
    if isinstance(written, cluster.NewNetwork):
        return resolved.NewNetwork(written.cidr, written.nat)
    return resolved.ExistingNetwork(written.vpc, tuple(sorted(written.private_subnets)))


def types_of(
    pool: cluster.NodePool, flavors: Mapping[str, CpuFlavor | GpuFlavor]
) -> Sequence[InstanceType]:
    """The instance types of a pool, named or chosen for its flavors."""
    if pool.flavors:
        return choose(need(flavors[name] for name in pool.flavors))
    return [catalogue()[kind] for kind in pool.instance_types]


def _pool(
    name: str,
    written: cluster.NodePool,
    types: Sequence[InstanceType],
    zones: tuple[str, ...],
) -> resolved.Pool:
    like = types[0]
    return resolved.Pool(
        name=name,
        # The order stays: EC2 takes the first of them first where they are on demand.
        instance_types=tuple(kind.name for kind in types),
        min=written.min,
        max=written.max,
        capacity=written.capacity,
        reservation=written.reservation or "",
        zones=tuple(sorted(written.zones)) or zones,
        disk=written.disk,
        labels=_sorted(written.labels),
        taints=_sorted(written.taints),
        system=written.system,
        core_type=like.core_type,
        architecture=like.architecture,
        gpu_model=like.gpu_model,
        gpu_count=like.gpu_count,
        vcpu=like.vcpu,
        memory=like.memory,
        max_pods=min(kind.max_pods for kind in types),
        allocatable_cpu=min(kind.allocatable_cpu for kind in types),
        allocatable_memory=min(kind.allocatable_memory for kind in types),
    )
