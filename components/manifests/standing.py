"""What there is of a stage before it is applied: what answers, and what a failed apply left."""

from dataclasses import dataclass

from components.manifests import Manifest
from components.manifests.stage import Behind


@dataclass(frozen=True)
class Standing:
    """Live objects of a stage."""

    service: Manifest | None = None
    deployments: tuple[Manifest, ...] = ()

    def behind(self, new: Behind) -> Behind | None:
        """The pods that answer now, if they are others than the new ones; None if none do.

        Before each version had a Deployment of its own, a Service selected by the stage alone.
        """
        old = self._answering(new)
        if not old or self._selector == new.selector:
            return None
        first = min(old, key=lambda item: str(item["metadata"].get("creationTimestamp", "")))
        return Behind(first["metadata"]["name"], self._selector)

    def answers(self, new: Behind) -> bool:
        """Whether requests lead to these pods already."""
        return self._selector == new.selector and new.deployment in self._names()

    def instances(self, new: Behind) -> int:
        """How many others answer, or should; 0 if there is nothing."""
        found = [item["spec"].get("replicas", 1) for item in self._answering(new)]
        return max(found, default=0)

    def is_available(self, new: Behind) -> bool:
        """Whether one of those others does answer."""
        counts = [item.get("status", {}).get("availableReplicas") for item in self._answering(new)]
        return any(counts)

    def left(self, new: Behind) -> list[str]:
        """Names of Deployments that requests never led to: what an apply left that failed. None
        where the new one is there already, and has its room."""
        if not self._selector or new.deployment in self._names():
            return []
        answering = {item["metadata"]["name"] for item in self._answering(new)}
        return sorted(self._names() - answering)

    @property
    def _selector(self) -> dict[str, str]:
        """What the Service leads to; empty if there is none."""
        return dict(self.service["spec"]["selector"]) if self.service else {}

    def _names(self) -> set[str]:
        return {item["metadata"]["name"] for item in self.deployments}

    def _answering(self, new: Behind) -> list[Manifest]:
        selector = self._selector.items()
        return [
            item
            for item in self.deployments
            if item["metadata"]["name"] != new.deployment
            and selector
            and selector <= item["spec"]["template"]["metadata"]["labels"].items()
        ]
