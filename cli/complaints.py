"""What the cluster complained about a resource's objects, each complaint once."""

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass

from cli.statuses.objects import Objects, times
from components.manifests import Manifest

_LETTERS = "[bcdfghjklmnpqrstvwxz2456789]"
"""What Kubernetes makes names' tails of."""
_TAIL = rf"(-{_LETTERS}{{8,10}})?(-\d+)?(-{_LETTERS}{{5}})?"
"""Of ReplicaSets and pods, after the name of what they belong to."""
_LENGTH = 500


@dataclass(frozen=True)
class Complaint:
    """Warnings that say the same."""

    last_seen: str
    times: int
    reason: str
    about: str
    """Kind and name of the object that it was last about."""
    message: str

    def __str__(self) -> str:
        often = f" ({self.times} times)" if self.times > 1 else ""
        return f"{self.last_seen}{often}  {self.reason}  {self.about}: {self.message}"

    def as_dict(self) -> dict[str, str | int]:
        """For machines."""
        return asdict(self)


def complaints(objects: Objects, about: Collection[Manifest]) -> list[Complaint]:
    """Warnings about these objects, and about pods of theirs that are gone, newest first."""
    uids = {item["metadata"].get("uid") for item in about}
    names = "|".join(re.escape(item["metadata"]["name"]) for item in about)
    theirs = re.compile(f"({names}){_TAIL}")
    found: dict[tuple[str, str, str], list[Manifest]] = {}
    for event in objects.all("Event", ""):  # events carry no labels
        item = event["involvedObject"]
        made = item.get("kind") in ("Pod", "ReplicaSet") and theirs.fullmatch(item.get("name", ""))
        if about and (item.get("uid") in uids or made):
            # Pods that replace each other are refused in the same words.
            message = " ".join(str(event.get("message", "")).split())
            same = message.replace(item.get("name") or "\0", "")
            key = str(item.get("kind", "")), str(event.get("reason", "")), same
            found.setdefault(key, []).append(event)
    return sorted(map(_one, found.values()), key=lambda c: c.last_seen, reverse=True)


def _one(events: list[Manifest]) -> Complaint:
    latest = max(events, key=_seen)
    item = latest["involvedObject"]
    return Complaint(
        last_seen=_seen(latest),
        times=sum(map(times, events)),
        reason=str(latest.get("reason", "")),
        about=f"{item.get('kind', 'object')} {item.get('name', '')}".rstrip(),
        message=" ".join(str(latest.get("message", "")).split())[:_LENGTH],
    )


def _seen(event: Manifest) -> str:
    """When it last happened, in whole seconds: some events tell more."""
    series = event.get("series") or {}
    found = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    text = str(found or event["metadata"].get("creationTimestamp") or "")
    return re.sub(r"\.\d+Z$", "Z", text)
