"""What a stage serves: settled when a spec is applied, from what is complete by then."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from components.manifests import Manifest, places
from schemas import resolved
from schemas.address import Address, parse_address
from schemas.text import to_json

SERVED_ANNOTATION = "easymaker.io/served"
"""Of a model's record, of a stage's route and its pods: what they stand for, as it was settled."""
_JOB_ANNOTATION = "easymaker.io/job"


@dataclass(frozen=True, slots=True)
class Served:
    """An artifact, and what a server must know of it.

    It is the whole of that: a stage whose next model is still being trained goes on with the one it
    has, whatever the spec says of the next.
    """

    address: Address
    """Folder of the artifact."""
    revision: str
    """Of the training that made it; empty for a model that is given by its path."""
    model: str
    """Name in the spec."""
    model_name: str
    """Name that the artifact gives itself."""
    framework: str
    framework_version: str
    training: str = ""
    """Training that made it; empty for a model that is given by its path."""
    completed: str = ""
    """When that revision was first seen complete, as the cluster writes times."""
    seen: str = ""
    """When the newest revision was complete that this one was chosen among."""

    @property
    def version(self) -> str:
        """The revision; of a model that is given by its path a hash of that. Responses name it."""
        return self.revision or hashlib.sha256(self.address.text.encode()).hexdigest()[:10]


def served(
    model: resolved.Model, jobs: Mapping[str, Manifest], live: Manifest | None
) -> Served | None:
    """What of a model is to be served now; None while there is nothing.

    `jobs` are the Jobs of the model's training, by name. `live` is the object that says what was
    settled last: a stage's route, or the model's record. It counts like a Job, so that Jobs which
    somebody removed change nothing.

    The revision of the spec comes first, so that taking back a change goes back; then the newest,
    but none that was there and not chosen before.
    """
    if isinstance(model.source, Address):
        return _of(model, model.source, "")
    training = model.source
    found = dict(_complete(model, jobs))
    latest = max((item.completed for item in found.values()), default="")
    before = settled(live)
    kept = None
    if before and before.training == training.name:
        item = _of(model, before.address, before.revision, training.name)
        kept = replace(item, completed=before.completed, seen=before.seen)
        found[before.revision] = kept
    fresh = [item for item in found.values() if kept is None or item.completed > kept.seen]
    newest = max(fresh, key=lambda item: (item.completed, item.revision), default=kept)
    chosen = found.get(training.revision) or newest or before
    return replace(chosen, seen=latest) if chosen and not chosen.seen else chosen


def settled(live: Manifest | None) -> Served | None:
    """What a Deployment or a record was made for; None if it does not say."""
    if live is None:
        return None
    holder = live["spec"]["template"] if live["kind"] == "Deployment" else live
    text = holder["metadata"].get("annotations", {}).get(SERVED_ANNOTATION)
    try:
        fields = json.loads(text or "")
        address = parse_address(fields.pop("address"))
        return Served(address=address, **fields) if address else None
    except (ValueError, TypeError, KeyError, AttributeError):  # somebody wrote into it
        return None


def annotation(item: Served) -> dict[str, str]:
    """The annotation that `settled` reads."""
    return {SERVED_ANNOTATION: to_json({**asdict(item), "address": item.address.text})}


def _of(model: resolved.Model, address: Address, revision: str, training: str = "") -> Served:
    return Served(
        address=address,
        revision=revision,
        model=model.name,
        model_name=model.model_name,
        framework=model.framework,
        framework_version=model.framework_version,
        training=training,
    )


def _complete(model: resolved.Model, jobs: Mapping[str, Manifest]) -> dict[str, Served]:
    """Results of the Jobs that are complete, by revision.

    Each lies where its Job was told to write, and not where the spec would write today.
    """
    found = {}
    for job in jobs.values():
        status = job.get("status", {})
        conditions = status.get("conditions", [])
        if not any(c["type"] == "Complete" and c["status"] == "True" for c in conditions):
            continue
        document = json.loads(job["spec"]["template"]["metadata"]["annotations"][_JOB_ANNOTATION])
        output = parse_address(document["output"]["address"])
        if output:
            item = _of(
                model, places.below(output, "model"), document["revision"], document["training"]
            )
            found[item.revision] = replace(item, completed=status.get("completionTime", ""))
    return found
