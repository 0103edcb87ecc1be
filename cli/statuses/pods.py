"""What keeps a pod from running, in one sentence."""

import re

from cli.statuses.objects import Objects, conditions, holds, times
from cli.statuses.scheduling import no_node, refused
from cli.statuses.status import Trouble
from components.manifests import Manifest

_IMAGE = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
)
_USUAL = ("PodInitializing", "ContainerCreating")
_REPEATED = 3
"""After so many failures to mount a volume or to set up the network, it is not for want of time."""
_CRASHES = 2
_PROBES = 24
"""Every 5 s, so two minutes."""
_LENGTH = 300
_ARCHITECTURE = re.compile(
    r"\bexec(: | \S+: | user process caused: ).*exec format error|no match for platform in manifest"
)
_DISRUPTIONS = {
    "PreemptionByScheduler": "{node} was needed for a pod of higher priority",
    "DeletionByTaintManager": "{node} is lost or was closed to the pod",
    "EvictionByEvictionAPI": "{node} is being emptied",
    "DeletionByPodGC": "{node} is gone",
    "TerminationByKubelet": "{node} is short of resources or shuts down",
}


def trouble(pod: Manifest, objects: Objects) -> Trouble | None:
    """What keeps the pod from running or being ready; None if nothing is known to."""
    scheduled = conditions(pod).get("PodScheduled")
    if scheduled and scheduled["status"] == "False":
        return _claim(pod, objects) or no_node(scheduled.get("message", ""))
    status = pod.get("status", {})
    for init in status.get("initContainerStatuses", []):
        if found := _container(pod, init, "init container", objects):
            return found
    for container in status.get("containerStatuses", []):
        if found := _container(pod, container, "container", objects):
            return found
    return None if started(pod) else _setting_up(pod, objects)


def leaving(pod: Manifest, objects: Objects) -> str:
    """Why the pod is taken from its node, or is going to be; empty if it may stay."""
    node = f"the node {pod['spec'].get('nodeName', '')}"
    if target := holds(pod, "DisruptionTarget"):
        known = _DISRUPTIONS.get(target.get("reason", ""))
        return known.format(node=node) if known else str(target.get("message") or "it was evicted")
    ready = conditions(pod).get("Ready", {})
    lost = any(event.get("reason") == "NodeNotReady" for event in objects.warnings(pod))
    return f"{node} does not answer" if lost and ready.get("status") == "False" else ""


def foreign(pod: Manifest, container: str) -> str:
    """Says so if a container's image is not for the processor of its node; else empty."""
    status = container_status(pod, container) or {"state": {}}
    end = status["state"].get("terminated", {})
    return _foreign(str(end.get("message", "")), status)


def unmade(owner: Manifest, objects: Objects) -> Trouble | None:
    """Why a Job or StatefulSet can't make its pods; None if nobody complained."""
    for event in objects.warnings(owner):
        if event.get("reason") == "FailedCreate":
            return refused(event.get("message", ""))
    return None


def unmade_by(deployment: Manifest) -> Trouble | None:
    """Why a Deployment can't make its pods; None if it can."""
    failure = holds(deployment, "ReplicaFailure")
    return refused(failure.get("message", "")) if failure else None


def started(pod: Manifest, container: str | None = None) -> bool:
    """Whether a container (any, or the one of this name) has ever started."""
    return any(
        {"running", "terminated"} & status["state"].keys() or status.get("lastState")
        for status in pod.get("status", {}).get("containerStatuses", [])
        if container in (None, status["name"])
    )


def ready(pod: Manifest) -> bool:
    """Whether the pod answers."""
    found = conditions(pod).get("Ready")
    return found is not None and found["status"] == "True"


def silent(pod: Manifest, objects: Objects) -> bool:
    """Whether a pod that is not ready has been, or has failed its probe for minutes."""
    found = conditions(pod).get("Ready", {})
    begun = [
        str(status["state"]["running"]["startedAt"])
        for status in pod.get("status", {}).get("containerStatuses", [])
        if "running" in status["state"]
    ]
    if begun and str(found.get("lastTransitionTime", "")) > max(begun):
        return True
    return any(
        event.get("reason") == "Unhealthy" and times(event) >= _PROBES
        for event in objects.warnings(pod)
    )


def container_status(pod: Manifest, name: str) -> Manifest | None:
    """The status of one of the pod's containers."""
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return next((status for status in statuses if status["name"] == name), None)


def ended(terminated: Manifest, limit: str = "") -> str:
    """How a container ended: what it left as its last words, with its exit code.

    `limit` is the memory that it may have.
    """
    if terminated.get("reason") == "OOMKilled":
        return "ran out of memory" + (f" (the flavor has {limit})" if limit else "")
    words = last_words(terminated)
    return f"ended with exit code {terminated.get('exitCode')}" + (f": {words}" if words else "")


def last_words(terminated: Manifest) -> str:
    """The last line of a container's termination message."""
    lines = [line.strip() for line in str(terminated.get("message") or "").splitlines()]
    return next((line[:_LENGTH] for line in reversed(lines) if line), "")


def memory_limit(pod: Manifest, container: str) -> str:
    """The memory that a container may have; empty without a limit."""
    for item in pod["spec"]["containers"]:
        if item["name"] == container:
            return str(item.get("resources", {}).get("limits", {}).get("memory", ""))
    return ""


def _container(pod: Manifest, status: Manifest, what: str, objects: Objects) -> Trouble | None:
    name = f"the {what} {status['name']}"
    waiting = status["state"].get("waiting", {})
    reason = waiting.get("reason", "")
    message = " ".join(str(waiting.get("message", "")).split())
    if refused := _foreign(message, status):
        return Trouble(refused, True)
    if reason in _IMAGE:
        why = _pull_failure(message, status["image"]) or reason
        sentence = f"the image {status['image']} can't be pulled: {why}"
        # Between two attempts it is called otherwise than right after one.
        again = any(e.get("reason") == "Failed" and times(e) > 1 for e in objects.warnings(pod))
        return Trouble(sentence, again or reason != "ErrImagePull")
    if reason == "CreateContainerConfigError":
        return Trouble(f"{name} can't be set up: {message or reason}", True)
    if reason in ("CreateContainerError", "RunContainerError", "StartError"):
        return Trouble(f"{name} can't be started: {message or reason}", True)
    return _crash(pod, status, name, reason) if reason not in _USUAL else None


def _crash(pod: Manifest, status: Manifest, name: str, reason: str) -> Trouble | None:
    now, before = status["state"].get("terminated"), status.get("lastState", {}).get("terminated")
    count = status.get("restartCount", 0)
    if now and now.get("exitCode") == 0:
        return None
    end = now or before
    if end is None or status.get("ready"):
        return None
    if now and end.get("reason") in ("StartError", "ContainerCannotRun"):
        return Trouble(f"{name} can't be started: {last_words(end) or end['reason']}", True)
    sentence = _foreign(str(end.get("message", "")), status)
    sentence = sentence or f"{name} {ended(end, memory_limit(pod, status['name']))}"
    for_good = pod["spec"].get("restartPolicy") == "Never"
    return Trouble(sentence, for_good or reason == "CrashLoopBackOff" or count >= _CRASHES)


def _foreign(message: str, status: Manifest) -> str:
    if _ARCHITECTURE.search(message) is None:
        return ""
    return f"the image {status['image']} is not for the processor of its node"


def _pull_failure(message: str, image: str) -> str:
    """The innermost of the kubelet's and containerd's wrapped errors."""
    text = message.removeprefix(f'Back-off pulling image "{image}": ')
    text = text.removeprefix("ErrImagePull: ")
    text = text.rpartition(f'image "{image}": ')[2]
    return text.removeprefix("failed to resolve image: ")[-_LENGTH:]


def _claim(pod: Manifest, objects: Objects) -> Trouble | None:
    """The first of the pod's volume claims that is not there or has no volume, if that is known."""
    for volume in pod["spec"].get("volumes", []):
        if "persistentVolumeClaim" in volume:
            name = volume["persistentVolumeClaim"]["claimName"]
        elif "ephemeral" in volume:
            name = f"{pod['metadata']['name']}-{volume['name']}"
        else:
            continue
        claim = objects.get("PersistentVolumeClaim", name)
        if claim is None:
            continue
        if claim.get("status", {}).get("phase") == "Lost":
            return Trouble(f"the volume claim {name} has lost its volume", True)
        for event in objects.warnings(claim):
            said = " ".join(event.get("message", "").split())
            sentence = f"the volume claim {name} has no volume: {said[:_LENGTH]}"
            return Trouble(sentence, times(event) >= _REPEATED)
    return None


def _setting_up(pod: Manifest, objects: Objects) -> Trouble | None:
    for event in objects.warnings(pod):
        said = " ".join(event.get("message", "").split())[:_LENGTH]
        lasting = times(event) >= _REPEATED
        if event.get("reason") in ("FailedMount", "FailedAttachVolume"):
            return Trouble(f"a volume can't be mounted: {said}", lasting)
        if event.get("reason") == "FailedCreatePodSandBox":
            return Trouble(f"the pod's network can't be set up: {said}", lasting)
    return None
