"""Pools of a cluster on AWS: types that are alike, sizes, capacity, labels and taints."""

import re
from collections.abc import Sequence

from schemas.base import shown
from schemas.cluster import Cluster, NodePool
from schemas.compute import GpuFlavor
from schemas.instance_choice import Need, choose, gpu_models, need
from schemas.instance_types import MIB, InstanceType, as_of
from schemas.nearest import close, listed
from schemas.resolved_cluster import (
    ACCELERATOR_LABEL,
    EKS_GROUP_TAGS,
    GPU_LABEL,
    GPU_TAINT,
    GROUP_TAGS,
    OWN_GROUP_TAGS,
)
from schemas.rules.instance import instance_type
from schemas.shape import is_whole
from schemas.spec import Spec, has, well_named
from schemas.units import cpu_text, memory_text

# Kubernetes, EKS and Karpenter refuse or overwrite these, and the platform sets its own.
_RESERVED = re.compile(
    r"(?:.*\.)?(?:kubernetes\.io|k8s\.io|eks\.amazonaws\.com|karpenter\.sh|k8s\.aws|easymaker\.io)/"
)
_PLATFORMS = (GPU_LABEL, GPU_TAINT, ACCELERATOR_LABEL)
_BLOCKING = ("NoSchedule", "NoExecute")
# What a pod of EKS's CoreDNS reserves: a node without so much has room for daemons alone.
_DNS_CPU, _DNS_MEMORY = 100, 70 * MIB
Path = tuple[str | int, ...]


def check(spec: Spec, cluster: Cluster) -> None:
    pools = getattr(cluster, "pools", {})
    types: dict[str, Sequence[InstanceType]] = {}
    for name, pool in pools.items():
        path = ("pools", name)
        types[name] = instance_types(spec, cluster, pool, path)
        alike(spec, pool, types[name], path)
        size(spec, pool, path)
        capacity(spec, pool, types[name], path)
        zones(spec, cluster, pool, path)
        keys(spec, pool, path)
        karpenter(spec, cluster, pool, path)
        if types[name]:
            group_tags(spec, cluster, pool, types[name][0].core_type, path)
    # Of a pool with a problem of its own nobody knows what it was meant to be.
    if pools and is_whole(pools) and set(pools) == set(spec.names("pools")) and all(types.values()):
        system_pool(spec, cluster, types)


def instance_types(
    spec: Spec, cluster: Cluster, pool: NodePool, path: Path
) -> Sequence[InstanceType]:
    """The types of a pool that are known; reports the others."""
    if not has(pool, "instance_types", "flavors"):
        return []
    if bool(pool.instance_types) == bool(pool.flavors):
        both = "it has both" if pool.flavors else "it has neither"
        message = f"a pool has instance_types, or flavors that they follow from; {both}"
        spec.report("pool-types", path, message, "such as instance_types: [m7i.xlarge]")
        return []
    if pool.flavors:
        return chosen(spec, cluster, pool, path)
    found = []
    for index, name in enumerate(pool.instance_types):
        where = (*path, "instance_types", index)
        if name in pool.instance_types[:index]:
            spec.report("listed-twice", where, f"{name!r} is listed twice", "remove one")
        elif (kind := instance_type(spec, name, where)) is not None:
            found.append(kind)
    return found


def chosen(spec: Spec, cluster: Cluster, pool: NodePool, path: Path) -> Sequence[InstanceType]:
    """The types that fit the flavors of a pool; reports flavors that nothing fits."""
    known = getattr(getattr(cluster, "platform", None), "flavors", {})
    where = (*path, "flavors")
    for index, name in enumerate(pool.flavors):
        if name in pool.flavors[:index]:
            at = (*where, index)
            spec.report("listed-twice", at, f"{name!r} is listed twice", "remove one")
        spec.refer((*where, index), name, "flavor", "platform", "flavors")
    flavors = {
        name: known[name] for name in pool.flavors if name in known and is_whole(known[name])
    }
    if len(flavors) < len(set(pool.flavors)):
        return []
    models = gpu_models()
    for name, flavor in flavors.items():
        if isinstance(flavor, GpuFlavor) and flavor.gpu.model.lower() not in models:
            message = f"the catalogue of {as_of()} has no GPU {shown(flavor.gpu.model)}"
            at = ("platform", "flavors", name, "gpu", "model")
            spec.report("unknown-gpu", at, message, close(flavor.gpu.model.lower(), models))
            return []
    wanted = need(flavors.values())
    if len(wanted.gpu_models) > 1:
        message = (
            f"one node has one model of GPU or none, not {listed(map(_gpu, wanted.gpu_models))}"
        )
        spec.report("pool-types", where, message, "make another pool of them")
        return []
    found = choose(wanted)
    if not found:
        message = f"no instance type has {_wanted(wanted)} for a pod"
        spec.report("flavor-fit", where, message, "smaller ones fit")
    return found


def _gpu(model: str) -> str:
    return model or "none"


def _wanted(wanted: Need) -> str:
    gpus = f", {wanted.gpu_count} {wanted.gpu_models[0]}" if wanted.gpu_count else ""
    return f"{cpu_text(wanted.cpu)} CPU, {memory_text(wanted.memory)} memory{gpus}"


def alike(spec: Spec, pool: NodePool, types: Sequence[InstanceType], path: Path) -> None:
    """All types of a pool have the same size, so that a pod fits any; GPU nodes are x86_64."""
    if getattr(pool, "flavors", None):
        return
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
    if has(pool, "min", "max") and pool.min > pool.max:
        message = f"min is {pool.min}, above max, which is {pool.max}"
        spec.report("pool-size", (*path, "min"), message, "raise max or lower min")


def capacity(spec: Spec, pool: NodePool, types: Sequence[InstanceType], path: Path) -> None:
    """A capacity block is a reservation of one type with GPUs, in one zone."""
    if not has(pool, "capacity"):
        return
    reservation = getattr(pool, "reservation", None)
    if pool.capacity != "capacity_block":
        if reservation is not None:
            message = f"a reservation is for capacity_block, not {pool.capacity}"
            hint = "set capacity: capacity_block, or remove it"
            spec.report("capacity-block", (*path, "reservation"), message, hint)
        return
    where = (*path, "capacity")
    if has(pool, "reservation") and reservation is None:
        message = "a capacity block needs its reservation"
        spec.report("capacity-block", where, message, "such as reservation: cr-0a1b2c3d4e5f67890")
    at = "flavors" if getattr(pool, "flavors", None) else "instance_types"
    if len(types) > 1:
        message = f"a capacity block has one instance type, not {len(types)}"
        spec.report("capacity-block", (*path, at), message)
    if plain := next((kind.name for kind in types if not kind.gpu_count), ""):
        message = f"{plain} has no GPUs, and AWS sells capacity blocks for types with some"
        hint = "such as p5.48xlarge; on_demand and spot are for all"
        spec.report("capacity-block", (*path, at), message, hint)
    if has(pool, "zones") and len(pool.zones) != 1:
        message = "a capacity block is in one zone"
        spec.report("capacity-block", where, message, "give it: zones: [...]")


def zones(spec: Spec, cluster: Cluster, pool: NodePool, path: Path) -> None:
    """A pool's zones are of the cluster, which are of its region."""
    if not has(cluster, "zones", "region"):
        return
    if any(zone[:-1] != cluster.region for zone in cluster.zones):
        return  # reported there
    for index, zone in enumerate(getattr(pool, "zones", [])):
        where = (*path, "zones", index)
        if zone in pool.zones[:index]:
            spec.report("listed-twice", where, f"{zone!r} is listed twice", "remove one")
        elif zone not in cluster.zones:
            message = f"{zone!r} is no zone of the cluster"
            spec.report("pool-zone", where, message, f"one of {listed(cluster.zones)}")


def keys(spec: Spec, pool: NodePool, path: Path) -> None:
    """Labels and taints are none that Kubernetes, EKS or the platform own."""
    for section in ("labels", "taints"):
        for key in well_named(getattr(pool, section, {})):
            if _RESERVED.match(key) or key in _PLATFORMS:
                message = f"{key!r} is reserved"
                hint = "use a prefix of your own, such as example.com/team"
                if key in _PLATFORMS:
                    hint = "GPU nodes carry it anyway"
                spec.report("reserved-label", (*path, section, key), message, hint, at_key=True)


def group_tags(spec: Spec, cluster: Cluster, pool: NodePool, core_type: str, path: Path) -> None:
    """An autoscaling group has room for a tag for each label, taint and tag, beside ours."""
    if not has(cluster, "tags", "provisioner") or not is_whole(pool):
        return
    if cluster.provisioner == "karpenter" and not pool.system:
        return
    written = {"labels": len(pool.labels), "taints": len(pool.taints), "tags": len(cluster.tags)}
    parts = [f"{count} of {name}" for name, count in written.items() if count]
    room = GROUP_TAGS - EKS_GROUP_TAGS - OWN_GROUP_TAGS[core_type]
    wanted = sum(written.values())
    if wanted > room:
        message = (
            f"its autoscaling group would have {wanted} tags ({', '.join(parts)}) beside "
            f"{GROUP_TAGS - room} of EKS and the platform, AWS allows {GROUP_TAGS}"
        )
        hint = f"remove {wanted - room}"
        spec.report("group-tags", path, message, hint, at_key=True)


def karpenter(spec: Spec, cluster: Cluster, pool: NodePool, path: Path) -> None:
    """Karpenter makes nodes for pods, and keeps none without."""
    if not has(pool, "system", "min"):
        return
    if getattr(cluster, "provisioner", "") == "karpenter" and not pool.system and pool.min:
        message = f"min is {pool.min}, but Karpenter keeps no nodes without pods"
        spec.report("pool-size", (*path, "min"), message, "set min: 0, or system: true")


def system_pool(spec: Spec, cluster: Cluster, types: dict[str, Sequence[InstanceType]]) -> None:
    """Something is always there for DNS, controllers and the gateway."""
    by_karpenter = getattr(cluster, "provisioner", "") == "karpenter"
    for name, pool in cluster.pools.items():
        open_to_all = not any(taint.effect in _BLOCKING for taint in pool.taints.values())
        steady = pool.min >= 1 and pool.capacity != "capacity_block"
        node = types[name][0]
        has_room = node.free_cpu >= _DNS_CPU and node.free_memory >= _DNS_MEMORY
        fits = node.core_type == "cpu" and has_room
        if open_to_all and steady and fits and (pool.system or not by_karpenter):
            return
    message = "no pool is always there for DNS, controllers and the gateway"
    needs = ["a CPU pool with room for pods", "min: 1 or more", "no taints that keep pods away"]
    if by_karpenter:
        needs.append("system: true")
    spec.report("system-pool", ("pools",), message, f"it needs {', '.join(needs)}", at_key=True)
