"""Pools of a cluster on AWS: types that are alike, sizes, capacity, labels and taints."""

import re

from schemas.cluster import Cluster, NodePool
from schemas.instance_types import InstanceType
from schemas.nearest import close
from schemas.resolved_cluster import GPU_LABEL, GPU_TAINT
from schemas.rules.instance import instance_type
from schemas.spec import Spec, has
from schemas.units import memory_text

# Kubernetes, EKS and Karpenter refuse or overwrite these, and the platform sets its own.
_RESERVED = re.compile(
    r"(?:.*\.)?(?:kubernetes\.io|k8s\.io|eks\.amazonaws\.com|karpenter\.sh|k8s\.aws|easymaker\.io)/"
)
_PLATFORMS = (GPU_LABEL, GPU_TAINT)
_BLOCKING = ("NoSchedule", "NoExecute")
Path = tuple[str | int, ...]


def check(spec: Spec, cluster: Cluster) -> None:
    pools = getattr(cluster, "pools", {})
    types: dict[str, list[InstanceType]] = {}
    for name, pool in pools.items():
        path = ("pools", name)
        types[name] = instance_types(spec, pool, path)
        alike(spec, pool, types[name], path)
        size(spec, pool, path)
        capacity(spec, pool, path)
        zones(spec, cluster, pool, path)
        keys(spec, pool, path)
        karpenter(spec, cluster, pool, path)
    # Of a pool with a problem of its own nobody knows what it was meant to be.
    if pools and set(pools) == set(spec.names("pools")) and all(types.values()):
        system_pool(spec, cluster, types)


def instance_types(spec: Spec, pool: NodePool, path: Path) -> list[InstanceType]:
    """The types of a pool that are known; reports the others."""
    found = []
    for index, name in enumerate(pool.instance_types):
        where = (*path, "instance_types", index)
        if name in pool.instance_types[:index]:
            spec.report("listed-twice", where, f"{name!r} is listed twice", "remove one")
        elif (kind := instance_type(spec, name, where)) is not None:
            found.append(kind)
    return found


def alike(spec: Spec, pool: NodePool, types: list[InstanceType], path: Path) -> None:
    """All types of a pool have the same size, so that a pod fits any; GPU nodes are x86_64."""
    for other in types:
        where = (*path, "instance_types", pool.instance_types.index(other.name))
        if other.alike != types[0].alike:
            message = f"{_size(other)}, unlike {_size(types[0])}"
            hint = "types of a pool are alike: make another pool of it"
            spec.report("pool-types", where, message, hint)
        if other.gpu_count and other.architecture != "x86_64":
            message = f"{other.name!r} is {other.architecture}, and GPU images are for x86_64"
            spec.report("gpu-architecture", where, message, "such as g5.xlarge")


def _size(one: InstanceType) -> str:
    gpus = f", {one.gpu_count} {one.gpu_model}" if one.gpu_count else ""
    memory = memory_text(one.memory)
    return f"{one.name} has {one.vcpu} vCPU, {memory}{gpus} ({one.architecture})"


def size(spec: Spec, pool: NodePool, path: Path) -> None:
    """The lower bound of its nodes is not above the upper one."""
    if pool.min > pool.max:
        message = f"min is {pool.min}, above max, which is {pool.max}"
        spec.report("pool-size", (*path, "min"), message, "raise max or lower min")


def capacity(spec: Spec, pool: NodePool, path: Path) -> None:
    """A capacity block is a reservation of one type in one zone."""
    if pool.capacity != "capacity_block":
        if pool.reservation is not None:
            message = f"a reservation is for capacity_block, not {pool.capacity}"
            hint = "set capacity: capacity_block, or remove it"
            spec.report("capacity-block", (*path, "reservation"), message, hint)
        return
    where = (*path, "capacity")
    if pool.reservation is None:
        message = "a capacity block needs its reservation"
        spec.report("capacity-block", where, message, "such as reservation: cr-0a1b2c3d4e5f67890")
    if len(pool.instance_types) > 1:
        message = f"a capacity block has one instance type, not {len(pool.instance_types)}"
        spec.report("capacity-block", (*path, "instance_types"), message)
    if len(pool.zones) != 1:
        message = "a capacity block is in one zone"
        spec.report("capacity-block", where, message, "give it: zones: [...]")


def zones(spec: Spec, cluster: Cluster, pool: NodePool, path: Path) -> None:
    """A pool's zones are of the cluster."""
    if not has(cluster, "zones"):
        return
    for index, zone in enumerate(pool.zones):
        where = (*path, "zones", index)
        if zone in pool.zones[:index]:
            spec.report("listed-twice", where, f"{zone!r} is listed twice", "remove one")
        elif zone not in cluster.zones:
            message = f"{zone!r} is no zone of the cluster"
            spec.report("pool-zone", where, message, close(zone, cluster.zones))


def keys(spec: Spec, pool: NodePool, path: Path) -> None:
    """Labels and taints are none that Kubernetes, EKS or the platform own."""
    for section in ("labels", "taints"):
        for key in getattr(pool, section):
            if _RESERVED.match(key) or key in _PLATFORMS:
                message = f"{key!r} is reserved"
                hint = "use a prefix of your own, such as example.com/team"
                if key in _PLATFORMS:
                    hint = "GPU nodes carry it anyway"
                spec.report("reserved-label", (*path, section, key), message, hint, at_key=True)


def karpenter(spec: Spec, cluster: Cluster, pool: NodePool, path: Path) -> None:
    """Karpenter makes nodes for pods, and keeps none without."""
    if getattr(cluster, "provisioner", "") == "karpenter" and not pool.system and pool.min:
        message = f"min is {pool.min}, but Karpenter keeps no nodes without pods"
        spec.report("pool-size", (*path, "min"), message, "set min: 0, or system: true")


def system_pool(spec: Spec, cluster: Cluster, types: dict[str, list[InstanceType]]) -> None:
    """Something is always there for DNS, controllers and the gateway."""
    by_karpenter = getattr(cluster, "provisioner", "") == "karpenter"
    for name, pool in cluster.pools.items():
        open_to_all = not any(taint.effect in _BLOCKING for taint in pool.taints.values())
        steady = pool.min >= 1 and pool.capacity != "capacity_block"
        of_cpu = types[name][0].core_type == "cpu"
        if open_to_all and steady and of_cpu and (pool.system or not by_karpenter):
            return
    message = "no pool is always there for DNS, controllers and the gateway"
    needs = ["a CPU pool", "min: 1 or more", "no taints that keep pods away"]
    if by_karpenter:
        needs.append("system: true")
    spec.report("system-pool", ("pools",), message, f"it needs {', '.join(needs)}", at_key=True)
