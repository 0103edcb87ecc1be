"""Whose log is the log of a resource: its pods, and what their containers are at."""

import contextlib
import signal
from dataclasses import dataclass

from cli.statuses import pods, stage, training
from cli.statuses.objects import Objects, is_going, label, made
from cli.targets import Target
from components.manifests import Manifest
from components.manifests.metadata import ENDPOINT_LABEL
from components.manifests.training import KIND as TRAINING
from schemas.nearest import close
from tools.errors import ToolError

_SIGNALS = 128
"""Exit codes above it are signals, as shells have it."""
_ELSEWHERE = {
    "endpoint": "an endpoint has no pods of its own: ask for stage/{name}/STAGE",
    "model": "a model has no pods: ask for the training that makes it",
}


@dataclass(frozen=True)
class Run:
    """One run of a container: it may be started again in its pod."""

    pod: Manifest
    container: str

    @property
    def key(self) -> tuple[str, int]:
        """Tells runs apart."""
        return str(self.pod["metadata"]["uid"]), self.restarts

    @property
    def name(self) -> str:
        """The pod's."""
        return str(self.pod["metadata"]["name"])

    @property
    def instance(self) -> str:
        """The index in a training's Job; empty for other pods."""
        annotations = self.pod["metadata"].get("annotations", {})
        return str(annotations.get(training.INDEX, ""))

    @property
    def restarts(self) -> int:
        """How often the container was started again."""
        return int(self._status.get("restartCount", 0))

    @property
    def started(self) -> bool:
        """Whether there is a log."""
        found = self._status
        return bool({"running", "terminated"} & found.get("state", {}).keys()) or self.has_previous

    @property
    def has_previous(self) -> bool:
        """Whether the container ran before, in this pod."""
        return bool(self._status.get("lastState"))

    @property
    def end(self) -> Manifest | None:
        """How the container ended; None if it has not."""
        found: Manifest | None = self._status.get("state", {}).get("terminated")
        return found or self._status.get("lastState", {}).get("terminated")

    @property
    def is_over(self) -> bool:
        """Whether nothing runs in the container now."""
        return "running" not in self._status.get("state", {})

    def of(self, pod: Manifest) -> "Run":
        """The same container, as a later state of the pod has it."""
        return Run(pod, self.container)

    @property
    def _status(self) -> Manifest:
        status = self.pod.get("status", {})
        for part in ("containerStatuses", "initContainerStatuses"):
            for found in status.get(part, []):
                if found["name"] == self.container:
                    return dict(found)
        return {}


def runs(
    target: Target, objects: Objects, instance: int | None = None, container: str | None = None
) -> list[Run]:
    """What has a log, oldest first: of a training all attempts of one instance.

    `instance` is 0 of a training, and of a stage all are meant if it is not given. `container` is
    the pod's first, else. Raises ToolError for kinds without pods and names that are wrong.
    """
    if target.kind in _ELSEWHERE:
        raise ToolError(_ELSEWHERE[target.kind].format(name=target.name))
    if target.kind == TRAINING:
        found = _attempts(target, objects, instance or 0)
    else:
        found = _pods(target, objects)
        if instance is not None:
            _check(target, instance, len(found))
            found = found[instance : instance + 1]
    return [Run(pod, _container(pod, container)) for pod in found]


def earlier(target: Target, objects: Objects, instance: int, current: list[Run]) -> list[Run]:
    """The attempts before the current one of a training's instance, oldest first.

    Those of earlier revisions are among them.
    """
    found = [
        pod
        for pod in sorted(objects.of("Pod", TRAINING, target.name), key=made)
        if _index(pod) == str(instance)
    ]
    if not current:
        return [Run(pod, training.MAIN) for pod in found]
    names = [pod["metadata"]["name"] for pod in found]
    return [Run(pod, training.MAIN) for pod in found[: names.index(current[-1].name)]]


def ended(run: Run) -> str:
    """How the run ended, with its exit code, if it was not as wished; else empty."""
    end = run.end
    if end is None or end.get("exitCode") == 0:
        return ""
    code = int(end.get("exitCode", 0))
    sentence = pods.ended(end, pods.memory_limit(run.pod, run.container))
    if end.get("reason") == "OOMKilled":
        sentence = f"{sentence}, exit code {code}"
    elif code > _SIGNALS and not pods.last_words(end):
        with contextlib.suppress(ValueError):  # no signal has that number
            sentence += f": ended by {signal.Signals(code - _SIGNALS).name}"
    who = f"instance {run.instance}" if run.instance else f"the container {run.container}"
    return f"{who} {sentence}"


def _attempts(target: Target, objects: Objects, instance: int) -> list[Manifest]:
    job = training.current_job(objects, target.name)
    if job is None:
        return []
    _check(target, instance, int(job["spec"].get("completions") or 1))
    found = objects.pods_of_job(job["metadata"]["name"])
    return [pod for pod in found if _index(pod) == str(instance)]


def _pods(target: Target, objects: Objects) -> list[Manifest]:
    endpoint, _, name = target.name.rpartition("/")
    found = [pod for pod in objects.of("Pod", target.kind, name) if not is_going(pod)]
    if target.kind == stage.KIND:
        found = [pod for pod in found if label(pod, ENDPOINT_LABEL) == endpoint]
    return sorted(found, key=lambda pod: (made(pod), pod["metadata"]["name"]))


def _index(pod: Manifest) -> str:
    return str(pod["metadata"].get("annotations", {}).get(training.INDEX, "0"))


def _check(target: Target, instance: int, count: int) -> None:
    if count and instance >= count:
        known = "instance 0 alone" if count == 1 else f"the instances 0 to {count - 1}"
        raise ToolError(f"{target} has {known}")


def _container(pod: Manifest, wanted: str | None) -> str:
    spec = pod["spec"]
    known = [item["name"] for item in [*spec["containers"], *spec.get("initContainers", [])]]
    if wanted is not None and wanted not in known:
        raise ToolError(f"there is no container {wanted!r}", close(wanted, known))
    return wanted or str(known[0])
