"""Instance types of EC2 that a spec names."""

from schemas.instance_types import InstanceType, as_of, catalogue
from schemas.nearest import close, nearest
from schemas.shape import Path
from schemas.spec import Spec


def instance_type(spec: Spec, name: str, path: Path) -> InstanceType | None:
    """The type of a name; reports it if the catalogue has none."""
    found = catalogue().get(name)
    if found is None:
        message = f"the catalogue of {as_of()} has no instance type {name!r}"
        spec.report("unknown-instance-type", path, message, _meant(name))
    return found


def _meant(name: str) -> str:
    """A hint: a type of the same family, or the same size of a family that is written alike."""
    family, _, size = name.partition(".")
    sizes = [known for known in catalogue() if known.startswith(f"{family}.")]
    if sizes:
        return close(name, sizes)
    near = nearest(family, sorted({known.partition(".")[0] for known in catalogue()}))
    if f"{near}.{size}" in catalogue():
        return f"did you mean {near + '.' + size!r}?"
    return "it has general types from the fifth generation on, and NVIDIA GPUs"
