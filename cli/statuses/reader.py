"""What is wrong with the reader of archived logs, which is no resource of the spec."""

from cli.statuses import pods
from cli.statuses.objects import Objects
from components.manifests import reader


def trouble(objects: Objects) -> str:
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
