"""Every situation of an endpoint and of its API Gateway."""

from tests.cli.statuses.common import NOT_ACCEPTED, NOT_APPLIED, REFUSED, Case
from tests.cli.statuses.of_stage import (
    BROKEN,
    CRASH,
    DONE,
    HALF,
    READY,
    ROUTED,
    of_version,
    rollout,
    service,
    settled_route,
    stage_pod,
    stage_route,
)
from tests.support import live_objects as o

GREEN = stage_route(*o.accepted(), name="green")


def default_route(*conditions: o.Object) -> o.Object:
    of = ("endpoint", "e")
    return o.route("endpoint-e", of, *conditions, document={"default_stage": "blue"})


DEFAULT = default_route(*o.accepted())
ENDPOINT: list[Case] = [
    ([], "CREATE REQUESTED", NOT_APPLIED),
    ([ROUTED, DONE], "CREATE IN PROGRESS", "its route is not made yet"),
    (
        [ROUTED, rollout(), stage_pod("a", BROKEN)],
        "CREATE FAILED",
        f"stage blue: DEPLOY FAILED: {CRASH}",
    ),
    (
        [DEFAULT, ROUTED],
        "CREATE IN PROGRESS",
        "default stage blue: CREATE IN PROGRESS: waits for the model m",
    ),
    (
        [DEFAULT, ROUTED, rollout(), stage_pod("a", BROKEN)],
        "CREATE FAILED",
        f"default stage blue: DEPLOY FAILED: {CRASH}",
    ),
    ([default_route(*o.refused(REFUSED)), ROUTED, DONE], "CREATE FAILED", NOT_ACCEPTED),
    (
        [DEFAULT, ROUTED, DONE, GREEN],
        "UPDATE IN PROGRESS",
        "stage green: CREATE IN PROGRESS: waits for the model m",
    ),
    (
        [default_route(), ROUTED, DONE],
        "UPDATE IN PROGRESS",
        "no gateway has said anything about the route",
    ),
    (
        [DEFAULT, ROUTED, HALF, stage_pod("a", BROKEN), stage_pod("b", READY, "old")],
        "UPDATE FAILED",
        f"stage blue: DEPLOY FAILED: {CRASH}; revision old-revision still serves",
    ),
    (
        [
            DEFAULT,
            settled_route("new"),
            of_version(DONE, "old"),
            of_version(rollout(replicas=2, updatedReplicas=2), "new"),
            service("old"),
            of_version(stage_pod("a", BROKEN), "new"),
        ],
        "UPDATE FAILED",
        f"stage blue: DEPLOY FAILED: {CRASH}",
    ),
    ([DEFAULT, ROUTED, DONE], "ACTIVE", ""),
    ([o.going(DEFAULT), ROUTED, DONE], "DELETE IN PROGRESS", ""),
    ([o.going(ROUTED), DONE], "DELETE IN PROGRESS", ""),
    ([o.going(DONE)], "DELETE IN PROGRESS", ""),
    ([o.going(stage_pod("a", READY))], "DELETE IN PROGRESS", ""),
]
GATEWAY: list[Case] = [
    ([], "CREATE IN PROGRESS", NOT_APPLIED),
    ([ROUTED], "NOT FOUND: STAGE", "the route is not there; `emctl up` makes it anew"),
    (
        [default_route()],
        "NOT FOUND: STAGE DEPLOY RESULT",
        "no gateway has said anything about the route",
    ),
    ([default_route(o.condition("Accepted"))], "STAGE DEPLOYING", ""),
    ([DEFAULT], "ACTIVE", ""),
    ([default_route(*o.refused(REFUSED))], "STAGE DEPLOY FAIL", NOT_ACCEPTED),
]
