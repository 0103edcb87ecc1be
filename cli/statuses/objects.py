"""The live objects of a namespace, found by what statuses ask for."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from components.manifests import Manifest, retention
from components.manifests.metadata import KIND_LABEL, NAME_LABEL, SPEC_ANNOTATION

JOB_LABEL = "batch.kubernetes.io/job-name"


class Objects:
    """By kind and name. `Event` holds the warnings of the namespace."""

    def __init__(self, objects: Iterable[Manifest] = ()) -> None:
        self._objects: dict[str, dict[str, Manifest]] = defaultdict(dict)
        for item in objects:
            self._objects[item["kind"]][item["metadata"]["name"]] = item

    def get(self, kind: str, name: str) -> Manifest | None:
        """One object; None if it is not there."""
        return self._objects[kind].get(name)

    def of(self, object_kind: str, kind: str, name: str) -> list[Manifest]:
        """The objects that belong to a resource of the spec, such as Pods of `training`, `iris`."""
        return self._labelled.get((object_kind, kind, name), [])

    def selected(self, object_kind: str, selector: Mapping[str, str]) -> list[Manifest]:
        """The objects that a selector means. It names the resource that they belong to."""
        return [
            item
            for item in self.of(object_kind, selector[KIND_LABEL], selector[NAME_LABEL])
            if selector.items() <= item["metadata"]["labels"].items()
        ]

    def all(self, object_kind: str, kind: str) -> list[Manifest]:
        """The objects of all resources of a kind."""
        return [o for o in self._objects[object_kind].values() if label(o, KIND_LABEL) == kind]

    def pods_of_job(self, job: str) -> list[Manifest]:
        """In the order in which they were made."""
        return self._pods_by_job.get(job, [])

    def ended_pods_of_job(self, job: str) -> list[Manifest]:
        """Those that are there, and what is kept of those that were cleaned up."""
        there = self.pods_of_job(job)
        kept = self.get("ConfigMap", retention.KEPT)
        text = (kept or {}).get("data", {}).get(job)
        if text is None:
            return there
        names = {pod["metadata"]["name"] for pod in there}
        gone = [pod for pod in json.loads(text) if pod["metadata"]["name"] not in names]
        return sorted([*there, *gone], key=made)

    def warnings(self, about: Manifest) -> list[Manifest]:
        """What the cluster complained about an object, the latest first."""
        uid = about["metadata"].get("uid")
        return self._warnings.get(uid, []) if uid else []

    @cached_property
    def _labelled(self) -> Mapping[tuple[str, str, str], list[Manifest]]:
        found: dict[tuple[str, str, str], list[Manifest]] = defaultdict(list)
        for kind, items in self._objects.items():
            for item in items.values():
                found[kind, label(item, KIND_LABEL), label(item, NAME_LABEL)].append(item)
        return found

    @cached_property
    def _pods_by_job(self) -> Mapping[str, list[Manifest]]:
        found: dict[str, list[Manifest]] = defaultdict(list)
        for pod in sorted(self._objects["Pod"].values(), key=made):
            found[label(pod, JOB_LABEL)].append(pod)
        return found

    @cached_property
    def _warnings(self) -> Mapping[str, list[Manifest]]:
        found: dict[str, list[Manifest]] = defaultdict(list)
        for event in sorted(self._objects["Event"].values(), key=_seen, reverse=True):
            found[event["involvedObject"].get("uid", "")].append(event)
        return found


def label(item: Manifest, key: str) -> str:
    """A label's value; empty if the object has none."""
    return str(item["metadata"].get("labels", {}).get(key, ""))


def made(item: Manifest) -> str:
    """When the object was made."""
    return str(item["metadata"].get("creationTimestamp") or "")


def is_going(item: Manifest) -> bool:
    """Whether the object is being deleted."""
    return bool(item["metadata"].get("deletionTimestamp"))


def is_owner(item: Manifest) -> bool:
    """Whether the object stands for a resource of the spec."""
    return SPEC_ANNOTATION in item["metadata"].get("annotations", {})


def applied_spec(owner: Manifest) -> Mapping[str, Any]:
    """The document of the resource that an owner stands for."""
    found: Mapping[str, Any] = json.loads(owner["metadata"]["annotations"][SPEC_ANNOTATION])
    return found


def conditions(item: Manifest) -> dict[str, Manifest]:
    """The conditions of an object, by type."""
    return {c["type"]: c for c in item.get("status", {}).get("conditions", [])}


def holds(item: Manifest, condition: str) -> Manifest | None:
    """The condition if it is true."""
    found = conditions(item).get(condition)
    return found if found and found["status"] == "True" else None


def times(event: Manifest) -> int:
    """How often an event happened."""
    return int((event.get("series") or {}).get("count") or event.get("count") or 1)


def _seen(event: Manifest) -> str:
    series = event.get("series") or {}
    seen = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return str(seen or made(event))
