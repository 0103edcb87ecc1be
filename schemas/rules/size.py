"""Flavors against images and pools, for whatever has instances of a flavor."""

from typing import Any

from schemas.compute import GpuFlavor
from schemas.nearest import listed
from schemas.shape import is_whole
from schemas.spec import Spec, has


def core_type(spec: Spec, owner: Any, path: tuple[str, ...]) -> None:
    """A GPU image needs a GPU flavor, and the other way round."""
    if not has(owner, "image", "flavor"):
        return
    image = getattr(spec.platform, "images", {}).get(owner.image)
    flavors = getattr(spec.platform, "flavors", {})
    flavor = flavors.get(owner.flavor)
    if not has(image, "core_type") or not has(flavor, "core_type"):
        return
    if image.core_type == flavor.core_type:
        return
    fitting = [n for n, f in flavors.items() if getattr(f, "core_type", "") == image.core_type]
    message = (
        f"{owner.flavor!r} is a {flavor.core_type.upper()} flavor, "
        f"but image {owner.image!r} is for {image.core_type.upper()}s"
    )
    hint = f"{image.core_type.upper()} flavors are {listed(fitting)}" if fitting else ""
    spec.report("core-type", (*path, "flavor"), message, hint or "choose another image")


def gpu_nodes(spec: Spec, owner: Any, path: tuple[str, ...], instances: str = "instances") -> None:
    """All instances of a GPU flavor fit on its pool's nodes at once; `instances` counts them."""
    if not has(owner, "flavor", instances):
        return
    count = getattr(owner, instances)
    flavor = getattr(spec.platform, "flavors", {}).get(owner.flavor)
    if not isinstance(flavor, GpuFlavor) or not is_whole(flavor):
        return
    pool = getattr(spec.platform, "pools", {}).get(flavor.pool)
    if not has(pool, "gpus_per_node", "nodes") or flavor.gpu.count > pool.gpus_per_node:
        return
    room = pool.gpus_per_node // flavor.gpu.count * pool.nodes
    if count > room:
        message = (
            f"{count} instances with {flavor.gpu.count} GPUs each do not fit on the "
            f"{pool.nodes} nodes of pool {flavor.pool!r} with {pool.gpus_per_node} GPUs each"
        )
        spec.report("gpu-nodes", (*path, "flavor"), message, f"at most {room} fit")
