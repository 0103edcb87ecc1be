"""What is wrong with what keeps a workspace in order, and is no resource of the spec."""

import re

from cli.statuses import pods
from cli.statuses.objects import Objects, made, times
from components.manifests import Manifest, reader, retention

_LENGTH = 300
_PROBES = 2
_PASSING = re.compile(
    r"[\d/]+ [\d:]+ (?=ERROR)|(?:RequestID|HostID): [^,]*, | [\d/]+ [\d:]+ NOTICE: .*"
)
"""What is another each time."""


def notes(objects: Objects) -> list[str]:
    """A sentence for each thing that does not do its work."""
    return [note for note in (reading(objects), _cleaning(objects)) if note]


def _cleaning(objects: Objects) -> str:
    """Why pods are not cleaned up."""
    pod = max(objects.all("Pod", retention.KIND), key=made, default=None)
    found = pods.trouble(pod, objects) if pod else None
    if found is None or not found.lasting:
        return ""
    return f"pods that have ended are not cleaned up: {found.sentence}"


def reading(objects: Objects) -> str:
    """Why archived logs can't be read, in one sentence; empty where nothing is known of it."""
    pod = objects.get("Pod", reader.POD)
    if pod is None or pods.ready(pod):
        return ""
    found = pods.trouble(pod, objects)
    why = found.sentence if found else _unhealthy(pod, objects)
    return f"archived logs can't be read: {why}" if why else ""


def _unhealthy(pod: Manifest, objects: Objects) -> str:
    """What the probe said, if it has failed more than once."""
    found = [event for event in objects.warnings(pod) if event.get("reason") == "Unhealthy"]
    if sum(map(times, found)) < _PROBES:
        return ""
    said = " ".join(found[0].get("message", "").split())
    return _PASSING.sub("", said)[:_LENGTH]
