"""The difference between two clusters, or their add-ons, as typed changes.

Works on documents (`schemas.cluster_document`). What was applied may be known in part, such as what
AWS says of a cluster that runs: what a document before lacks is not compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from schemas import addons, cluster, cluster_transitions
from schemas.change import Change, Document, Kind, change_of, entries, leaves
from schemas.effects import Effect, OnChange

_SECTIONS = {
    "pools": Kind(cluster.POOL_CHANGES, cluster.POOL_CREATED, cluster.POOL_DELETED),
    "file_systems": Kind(
        cluster.FILE_SYSTEM_CHANGES, cluster.FILE_SYSTEM_CREATED, cluster.FILE_SYSTEM_DELETED
    ),
    "buckets": Kind(cluster.BUCKET_CHANGES, cluster.BUCKET_CREATED, cluster.BUCKET_DELETED),
    "repositories": Kind({}, cluster.REPOSITORY_CREATED, cluster.REPOSITORY_DELETED),
}


def compare(old: Document, new: Document) -> list[Change]:
    """All changes that lead from one cluster to another."""
    found = (change for change in _cluster(old, new) if not _follows(change, old, new))
    return [_judged(change, old, new) for change in found]


def _follows(change: Change, old: Document, new: Document) -> bool:
    """Whether it is a pool in all zones of a cluster whose zones change, which is refused."""
    all_zones = [document.get("zones") for document in (old, new)]
    of_a_pool = change.path[0] == "pools" and change.path[2:] == ("zones",)
    return of_a_pool and [change.old, change.new] == all_zones


def compare_addons(old: Document, new: Document) -> list[Change]:
    """All changes that lead from some add-ons to others."""
    return list(_fields(addons.CHANGES, {"gateway": addons.GATEWAY_CHANGES}, old, new))


def _cluster(old: Document, new: Document) -> Iterator[Change]:
    yield from _fields(cluster.CHANGES, {"network": cluster.NETWORK_CHANGES}, old, new)
    for section, kind in _SECTIONS.items():
        if section in old:
            yield from entries(kind, _named(old[section]), _named(new[section]), (section,))


def _fields(
    table: Mapping[str, OnChange],
    within: Mapping[str, Mapping[str, OnChange]],
    old: Document,
    new: Document,
) -> Iterator[Change]:
    before = {key: old[key] for key in table if key in old}
    after = {key: new[key] for key in table if key in new and key in before}
    for key in _IN_PART & before.keys() & after.keys():
        after[key] = {part: value for part, value in after[key].items() if part in before[key]}
    after |= {key: new[key] for key in table if key in new and key in _OPTIONAL}
    for path, was, now in leaves(before, after, ()):
        on = table[path[0]]
        if path[0] in within and len(path) > 1:
            on = within[path[0]].get(path[1], on)
        yield change_of(path, on, was, now)


_IN_PART = {"network"}
"""What may be known in part; of one kind of network and another the kind differs."""
_OPTIONAL = ("logs",)
"""Keys of a whole document that may be missing because they are not set."""


def _named(entries_: Mapping[str, Any] | Sequence[str]) -> Document:
    """A section as a map; what is listed has its name alone."""
    return entries_ if isinstance(entries_, Mapping) else {name: {} for name in entries_}


def _judged(change: Change, old: Document, new: Document) -> Change:
    """The change, or refused with the reason."""
    if reason := cluster_transitions.refusal(change.path, old, new):
        return replace(change, effect=Effect.REFUSED, costs=(), refusal=reason)
    if change.path == ("kubernetes_version",) and "karpenter" in _provisioners(new):
        return replace(change, meaning=cluster.UPGRADED_WITH_KARPENTER)
    if change.path[0] != "pools" or change.old is None or change.new is None:
        return change
    if change.path[2:] == ("max",) and _is_raised(change):
        return replace(change, meaning="")
    if change.path[2:] == ("system",) and "karpenter" not in _provisioners(old, new):
        # Every pool is a node group anyway.
        return replace(change, effect=Effect.IN_PLACE, meaning="", costs=())
    return change


def _is_raised(change: Change) -> bool:
    old, new = change.old, change.new
    return isinstance(old, int) and isinstance(new, int) and new > old


def _provisioners(*documents: Document) -> set[str]:
    return {document["provisioner"] for document in documents if "provisioner" in document}
