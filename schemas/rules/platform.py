"""Within the platform: images that are built, pools of flavors."""

from schemas.cluster_types import is_full_image
from schemas.compute import CpuFlavor, GpuFlavor
from schemas.instance_choice import reserved_cpu, reserved_memory
from schemas.instance_types import InstanceType
from schemas.nearest import listed
from schemas.platform import Platform
from schemas.rules.instance import instance_type
from schemas.shape import Path, is_whole
from schemas.spec import Spec, has
from schemas.units import cpu_text, memory_text


def check(spec: Spec) -> None:
    platform = spec.platform
    if platform is None:
        return
    built_images(spec, platform)
    needed_images(spec, platform)
    flavors(spec, platform)
    nodes(spec, platform)
    certificate(spec, platform)
    limits(spec, platform)


def built_images(spec: Spec, platform: Platform) -> None:
    """A bare image name is one of `built_images`."""
    for section in ("images", "serving"):
        for name, entry in getattr(platform, section, {}).items():
            if has(entry, "image") and not is_full_image(entry.image):
                path = ("platform", section, name, "image")
                spec.refer(path, entry.image, "built image", "platform", "built_images")


def needed_images(spec: Spec, platform: Platform) -> None:
    """The images that the platform itself needs for what is declared are built."""
    if not has(platform, "built_images", "serving"):
        return
    kinds = [kind for kind in ("experiments", "trainings", "endpoints") if spec.sections[kind]]
    needed = {"tools": kinds, "tensorboard": [kind for kind in kinds if kind == "experiments"]}
    foreign = [
        name
        for name, server in platform.serving.items()
        if getattr(server, "protocol", "easymaker") != "easymaker"
    ]
    if "endpoints" in kinds:
        needed["serving-front"] = [f"serving.{name}" for name in foreign]
    for image, users in needed.items():
        if users and image not in spec.names("platform", "built_images"):
            spec.report(
                "needed-image",
                ("platform", "built_images"),
                f"the image {image!r} is missing, needed by {listed(users)}",
                "include the lock file that `emctl images` writes",
            )


def flavors(spec: Spec, platform: Platform) -> None:
    """A flavor's pool exists and has nodes with enough GPUs."""
    for name, flavor in getattr(platform, "flavors", {}).items():
        path = ("platform", "flavors", name)
        reserved(spec, flavor, path)
        of = getattr(flavor, "pool", None)
        if of is None or not spec.refer((*path, "pool"), of, "pool", "platform", "pools"):
            continue
        pool = getattr(platform, "pools", {}).get(of)
        if has(pool, "gpus_per_node") and has(getattr(flavor, "gpu", None), "count"):
            wanted, there = flavor.gpu.count, pool.gpus_per_node
            if wanted > there:
                message = f"asks for {wanted} GPUs, but a node of pool {of!r} has {there}"
                spec.report("gpu-count", (*path, "gpu", "count"), message, "choose another pool")


def reserved(spec: Spec, flavor: CpuFlavor | GpuFlavor, path: Path) -> None:
    """A flavor reserves no more than it has."""
    requests = getattr(flavor, "requests", None)
    for key, text in (("cpu", cpu_text), ("memory", memory_text)):
        part, whole = getattr(requests, key, None), getattr(flavor, key, None)
        if part is not None and whole is not None and part > whole:
            what = "CPU" if key == "cpu" else key
            message = f"reserves {text(part)} of {text(whole)} {what}"
            hint = "requests are at most the flavor's own size"
            spec.report("flavor-requests", (*path, "requests", key), message, hint)


def certificate(spec: Spec, platform: Platform) -> None:
    """A certificate is for a listener that speaks HTTPS."""
    gateway = getattr(platform, "gateway", None)
    if gateway is None or not has(gateway, "certificate", "tls"):
        return
    if gateway.certificate and not gateway.tls:
        message = "the listener speaks no HTTPS, so nothing would use the certificate"
        path = ("platform", "gateway", "certificate")
        spec.report("certificate", path, message, "set tls: true, or leave it out")


def nodes(spec: Spec, platform: Platform) -> None:
    """Of pools whose instance type is named: it is known, and flavors fit one node of it."""
    types = {}
    for name, pool in getattr(platform, "pools", {}).items():
        if getattr(pool, "instance_type", None) is None:
            continue
        path = ("platform", "pools", name)
        found = instance_type(spec, pool.instance_type, (*path, "instance_type"))
        if found is None:
            continue
        types[name] = found
        if has(pool, "gpus_per_node") and pool.gpus_per_node != found.gpu_count:
            there = f"{found.gpu_count} GPU{'' if found.gpu_count == 1 else 's'}"
            message = f"{found.name} has {there}, and gpus_per_node is {pool.gpus_per_node}"
            hint = f"set gpus_per_node: {found.gpu_count}"
            spec.report("instance-gpus", (*path, "instance_type"), message, hint)
    for name, flavor in getattr(platform, "flavors", {}).items():
        node = types.get(getattr(flavor, "pool", None))
        if node is not None and is_whole(flavor):
            fit(spec, flavor, node, ("platform", "flavors", name))


def fit(spec: Spec, flavor: CpuFlavor | GpuFlavor, node: InstanceType, path: Path) -> None:
    """What a flavor reserves is there on an empty node."""
    hint = "lower it, or reserve less with requests"
    where = f"a node of {flavor.pool!r} ({node.name})"
    requests = flavor.requests
    at_cpu = ("cpu",) if requests.cpu is None else ("requests", "cpu")
    cpu = reserved_cpu(flavor)
    if cpu > node.free_cpu:
        message = f"reserves {cpu_text(cpu)} CPU, {where} has {cpu_text(node.free_cpu)} for pods"
        spec.report("flavor-fit", (*path, *at_cpu), message, hint)
    at_memory = ("memory",) if requests.memory is None else ("requests", "memory")
    memory = reserved_memory(flavor)
    if memory > node.free_memory:
        room = memory_text(node.free_memory)
        message = f"reserves {memory_text(memory)} memory, {where} has {room} for pods"
        spec.report("flavor-fit", (*path, *at_memory), message, hint)


def limits(spec: Spec, platform: Platform) -> None:
    """A changed range still has values in it."""
    if not has(platform, "limits"):
        return
    for name, allowed in spec.limits.items():
        if allowed.minimum > allowed.maximum:
            low, high = allowed.text(allowed.minimum), allowed.text(allowed.maximum)
            message = f"allows nothing: from {low} to {high}"
            spec.report("limit-range", ("platform", "limits", name), message)
