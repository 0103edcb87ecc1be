"""Hosts and object names: unique, and hosts short enough for DNS."""

from collections.abc import Iterator

from schemas import names
from schemas.errors import dotted
from schemas.shape import Path
from schemas.spec import Spec, has


def check(spec: Spec) -> None:
    objects(spec)
    if not spec.workspace or not has(spec.platform, "domain"):
        return
    place = (spec.workspace, spec.platform.domain)
    taken: dict[str, Path] = {}
    for path, host, parts in _hosts(spec, place):
        length(spec, path, host, parts)
        unique(spec, path, host, taken)


def length(spec: Spec, path: Path, host: str, parts: str) -> None:
    """The first label of a host has at most 63 characters, the host at most 253."""
    label = host.partition(".")[0]
    if len(label) > names.LABEL_LENGTH:
        over = len(label) - names.LABEL_LENGTH
        message = f"the host label {parts} is {len(label)} characters long, at most 63 are allowed"
        spec.report("host-length", path, message, f"shorten it by {over}", at_key=True)
    elif len(host) > names.HOST_LENGTH:
        over = len(host) - names.HOST_LENGTH
        message = f"the host {host} is {len(host)} characters long, at most 253 are allowed"
        spec.report("host-length", path, message, f"shorten it by {over}", at_key=True)


def unique(spec: Spec, path: Path, host: str, taken: dict[str, Path]) -> None:
    """No two resources answer under one host."""
    first = taken.setdefault(host, path)
    if first != path:
        message = f"would answer at {host}, as {dotted(first)} does"
        spec.report("host-twice", path, message, "rename one", at_key=True)


def objects(spec: Spec) -> None:
    """No two resources make one object: long names are cut, and only a hash tells them apart."""
    for section in spec.sections:
        taken: dict[str, str] = {}
        for name in filter(names.is_name, spec.sections[section]):
            made = names.object_name(section.removesuffix("s"), name)
            first = taken.setdefault(made, name)
            if first != name:
                message = f"would make the object {made}, as {section}.{first} does"
                path = (section, name)
                spec.report("object-twice", path, message, "rename one", at_key=True)


def _hosts(spec: Spec, place: tuple[str, str]) -> Iterator[tuple[Path, str, str]]:
    """Path, host, and how its first label is made, of everything that is routed."""
    for name in filter(names.is_name, spec.sections["experiments"]):
        host = names.tensorboard_host(*place, name)
        yield ("experiments", name), host, "tensorboard-<experiment>"
    for name in filter(names.is_name, spec.sections["notebooks"]):
        yield ("notebooks", name), names.notebook_host(*place, name), "notebook-<notebook>"
    for name in filter(names.is_name, spec.sections["endpoints"]):
        yield ("endpoints", name), names.endpoint_host(*place, name), "<endpoint>"
        for stage in filter(names.is_name, spec.names("endpoints", name, "stages")):
            path = ("endpoints", name, "stages", stage)
            yield path, names.stage_host(*place, name, stage), "<stage>-<endpoint>"
