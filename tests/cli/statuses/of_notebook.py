"""Every situation of a notebook."""

from tests.cli.statuses.common import NO_IMAGE, NOT_ACCEPTED, NOT_APPLIED, PULL, REFUSED, Case
from tests.support import live_objects as o

BOOK = ("notebook", "n")


def server(replicas: int = 1, generation: int = 1) -> o.Object:
    spec, metadata = {"replicas": replicas}, {"generation": generation}
    return o.thing("StatefulSet", "notebook-n", BOOK, spec=spec, metadata=metadata)


def book(container: o.Object, ready_since: str = o.MADE, **more: object) -> o.Object:
    said = {**o.condition("Ready", bool(container["ready"])), "lastTransitionTime": ready_since}
    return o.pod("notebook-n-0", BOOK, container, conditions=(said,), **more)  # type: ignore[arg-type]


def claim(phase: str = "Pending") -> o.Object:
    return o.thing("PersistentVolumeClaim", "notebook-n-data", BOOK, status={"phase": phase})


def book_route(*conditions: o.Object) -> o.Object:
    return o.route("notebook-n", BOOK, *conditions)


BEGINS = book(o.container("notebook", o.running()))
WORKS = book(o.container("notebook", o.running(), ready=True))
NO_PULL = book(o.container("notebook", PULL))
UNBOUND = o.pod(
    "notebook-n-0",
    BOOK,
    conditions=(
        o.unscheduled("0/1 nodes are available: unbound immediate PersistentVolumeClaims"),
    ),
    spec={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "notebook-n-data"}}]},
)
NO_VOLUME = "the volume claim notebook-n-data has no volume: no class fast"
NOTEBOOK: list[Case] = [
    ([], "CREATE REQUESTED", NOT_APPLIED),
    ([server()], "CREATE IN PROGRESS", ""),
    ([server(), BEGINS], "CREATE IN PROGRESS", ""),
    (
        [server(), UNBOUND, claim(), o.warning(claim(), "ProvisioningFailed", "no class fast", 1)],
        "CREATE IN PROGRESS",
        NO_VOLUME,
    ),
    (
        [server(), UNBOUND, claim(), o.warning(claim(), "ProvisioningFailed", "no class fast", 3)],
        "CREATE FAILED",
        NO_VOLUME,
    ),
    (
        [
            server(),
            book(o.container("notebook", o.waiting("ContainerCreating"))),
            o.warning(BEGINS, "FailedMount", "mount failed: exit status 32", 4),
        ],
        "CREATE FAILED",
        "a volume can't be mounted: mount failed: exit status 32",
    ),
    ([server(generation=2)], "START IN PROGRESS", ""),
    ([server(generation=2), NO_PULL], "START FAILED", NO_IMAGE),
    ([server(), WORKS, book_route(*o.accepted())], "ACTIVE (HEALTHY)", ""),
    (
        [server(), book(o.container("notebook", o.running()), o.LATER)],
        "ACTIVE (UNHEALTHY)",
        "Jupyter does not answer",
    ),
    (
        [server(), BEGINS, o.warning(BEGINS, "Unhealthy", "probe failed", 24)],
        "ACTIVE (UNHEALTHY)",
        "Jupyter does not answer",
    ),
    (
        [server(), WORKS, book_route(*o.refused(REFUSED))],
        "ACTIVE (UNHEALTHY)",
        NOT_ACCEPTED,
    ),
    (
        [server(), WORKS],
        "ACTIVE (UNHEALTHY)",
        "the route is not there; `emctl up` makes it anew",
    ),
    ([server(replicas=0), BEGINS], "STOP IN PROGRESS", ""),
    ([server(replicas=0)], "STOPPED", ""),
    ([o.going(server()), BEGINS], "DELETE IN PROGRESS", ""),
    ([o.going(claim())], "DELETE IN PROGRESS", ""),
]
