"""The status of a training: its Job and the Job's pods."""

from enum import StrEnum

from cli.statuses import pods
from cli.statuses.objects import Objects, conditions, holds, is_going, is_owner, made
from cli.statuses.status import Status, Trouble
from components.manifests import Manifest
from components.manifests.training import KIND, PEER_LOST, RETRIED_CODES

MAIN = "main"
"""The container in which the launcher runs the script."""
KILLED = 137
INDEX = "batch.kubernetes.io/job-completion-index"


class Word(StrEnum):
    CREATE_REQUESTED = "CREATE REQUESTED"
    CREATE_IN_PROGRESS = "CREATE IN PROGRESS"
    CREATE_FAILED = "CREATE FAILED"
    RUNNING = "RUNNING"
    STOP_IN_PROGRESS = "STOP IN PROGRESS"
    STOPPED = "STOPPED"
    COMPLETE_IN_PROGRESS = "COMPLETE IN PROGRESS"
    COMPLETE = "COMPLETE"
    FAIL_TRAIN_IN_PROGRESS = "FAIL TRAIN IN PROGRESS"
    FAIL_TRAIN = "FAIL TRAIN"


def status(objects: Objects, name: str) -> Status:
    """Of the training's Job that its spec was last applied to."""
    job = current_job(objects, name)
    if job is None:
        return Status(Word.CREATE_REQUESTED, "the spec is not applied yet")
    found = objects.ended_pods_of_job(job["metadata"]["name"])
    if ended := _ended(job, found, objects):
        return ended
    if job["spec"].get("suspend"):
        return _suspended(job, found)
    return _unfinished(job, found, objects)


def current_job(objects: Objects, name: str) -> Manifest | None:
    """The Job that carries the training's spec; None if there is none."""
    owners = [job for job in objects.of("Job", KIND, name) if is_owner(job)]
    return max(owners, key=made, default=None)


def complete_jobs(objects: Objects, name: str) -> list[Manifest]:
    """The Jobs of all its revisions that are complete, the latest last."""
    found = [job for job in objects.of("Job", KIND, name) if holds(job, "Complete")]
    return sorted(found, key=lambda job: str(job["status"].get("completionTime", "")))


def remark(objects: Objects, job: Manifest) -> str:
    """What a complete Job has to say: that it saved no model. Empty if all is well."""
    return _remark(objects.ended_pods_of_job(job["metadata"]["name"]))


def _ended(job: Manifest, found: list[Manifest], objects: Objects) -> Status | None:
    """Of a Job that has ended or is about to; None of any other."""
    if complete := holds(job, "Complete"):
        return Status(Word.COMPLETE, _remark(found), complete.get("lastTransitionTime", ""))
    if failed := holds(job, "Failed"):
        began = any(_began(pod) for pod in found) or not found
        word = Word.FAIL_TRAIN if began else Word.CREATE_FAILED
        return Status(word, _why(job, failed, found, objects), failed.get("lastTransitionTime", ""))
    if target := holds(job, "FailureTarget"):
        return Status(Word.FAIL_TRAIN_IN_PROGRESS, _why(job, target, found, objects))
    return Status(Word.COMPLETE_IN_PROGRESS) if holds(job, "SuccessCriteriaMet") else None


def _suspended(job: Manifest, found: list[Manifest]) -> Status:
    left = [pod for pod in found if is_going(pod) or _phase(pod) in ("Pending", "Running")]
    if left:
        return Status(Word.STOP_IN_PROGRESS)
    since = conditions(job).get("Suspended", {}).get("lastTransitionTime", "")
    return Status(Word.STOPPED, since=since)


def _unfinished(job: Manifest, found: list[Manifest], objects: Objects) -> Status:
    current = [pod for pod in found if not is_going(pod) and _phase(pod) in ("Pending", "Running")]
    running = [pod for pod in current if pods.started(pod, MAIN)]
    missing = _leaving(job, found, objects) or _missing(job, current, objects)
    if any(_began(pod) for pod in found):
        since = min((_started_at(pod) for pod in running), default="")
        return Status(Word.RUNNING, missing.sentence if missing else "", since)
    if missing is None:
        return Status(Word.CREATE_IN_PROGRESS, since=made(job))
    word = Word.CREATE_FAILED if missing.lasting else Word.CREATE_IN_PROGRESS
    return Status(word, missing.sentence, made(job))


def _leaving(job: Manifest, found: list[Manifest], objects: Objects) -> Trouble | None:
    """Which instance loses its node, and why. Another pod takes over once this one is gone."""
    for pod in found:
        if _phase(pod) in ("Pending", "Running") and (why := pods.leaving(pod, objects)):
            return Trouble(_of_instance(job, pod, why), False)
    return None


def _missing(job: Manifest, current: list[Manifest], objects: Objects) -> Trouble | None:
    """Why an instance has no pod that runs."""
    for pod in current:
        if not pods.started(pod, MAIN) and (found := pods.trouble(pod, objects)):
            return Trouble(_of_instance(job, pod, found.sentence), found.lasting)
    wanted = int(job["spec"].get("parallelism") or 1)
    return pods.unmade(job, objects) if len(current) < wanted else None


def _of_instance(job: Manifest, pod: Manifest, sentence: str) -> str:
    """With the number of the instance, where there are several."""
    if int(job["spec"].get("completions") or 1) == 1:
        return sentence
    return f"instance {pod['metadata']['annotations'].get(INDEX, '?')}: {sentence}"


def _began(pod: Manifest) -> bool:
    """Whether the launcher has ever run in the pod."""
    return pods.started(pod, MAIN) and not pods.foreign(pod, MAIN)


def _remark(found: list[Manifest]) -> str:
    """What an instance that ended well has to say: that it saved no model."""
    ends = [end for pod in found if (end := _end(pod)) and end.get("exitCode") == 0]
    return next((words for end in ends if (words := pods.last_words(end))), "")


def _why(job: Manifest, condition: Manifest, found: list[Manifest], objects: Objects) -> str:
    """The sentence of the instance that decided it, else the Job controller's own."""
    ends = [(pod, end) for pod in found if (end := _end(pod)) and end.get("exitCode") != 0]
    # What was told to stop, or may be retried, follows from something else.
    final = [(pod, end) for pod, end in ends if end.get("exitCode") not in RETRIED_CODES]
    if final:
        pod, end = min(final, key=lambda item: str(item[1].get("finishedAt", "")))
        return _of_instance(job, pod, _sentence(pod, end))
    if own := [item for item in ends if item[1].get("exitCode") != PEER_LOST] or ends:
        pod, end = max(own, key=lambda item: str(item[1].get("finishedAt", "")))
        return _of_instance(job, pod, _sentence(pod, end))
    for pod in reversed(found):
        if blocked := pods.trouble(pod, objects):
            return blocked.sentence
    return str(condition.get("message") or condition.get("reason") or "")


def _sentence(pod: Manifest, end: Manifest) -> str:
    if foreign := pods.foreign(pod, MAIN):
        return foreign
    words = pods.last_words(end)
    # The runtime says OOMKilled whichever process it was; the launcher knows better, if it lived.
    if words and (end.get("reason"), end.get("exitCode")) != ("OOMKilled", KILLED):
        return words
    limit = pods.memory_limit(pod, MAIN)
    return f"the script {pods.ended(end, limit)}"


def _end(pod: Manifest) -> Manifest | None:
    found = pods.container_status(pod, MAIN)
    end: Manifest | None = found["state"].get("terminated") if found else None
    return end


def _started_at(pod: Manifest) -> str:
    found = pods.container_status(pod, MAIN) or {"state": {}}
    return str(found["state"].get("running", {}).get("startedAt", ""))


def _phase(pod: Manifest) -> str:
    return str(pod.get("status", {}).get("phase", "Pending"))
