"""What is wrong with what keeps a workspace in order, and is no resource of the spec."""

from cli.statuses import pods
from cli.statuses.objects import Objects, made
from components.manifests import reader, retention


def notes(objects: Objects) -> list[str]:
    """A sentence for each thing that does not do its work."""
    return [note for note in (_reading(objects), _cleaning(objects)) if note]


def _cleaning(objects: Objects) -> str:
    """Why pods are not cleaned up."""
    pod = max(objects.all("Pod", retention.KIND), key=made, default=None)
    found = pods.trouble(pod, objects) if pod else None
    if found is None or not found.lasting:
        return ""
    return f"pods that have ended are not cleaned up: {found.sentence}"


def _reading(objects: Objects) -> str:
    """Why archived logs can't be read, in one sentence; empty where nothing is known of it."""
    if objects.get("StatefulSet", reader.NAME) is None:
        return ""
    pod = objects.get("Pod", reader.POD)
    if pod is None or pods.ready(pod):
        return ""
    found = pods.trouble(pod, objects)
    if found is None and not pods.silent(pod, objects):
        return ""
    for event in objects.warnings(pod) if found is None else []:
        if event.get("reason") == "Unhealthy":
            said = " ".join(event.get("message", "").split())
            return f"archived logs can't be read: {said}"
    why = found.sentence if found else "their reader does not answer"
    return f"archived logs can't be read: {why}"
