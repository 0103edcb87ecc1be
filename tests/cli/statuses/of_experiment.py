"""Every situation of an experiment."""

from tests.cli.statuses.common import (
    NO_IMAGE,
    NOT_ACCEPTED,
    NOT_APPLIED,
    PULL,
    QUOTA,
    REFUSED,
    Case,
    deployment,
)
from tests.support import live_objects as o

BOARD = ("experiment", "iris")


def board(**status: int) -> o.Object:
    return deployment(BOARD, "experiment-iris", **status)


def board_route(*conditions: o.Object) -> o.Object:
    return o.route("experiment-iris", BOARD, *conditions)


CRASHED = {"lastState": o.ended(2, "usage: …\nno such folder\n"), "restartCount": 3}
CRASHING = o.container("tensorboard", o.waiting("CrashLoopBackOff"), **CRASHED)
EXPERIMENT: list[Case] = [
    ([], "CREATE REQUESTED", NOT_APPLIED),
    ([board()], "CREATE RESOURCE IN PROGRESS", ""),
    (
        [board(), o.pod("p", BOARD, o.container("tensorboard", o.running()))],
        "CREATE EXPERIMENT IN PROGRESS",
        "",
    ),
    (
        [board(availableReplicas=1), board_route()],
        "CREATE EXPERIMENT IN PROGRESS",
        "no gateway has said anything about the route",
    ),
    ([board(availableReplicas=1), board_route(*o.accepted())], "ACTIVE", ""),
    (
        [board(), o.pod("p", BOARD, o.container("tensorboard", PULL))],
        "FAILED TO CREATE RESOURCE",
        NO_IMAGE,
    ),
    (
        [
            deployment(
                BOARD, "experiment-iris", o.condition("ReplicaFailure", message=QUOTA.format(4))
            )
        ],
        "FAILED TO CREATE RESOURCE",
        "the workspace's quota is used up: asks for 4 CPU, 1 of 2 in use",
    ),
    (
        [board(), o.pod("p", BOARD, CRASHING)],
        "FAILED TO CREATE EXPERIMENT",
        "the container tensorboard ended with exit code 2: no such folder",
    ),
    (
        [board(availableReplicas=1), board_route(*o.refused(REFUSED))],
        "FAILED TO CREATE EXPERIMENT",
        NOT_ACCEPTED,
    ),
]
