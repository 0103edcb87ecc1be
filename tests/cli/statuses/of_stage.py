"""Every situation of a stage."""

from tests.cli.statuses.common import NOT_ACCEPTED, NOT_APPLIED, REFUSED, Case, deployment
from tests.cli.statuses.of_model import COMPLETE, record
from tests.cli.statuses.of_training import FAILED, SCRIPT, instance, job
from tests.support import live_objects as o

NAMED = ("stage", "blue")
STAGE = "stage-blue-e"
OF_ENDPOINT = {"easymaker.io/endpoint": "e"}


def stage_route(*conditions: o.Object, name: str = "blue") -> o.Object:
    return o.route(
        f"stage-{name}-e",
        ("stage", name),
        *conditions,
        labels=OF_ENDPOINT,
        document={"model": "m"},
    )


def stage_pod(name: str, container: o.Object, version: str = "new", **more: object) -> o.Object:
    labels = {"pod-template-hash": version, "easymaker.io/revision": f"{version}-revision"}
    made = {"creationTimestamp": o.LATER if version == "new" else o.MADE}
    ready = (o.condition("Ready", bool(container["ready"])),)
    return o.pod(name, NAMED, container, labels=labels, metadata=made, conditions=ready, **more)  # type: ignore[arg-type]


def rollout(*conditions: o.Object, **status: int) -> o.Object:
    made = deployment(NAMED, STAGE, *conditions, wanted=2, **status)
    made["metadata"]["labels"] |= OF_ENDPOINT
    return made


DONE = rollout(replicas=2, updatedReplicas=2, availableReplicas=2)
HALF = rollout(replicas=3, updatedReplicas=1, availableReplicas=2)
READY = o.container("serving", o.running(), ready=True)
LOADING = o.container("serving", o.running(o.LATER))
BROKEN = o.container(
    "serving", o.waiting("CrashLoopBackOff"), lastState=o.ended(1, "no model"), restartCount=2
)
CRASH = "the container serving ended with exit code 1: no model"
ROUTED = stage_route(*o.accepted())
RECORDED = record(training="iris")
STAGES: list[Case] = [
    ([], "CREATE REQUESTED", NOT_APPLIED),
    ([DONE], "CREATE IN PROGRESS", "its route is not made yet"),
    ([ROUTED], "CREATE IN PROGRESS", "waits for the model m"),
    (
        [ROUTED, RECORDED, job(), instance(o.running(), phase="Running")],
        "CREATE IN PROGRESS",
        "waits for the training iris (RUNNING)",
    ),
    (
        [ROUTED, RECORDED, COMPLETE],
        "CREATE IN PROGRESS",
        "the training iris is complete; the next `emctl up` deploys its model",
    ),
    (
        [ROUTED, RECORDED, job(FAILED), SCRIPT],
        "CREATE FAILED",
        "the training iris made no model (FAIL TRAIN: train.py exited with code 3: ValueError: no)",
    ),
    ([stage_route(*o.refused(REFUSED)), DONE], "CREATE FAILED", NOT_ACCEPTED),
    ([ROUTED, rollout()], "DEPLOY IN PROGRESS", ""),
    (
        [ROUTED, rollout(replicas=1), stage_pod("a", LOADING)],
        "DEPLOY IN PROGRESS",
        f"loads the model since {o.LATER}",
    ),
    (
        [ROUTED, HALF, stage_pod("a", LOADING), stage_pod("b", READY, "old")],
        "DEPLOY IN PROGRESS",
        f"loads the model since {o.LATER}; revision old-revision still serves",
    ),
    ([stage_route(), DONE], "DEPLOY IN PROGRESS", "no gateway has said anything about the route"),
    ([ROUTED, DONE], "ACTIVE", ""),
    (
        [ROUTED, HALF, stage_pod("a", BROKEN), stage_pod("b", READY, "old")],
        "DEPLOY FAILED",
        f"{CRASH}; revision old-revision still serves",
    ),
    (
        [
            ROUTED,
            rollout(o.condition("Progressing", False, reason="ProgressDeadlineExceeded")),
        ],
        "DEPLOY FAILED",
        "the model was not ready in time",
    ),
    ([o.going(ROUTED), DONE], "DELETE IN PROGRESS", ""),
    ([o.going(DONE)], "DELETE IN PROGRESS", ""),
]
