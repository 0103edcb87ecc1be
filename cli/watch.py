"""Waiting for trainings, by the cluster's own events."""

import json
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import live
from components.manifests.metadata import KIND_LABEL
from components.manifests.training import KIND

Say = Callable[[str], None]
_SELECTOR = f"{KIND_LABEL}={KIND}"
_LOG_TAIL = 15


@dataclass
class Watch:
    """The Jobs of a namespace, through kubectl's `context`."""

    context: str
    namespace: str
    _shown: dict[str, str] = field(default_factory=dict)

    def wait(self, jobs: dict[str, str], say: Say) -> dict[str, str]:
        """Wait until each Job (by the name of its training) has ended, telling what changes.

        Returns, by training, why it failed; empty if all completed.
        """
        names = {job: training for training, job in jobs.items()}
        failed: dict[str, str] = {}
        done: set[str] = set()
        if not jobs:
            return failed
        with _Events(self.argv) as events:
            for item in events:
                job = item["metadata"]["labels"].get("batch.kubernetes.io/job-name")
                job = job or item["metadata"]["name"]
                training = names.get(job)
                if training is None or training in done:
                    continue
                state = job_state(item) if item["kind"] == "Job" else pod_state(item)
                if state and self._shown.get(training) != state:
                    self._shown[training] = state
                    say(f"{training}: {state}")
                if item["kind"] == "Job" and (ended := _ended(item)):
                    done.add(training)
                    if ended != "Complete":
                        failed[training] = self.cause(job) or state
                if len(done) == len(jobs):
                    return failed
        raise live.LiveError("the cluster stopped telling what happens")

    def cause(self, job: str) -> str:
        """The sentence that the launcher of the Job's last pod left; empty if none did."""
        selector = f"batch.kubernetes.io/job-name={job}"
        argv = self.argv("get", "pods", "-l", selector, "-o", "json")
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        pods = json.loads(done.stdout)["items"] if done.returncode == 0 else []
        pods.sort(key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
        for pod in pods:
            for status in pod["status"].get("containerStatuses", []):
                ended = status["state"].get("terminated", {})
                if status["name"] == "main" and ended.get("message"):
                    return str(ended["message"])
        return ""

    def log_tail(self, job: str) -> str:
        """The last lines of the Job's log; empty if there are none."""
        argv = self.argv("logs", f"job/{job}", "-c", "main", f"--tail={_LOG_TAIL}")
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.stdout.rstrip()

    def argv(self, *arguments: str) -> list[str]:
        return [live.kubectl(), f"--context={self.context}", "-n", self.namespace, *arguments]


def job_state(job: dict[str, Any]) -> str:
    """In the console's words, from the Job alone."""
    ended = _ended(job)
    if ended:
        return "COMPLETE" if ended == "Complete" else "FAIL TRAIN"
    if job["spec"].get("suspend"):
        return "STOPPED"
    return "RUNNING" if job["status"].get("ready") else ""


def pod_state(pod: dict[str, Any]) -> str:
    """What a pod that does not run yet waits for; empty if it runs."""
    status = pod["status"]
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"CREATE IN PROGRESS: {condition.get('message', 'no node yet')}"
    for container in [
        *status.get("initContainerStatuses", []),
        *status.get("containerStatuses", []),
    ]:
        waiting = container["state"].get("waiting")
        if waiting and waiting["reason"] not in ("PodInitializing", "ContainerCreating"):
            return f"CREATE IN PROGRESS: {waiting.get('message') or waiting['reason']}"
    return ""


def _ended(job: dict[str, Any]) -> str:
    for condition in job["status"].get("conditions", []):
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return str(condition["type"])
    return ""


class _Events:
    """Jobs and pods as they are now and each time that they change."""

    def __init__(self, argv: Callable[..., list[str]]) -> None:
        self._items: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._watches = [
            subprocess.Popen(
                argv("get", kind, "-l", _SELECTOR, "--watch", "-o", "json"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
            for kind in ("jobs", "pods")
        ]
        self._threads = [
            threading.Thread(target=self._read, args=(watch.stdout,), daemon=True)
            for watch in self._watches
        ]

    def __enter__(self) -> Iterator[dict[str, Any]]:
        for thread in self._threads:
            thread.start()
        return iter(self._items.get, None)

    def __exit__(self, *_: object) -> None:
        for watch in self._watches:
            watch.terminate()
        for watch, thread in zip(self._watches, self._threads, strict=True):
            thread.join()
            watch.wait()
            if watch.stdout:
                watch.stdout.close()

    def _read(self, stream: IO[str]) -> None:
        decoder = json.JSONDecoder()
        text = ""
        for line in stream:
            text += line
            if not line.startswith("}"):  # an object ends with a brace of its own line
                continue
            item, _ = decoder.raw_decode(text)
            text = ""
            for one in item.get("items", [item]):
                self._items.put(one)
        self._items.put(None)
