"""Pods that check something, and end: run before what they check is relied on."""

import json
import subprocess
import time

import live
from cli.api import api
from cli.context import context
from cli.feed import follow
from cli.statuses import pods
from cli.statuses.objects import Objects
from components.manifests import Manifest
from schemas import resolved
from tools.errors import ToolError

_EXTRA_SECONDS = 60
"""So much longer than the pod may run it is waited for."""


def run(workspace: resolved.Workspace, pod: Manifest) -> str:
    """Make a pod, wait for its end, and remove it; returns why it failed, empty if it did not.

    Nothing is raised: a pod that can't be made or read is a reason, too.
    """
    name = pod["metadata"]["name"]
    where = [*context(workspace.platform).arguments, "-n", workspace.name]
    remove = [*where, "delete", "pod", name, "--ignore-not-found", "--grace-period=1"]
    try:
        _kubectl(remove)  # of a run that was interrupted
        _kubectl([*where, "create", "-f", "-"], json.dumps(pod))
        try:
            return _wait(workspace, name, pod["spec"]["activeDeadlineSeconds"] + _EXTRA_SECONDS)
        finally:
            _kubectl([*remove, "--wait=false"])
    except ToolError as error:
        return str(error)


def _wait(workspace: resolved.Workspace, name: str, seconds: float) -> str:
    end = time.monotonic() + seconds
    with api(context(workspace.platform)) as cluster, follow(cluster, workspace.name) as feed:
        why: str | None = None
        while why is None:
            objects = feed.next(max(0.0, end - time.monotonic()))
            if objects is None:
                return "it was not checked in time"
            why = _verdict(objects, name)
        return why


def _verdict(objects: Objects, name: str) -> str | None:
    """Why the pod failed, empty if it did not; None while it is not over."""
    pod = objects.get("Pod", name)
    if pod is None:
        return None
    status = pod.get("status", {})
    if status.get("phase") == "Succeeded":
        return ""
    # A container's end is there before the pod's; none is started again.
    ends = [
        item["state"]["terminated"]
        for part in ("initContainerStatuses", "containerStatuses")
        for item in status.get(part, [])
        if item["state"].get("terminated", {}).get("exitCode")
    ]
    if ends:
        return pods.last_words(ends[0]).removeprefix("no model: ") or pods.ended(ends[0])
    if status.get("phase") == "Failed":
        return str(status.get("message") or "the check failed")
    found = pods.trouble(pod, objects)
    return found.sentence if found and found.lasting else None


def _kubectl(arguments: list[str], given: str = "") -> None:
    """Run kubectl. Raises ToolError."""
    try:
        argv = [live.kubectl(), *arguments]
    except live.LiveError as error:
        raise ToolError(str(error)) from None
    done = subprocess.run(argv, input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"kubectl ended with {done.returncode}"]
        raise ToolError(f"it could not be checked: {said[-1]}")
