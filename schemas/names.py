"""Names: what a key may be called, and what objects and hosts are called after it."""

import hashlib
import re

NAME_LENGTH = 50
LABEL_LENGTH = 63
"""Of a DNS label: objects, the first part of a host, label values."""
HOST_LENGTH = 253
NAME = re.compile(r"[a-z](?:-?[a-z0-9])*\Z")
RESERVED = "kube-"
_SHORTER = {
    "training": 60,  # pods of an Indexed Job are hosts `<job>-<index>`
    "notebook": 52,  # a StatefulSet's revision is a label value `<name>-<10 characters>`
}


def is_name(text: str) -> bool:
    """Whether a resource can be called so."""
    return (
        len(text) <= NAME_LENGTH and NAME.match(text) is not None and not text.startswith(RESERVED)
    )


def object_name(kind: str, name: str, suffix: str = "") -> str:
    """The Kubernetes name `<kind>-<name>[-<suffix>]` of an owner object, at most 63 characters.

    Jobs and StatefulSets get less, so that what they make has a valid name too. A longer one is
    cut, and a hash of the whole name keeps it unlike any other.
    """
    limit = _SHORTER.get(kind, LABEL_LENGTH)
    tail = f"-{suffix}" if suffix else ""
    whole = f"{kind}-{name}{tail}"
    if len(whole) <= limit:
        return whole
    tail += f"-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
    return f"{kind}-{name}"[: limit - len(tail)].rstrip("-") + tail


def endpoint_host(workspace: str, domain: str, endpoint: str) -> str:
    """Where an endpoint's default stage answers."""
    return f"{endpoint}.{workspace}.{domain}"


def stage_host(workspace: str, domain: str, endpoint: str, stage: str) -> str:
    """Where one stage of an endpoint answers."""
    return f"{stage}-{endpoint}.{workspace}.{domain}"


def notebook_host(workspace: str, domain: str, notebook: str) -> str:
    """Where a notebook's JupyterLab answers."""
    return f"notebook-{notebook}.{workspace}.{domain}"


def tensorboard_host(workspace: str, domain: str, experiment: str) -> str:
    """Where an experiment's TensorBoard answers."""
    return f"tensorboard-{experiment}.{workspace}.{domain}"


def suggestion(text: str, maximum: int = NAME_LENGTH) -> str:
    """A valid name close to what was typed: `iris_v1` -> `iris-v1`, `1iris` -> `iris-1`."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    while words.startswith(RESERVED):
        words = words.removeprefix(RESERVED)
    if digits := re.match(r"[0-9-]+", words):
        rest = words[digits.end() :]
        number = digits.group().strip("-")
        words = f"{rest}-{number}" if rest else f"n{number}"
    words = words[:maximum].rstrip("-")
    return words if NAME.match(words) and not words.startswith(RESERVED) else ""
