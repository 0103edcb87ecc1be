"""What the scheduler and the quota say, in plain words."""

import re
from collections.abc import Mapping

from cli.statuses.status import Trouble
from schemas import units

_HEAD = re.compile(r"0/(?P<nodes>\d+) nodes are available:? ?(?P<rest>.*)", re.DOTALL)
_PART = re.compile(r"(?P<count>\d+) (?P<reason>.+)")
_UNHELPFUL = re.compile(r"(\d+) Preemption is not helpful for scheduling")
_TAINT = re.compile(r"node\(s\) had untolerated taint(?:\(s\))? \{(?P<key>[^:}]+).*\}")
_QUOTA = re.compile(
    r"exceeded quota: \S+, requested: (?P<asked>\S+), used: (?P<used>\S+), limited: (?P<limit>\S+)"
)
_FORBIDDEN = re.compile(r'pods "[^"]*" is forbidden: (?P<reason>.*)', re.DOTALL)
RESOURCES = {
    "cpu": "CPU",
    "memory": "memory",
    "nvidia.com/gpu": "GPUs",
    "ephemeral-storage": "disk",
    "pods": "pods",
    "storage": "storage",
}
_FEW = {"nvidia.com/gpu": "too few GPUs left"}
_REASONS = {
    "node(s) didn't match Pod's node affinity/selector": (
        "is not in the flavor's pool",
        "are not in the flavor's pool",
    ),
    "node(s) had untolerated taint(s)": ("is kept for others", "are kept for others"),
    "node(s) were unschedulable": ("is closed to new pods", "are closed to new pods"),
    "Too many pods": ("has too many pods", "have too many pods"),
    "node(s) had volume node affinity conflict": ("can't reach the pod's volume",) * 2,
    "node(s) didn't find available persistent volumes to bind": (
        "has no volume that fits",
        "have no volume that fits",
    ),
}
"""Of one node, and of several."""
_LASTING = ("Insufficient ", "node(s) didn't match Pod's node affinity/selector")
"""Reasons that stay, if preemption could not help either: the size and the pools of nodes."""


def no_node(message: str) -> Trouble:
    """What a message of the scheduler says."""
    head = _HEAD.match(message)
    if head is None:
        return Trouble(f"no node has room: {message.rstrip('.')}", False)
    reasons, _, more = head["rest"].partition(". ")
    if "persistentvolumeclaim" in reasons.lower():
        return Trouble(f"a volume is not there yet: {reasons.rstrip('.')}", False)
    total = int(head["nodes"])
    if not total:
        return Trouble("no node has room: the cluster has no nodes", False)
    parts = [part for text in _split(reasons) if (part := _PART.fullmatch(text))]
    said = [f"{part['count']} {_plain(part['reason'], part['count'] == '1')}" for part in parts]
    never = all(part["reason"].startswith(_LASTING) for part in parts) and (
        (found := _UNHELPFUL.search(more)) is not None and int(found[1]) == total
    )
    nodes = "1 node" if total == 1 else f"{total} nodes"
    what = "no node is big enough" if never else "no node has room"
    return Trouble(f"{what}: of {nodes}, {', '.join(said) or reasons}", never)


def refused(message: str) -> Trouble:
    """What the API server says to a controller whose pod it doesn't take."""
    quota = _QUOTA.search(message)
    if quota is None:
        found = _FORBIDDEN.search(message)
        reason = found["reason"] if found else message
        return Trouble(f"the cluster refuses the pod: {reason.rstrip('.')}", True)
    asked, used, limit = (_amounts(quota[name]) for name in ("asked", "used", "limit"))
    said = ", ".join(
        f"asks for {amount} {_named(name)}, {used.get(name, '0')} of {limit.get(name, '0')} in use"
        for name, amount in asked.items()
    )
    never = any(_more(amount, limit.get(name, "0")) for name, amount in asked.items())
    return Trouble(f"the workspace's quota is used up: {said}", never)


def _split(reasons: str) -> list[str]:
    """At commas that a count follows: taints and names may hold others."""
    return re.split(r", (?=\d+ )", reasons.rstrip(". "))


def _plain(reason: str, one: bool) -> str:
    """What is so of one node, or of several."""
    if reason.startswith("Insufficient "):
        name = reason.removeprefix("Insufficient ")
        few = _FEW.get(name, f"too little {RESOURCES.get(name, name)} left")
        return f"{'has' if one else 'have'} {few}"
    if taint := _TAINT.fullmatch(reason):
        return f"{'is' if one else 'are'} kept for others (taint {taint['key']})"
    return _REASONS.get(reason, (reason, reason))[0 if one else 1]


def _amounts(text: str) -> Mapping[str, str]:
    """`requests.cpu=1,pods=2` by name."""
    return dict(part.split("=", 1) for part in text.split(",") if "=" in part)


def _named(name: str) -> str:
    resource = name.removeprefix("requests.").removeprefix("limits.")
    return RESOURCES.get(resource, resource)


def _more(amount: str, limit: str) -> bool:
    try:
        return _number(amount) > _number(limit)
    except ValueError:
        return False


def _number(quantity: str) -> int:
    """Any quantity on one scale."""
    if quantity == "0":
        return 0
    try:
        return units.millicores(quantity)
    except ValueError:
        return units.memory_bytes(quantity) * 1000
