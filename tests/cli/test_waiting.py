"""What is told while Pulumi applies, and once only."""

import queue

from cli.feed import SOURCES, Feed
from cli.statuses.objects import Objects
from cli.targets import Target
from cli.waiting import failures_told
from tests.support import live_objects as o
from tools.errors import ToolError

TARGET = Target("training", "fit")


def job(*conditions: o.Object) -> o.Object:
    return o.thing(
        "Job",
        "training-fit-1",
        ("training", "fit"),
        spec={"parallelism": 1},
        status={"conditions": list(conditions)},
        document={},
    )


def failed(why: str) -> o.Object:
    return job(o.condition("Failed", message=why))


def test_failures_that_are_new_are_told_as_they_come() -> None:
    feed = Feed()
    for source in SOURCES:
        feed.told.put((source.kind, {}))
    said: queue.Queue[str] = queue.Queue()
    before = {TARGET: TARGET.status(Objects([failed("long ago")]))}
    with failures_told(feed, before, said.put):
        for now in (failed("long ago"), job(), failed("no such file"), failed("no such file")):
            feed.told.put(("Job", {"training-fit-1": now}))
        assert said.get(timeout=10) == "training/fit: FAIL TRAIN: no such file"
    assert said.empty()


def test_a_cluster_that_goes_away_is_left_to_who_applies() -> None:
    feed = Feed()
    before = {TARGET: TARGET.status(Objects())}
    said: list[str] = []
    with failures_told(feed, before, said.append):
        feed.told.put(ToolError("the cluster can't be read: it is gone"))
    assert said == []
