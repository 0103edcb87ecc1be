"""Every situation of a training."""

from tests.cli.statuses.common import NO_IMAGE, NOT_APPLIED, PULL, QUOTA, Case
from tests.support import live_objects as o

OF = ("training", "iris")
JOB = "training-iris-1"
IN_JOB: o.Object = {
    "labels": {"batch.kubernetes.io/job-name": JOB},
    "spec": {"restartPolicy": "Never"},
}


def job(*conditions: o.Object, owner: bool = True, spec: o.Object | None = None) -> o.Object:
    document = {"document": {"image": "sklearn-cpu"}} if owner else {}
    status = {"conditions": list(conditions), "completionTime": o.LATER}
    found = {"completions": 1, "parallelism": 1, **(spec or {})}
    return o.thing("Job", JOB, OF, spec=found, status=status, **document)


def instance(
    *states: o.Object, index: int = 0, phase: str = "Pending", conditions: tuple[o.Object, ...] = ()
) -> o.Object:
    metadata = {"annotations": {"batch.kubernetes.io/job-completion-index": str(index)}}
    found = [o.container("main", state) for state in states]
    return o.pod(
        f"{JOB}-{index}",
        OF,
        *found,
        phase=phase,
        conditions=conditions,
        metadata=metadata,
        **IN_JOB,
    )


FAILED = o.condition("Failed", message="Container main failed with exit code 3")
SCRIPT = instance(o.ended(3, "train.py exited with code 3: ValueError: no"), phase="Failed")
NOTHING = "no model was saved: EM_MODEL_DIR is empty"
SAVED_NOTHING = instance(o.ended(0, NOTHING, reason="Completed"), phase="Succeeded")
OOM = "the script ran out of memory (the flavor has 2Gi)"
LOST = "peer lost: instance 1: it is gone without a word"
KILLED = "killed by SIGKILL before it could say why"
FOREIGN_LOG = "exec /usr/bin/python3: exec format error\n"
FOREIGN = "the image registry.example/app:1 is not for the processor of its node"
NO_PLATFORM = o.waiting(
    "ErrImagePull",
    'failed to pull and unpack image "registry.example/app:1": no match for platform in manifest: '
    "not found",
)
NO_NODE = "the node n1 does not answer"


def on_node(*conditions: o.Object, going: bool = False) -> o.Object:
    """An instance that runs on a node, as far as is known."""
    found = instance(o.running(), phase="Running", conditions=conditions)
    found["spec"]["nodeName"] = "n1"
    return o.going(found) if going else found


def leaving(reason: str) -> o.Object:
    return on_node(o.condition("DisruptionTarget", reason=reason), going=True)


SILENT = on_node(o.condition("Ready", False))
BACK = on_node(o.condition("Ready"))
TRAINING: list[Case] = [
    ([], "CREATE REQUESTED", NOT_APPLIED),
    ([job(owner=False)], "CREATE REQUESTED", NOT_APPLIED),
    ([job()], "CREATE IN PROGRESS", ""),
    ([job(), instance(o.waiting("PodInitializing"))], "CREATE IN PROGRESS", ""),
    (
        [job(), instance(conditions=(o.unscheduled(o.NO_GPU),))],
        "CREATE IN PROGRESS",
        "no node has room: of 1 node, 1 has too few GPUs left",
    ),
    (
        [job(), instance(conditions=(o.unscheduled(o.NEVER_A_GPU),))],
        "CREATE FAILED",
        "no node is big enough: of 1 node, 1 has too few GPUs left",
    ),
    (
        [job(), o.warning(job(), "FailedCreate", f"Error creating: {QUOTA.format(2)}")],
        "CREATE IN PROGRESS",
        "the workspace's quota is used up: asks for 2 CPU, 1 of 2 in use",
    ),
    (
        [job(), o.warning(job(), "FailedCreate", f"Error creating: {QUOTA.format(4)}")],
        "CREATE FAILED",
        "the workspace's quota is used up: asks for 4 CPU, 1 of 2 in use",
    ),
    ([job(), instance(PULL)], "CREATE FAILED", NO_IMAGE),
    ([job(), instance(NO_PLATFORM)], "CREATE FAILED", FOREIGN),
    (
        [job(), instance(o.waiting("CreateContainerConfigError", 'secret "s3" not found'))],
        "CREATE FAILED",
        'the container main can\'t be set up: secret "s3" not found',
    ),
    (
        [
            job(o.condition("Failed", message="backoff limit exceeded")),
            o.pod(
                f"{JOB}-0",
                OF,
                o.container("main", o.waiting("PodInitializing")),
                inits=(o.container("tools", o.ended(1, "cp: No space left on device\n")),),
                phase="Failed",
                **IN_JOB,
            ),
        ],
        "CREATE FAILED",
        "the init container tools ended with exit code 1: cp: No space left on device",
    ),
    ([job(), instance(o.running(), phase="Running")], "RUNNING", ""),
    ([job(), instance(o.ended(0, reason="Completed"), phase="Succeeded")], "RUNNING", ""),
    (
        [
            job(),
            instance(o.ended(137), phase="Failed"),
            instance(index=1, conditions=(o.unscheduled(o.NO_GPU),)),
        ],
        "RUNNING",
        "no node has room: of 1 node, 1 has too few GPUs left",
    ),
    (
        [
            job(spec={"completions": 2, "parallelism": 2}),
            instance(o.running(), phase="Running"),
            instance(index=1, conditions=(o.unscheduled(o.NO_GPU),)),
        ],
        "RUNNING",
        "instance 1: no node has room: of 1 node, 1 has too few GPUs left",
    ),
    *[
        ([job(), leaving(reason)], "RUNNING", f"the node n1 {what}")
        for reason, what in (
            ("PreemptionByScheduler", "was needed for a pod of higher priority"),
            ("DeletionByTaintManager", "is lost or was closed to the pod"),
            ("EvictionByEvictionAPI", "is being emptied"),
            ("DeletionByPodGC", "is gone"),
            ("TerminationByKubelet", "is short of resources or shuts down"),
        )
    ],
    (
        [job(spec={"completions": 2, "parallelism": 2}), leaving("DeletionByPodGC")],
        "RUNNING",
        "instance 0: the node n1 is gone",
    ),
    ([job(), SILENT, o.warning(SILENT, "NodeNotReady", "Node is not ready")], "RUNNING", NO_NODE),
    ([job(), BACK, o.warning(BACK, "NodeNotReady", "Node is not ready")], "RUNNING", ""),
    (
        [job(spec={"suspend": True}), instance(o.running(), phase="Running")],
        "STOP IN PROGRESS",
        "",
    ),
    ([job(o.condition("Suspended"), spec={"suspend": True})], "STOPPED", ""),
    ([job(o.condition("SuccessCriteriaMet"))], "COMPLETE IN PROGRESS", ""),
    ([job(o.condition("SuccessCriteriaMet"), o.condition("Complete"))], "COMPLETE", ""),
    ([job(o.condition("Complete")), SAVED_NOTHING], "COMPLETE", NOTHING),
    (
        [job(o.condition("FailureTarget")), SCRIPT],
        "FAIL TRAIN IN PROGRESS",
        "train.py exited with code 3: ValueError: no",
    ),
    ([job(FAILED), SCRIPT], "FAIL TRAIN", "train.py exited with code 3: ValueError: no"),
    ([job(FAILED)], "FAIL TRAIN", "Container main failed with exit code 3"),
    (
        [job(FAILED), instance(o.ended(137, reason="OOMKilled"), phase="Failed")],
        "FAIL TRAIN",
        "the script ran out of memory (the flavor has 2Gi)",
    ),
    (
        [job(FAILED), instance(o.ended(137, KILLED, reason="OOMKilled"), phase="Failed")],
        "FAIL TRAIN",
        OOM,
    ),
    *[
        (
            [job(FAILED), instance(o.ended(code, said, reason="OOMKilled"), phase="Failed")],
            word,
            said,
        )
        for code, said, word in (
            (226, OOM, "FAIL TRAIN"),
            (
                1,
                "train.py exited with code 1 after a process of it ran out of memory",
                "FAIL TRAIN",
            ),
        )
    ],
    (
        [job(FAILED), instance(o.ended(255, FOREIGN_LOG), phase="Failed")],
        "CREATE FAILED",
        FOREIGN,
    ),
    (
        [job(FAILED), instance(o.ended(137, KILLED), phase="Failed")],
        "FAIL TRAIN",
        KILLED,
    ),
    (
        [
            job(FAILED),
            instance(o.ended(143, "stopped before it ended", at=o.MADE), phase="Failed"),
            instance(o.ended(3, "train.py exited with code 3"), index=1, phase="Failed"),
        ],
        "FAIL TRAIN",
        "train.py exited with code 3",
    ),
    (
        [
            job(FAILED, spec={"completions": 2}),
            instance(o.ended(231, LOST, at=o.MADE), phase="Failed"),
            instance(o.ended(3, "train.py exited with code 3"), index=1, phase="Failed"),
        ],
        "FAIL TRAIN",
        "instance 1: train.py exited with code 3",
    ),
    (
        [
            job(FAILED, spec={"completions": 2}),
            instance(o.ended(231, LOST), phase="Failed"),
            instance(o.ended(137, KILLED, at=o.MADE), index=1, phase="Failed"),
        ],
        "FAIL TRAIN",
        f"instance 1: {KILLED}",
    ),
    (
        [
            job(FAILED, spec={"completions": 2}),
            instance(o.ended(231, LOST), phase="Failed"),
        ],
        "FAIL TRAIN",
        f"instance 0: {LOST}",
    ),
]
