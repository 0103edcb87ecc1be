"""Every situation of a stage."""

import json

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


def stage_pod(
    name: str,
    container: o.Object,
    version: str = "new",
    **more: object,
) -> o.Object:
    labels = {
        **OF_ENDPOINT,
        "pod-template-hash": version,
        "easymaker.io/revision": f"{version}-revision",
    }
    made = {"creationTimestamp": o.LATER if version == "new" else o.MADE}
    ready = (o.condition("Ready", bool(container["ready"])),)
    return o.pod(name, NAMED, container, labels=labels, metadata=made, conditions=ready, **more)  # type: ignore[arg-type]


def rollout(*conditions: o.Object, **status: int) -> o.Object:
    made = deployment(NAMED, STAGE, *conditions, wanted=2, **status)
    made["metadata"]["labels"] |= OF_ENDPOINT
    return made


def of_version(item: o.Object, version: str) -> o.Object:
    """The same object, of the version that a Deployment of its own serves."""
    serves = {"easymaker.io/serves": version}
    name = item["metadata"]["name"]
    found = {
        **item,
        "metadata": {**item["metadata"], "labels": {**item["metadata"]["labels"], **serves}},
    }
    if item["kind"] == "Deployment":
        found["metadata"]["name"] = f"{name}-{version}"
        labels = {**item["spec"]["selector"]["matchLabels"], **OF_ENDPOINT, **serves}
        found["spec"] = {**item["spec"], "selector": {"matchLabels": labels}}
    return found


def service(version: str) -> o.Object:
    """It leads to the pods of this version."""
    selector = {
        "easymaker.io/kind": "stage",
        "easymaker.io/name": "blue",
        **OF_ENDPOINT,
        "easymaker.io/serves": version,
    }
    return o.thing("Service", STAGE, NAMED, labels=OF_ENDPOINT, spec={"selector": selector})


def settled_route(revision: str) -> o.Object:
    """It says that this is to be served."""
    found = stage_route(*o.accepted())
    served = {
        **{"address": "obs://a/b", "revision": revision, "model": "m", "model_name": "m"},
        **{"framework": "sklearn", "framework_version": "1.9"},
    }
    annotations = {**found["metadata"]["annotations"], "easymaker.io/served": json.dumps(served)}
    return {**found, "metadata": {**found["metadata"], "annotations": annotations}}


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
    ([settled_route("new"), of_version(DONE, "new"), service("new")], "ACTIVE", ""),
    (
        [
            settled_route("new"),
            *(of_version(DONE, version) for version in ("old", "new")),
            service("old"),
            of_version(stage_pod("a", READY), "new"),
            of_version(stage_pod("b", READY, "old"), "old"),
        ],
        "DEPLOY IN PROGRESS",
        "it is ready, and `emctl up` moves requests to it; revision old still serves",
    ),
    (
        [
            settled_route("new"),
            of_version(DONE, "old"),
            of_version(rollout(replicas=2, updatedReplicas=2), "new"),
            service("old"),
            of_version(stage_pod("a", BROKEN), "new"),
            of_version(stage_pod("b", READY, "old"), "old"),
        ],
        "DEPLOY FAILED",
        f"{CRASH}; revision old still serves",
    ),
    (  # going back: what failed meanwhile is gone with the apply's end
        [
            settled_route("old"),
            of_version(DONE, "old"),
            of_version(rollout(replicas=2, updatedReplicas=2), "new"),
            service("old"),
        ],
        "ACTIVE",
        "",
    ),
    ([o.going(ROUTED), DONE], "DELETE IN PROGRESS", ""),
    ([o.going(DONE)], "DELETE IN PROGRESS", ""),
    ([o.going(of_version(DONE, "new"))], "DELETE IN PROGRESS", ""),
    ([of_version(DONE, "new")], "CREATE IN PROGRESS", "its route is not made yet"),
    ([o.going(stage_pod("a", READY))], "DELETE IN PROGRESS", ""),
]
