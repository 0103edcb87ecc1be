"""Changes of a cluster that are refused: rules that compare it with what was applied before.

Each rule is a function of path and both documents that gives the reason, or nothing.
"""

from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]
Path = tuple[str, ...]


def refusal(path: Path, old: Document, new: Document) -> str:
    """Why a change is refused; empty if it is not."""
    return next(filter(None, (rule(path, old, new) for rule in _RULES)), "")


def _kubernetes(path: Path, old: Document, new: Document) -> str:
    """EKS goes up by one minor version, and never down."""
    if path != ("kubernetes_version",):
        return ""
    was, now = old["kubernetes_version"], new["kubernetes_version"]
    before, after = (int(version.partition(".")[2]) for version in (was, now))
    if after < before:
        return f"the cluster runs {was}, and no cluster goes back"
    if after > before + 1:
        return f"the cluster runs {was}, and goes up one minor version at a time: 1.{before + 1}"
    return ""


def _elsewhere(path: Path, old: Document, new: Document) -> str:
    """A cluster keeps its name, region, zones and network, or everything would be made anew.

    Of the control plane EKS lets other subnets be chosen, but of the same zones alone
    (aws/containers-roadmap#2258).
    """
    if path[0] in ("cluster", "region"):
        return f"the cluster is {old[path[0]]!r} and stays so: another one is a spec of its own"
    if path == ("zones",):
        was = ", ".join(old["zones"])
        return f"EKS keeps a cluster's zones, {was}: pools can be in some of them"
    if path[0] == "network" and (path[1:] != ("nat",) or _of_another_type(old, new)):
        return "a cluster stays in its network: another one is a spec of its own"
    return ""


def _of_another_type(old: Document, new: Document) -> bool:
    return "type" in old["network"] and old["network"]["type"] != new["network"]["type"]


_RULES = (_kubernetes, _elsewhere)
