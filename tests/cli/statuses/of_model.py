"""Every situation of a model."""

from tests.cli.statuses.common import NOT_APPLIED, Case
from tests.cli.statuses.of_training import FAILED, NOTHING, SAVED_NOTHING, SCRIPT, job
from tests.support import live_objects as o


def record(**document: str) -> o.Object:
    return o.thing("ConfigMap", "model-m", ("model", "m"), document=document)


COMPLETE = job(o.condition("Complete"))
NO_MODEL = "no revision of the training iris is complete ({})"
MODEL: list[Case] = [
    ([], "CREATE REQUESTED", NOT_APPLIED),
    ([record(training="iris"), job()], "CREATE IN PROGRESS", NO_MODEL.format("CREATE IN PROGRESS")),
    ([record(training="iris"), COMPLETE], "ACTIVE", ""),
    (
        [record(training="iris"), COMPLETE, SAVED_NOTHING],
        "CREATE FAILED",
        f"the training iris is complete, but {NOTHING}",
    ),
    ([record(path="nas://models:/m")], "ACTIVE", ""),
    (
        [record(training="iris"), job(FAILED), SCRIPT],
        "CREATE FAILED",
        NO_MODEL.format("FAIL TRAIN: train.py exited with code 3: ValueError: no"),
    ),
    ([o.going(record(path="nas://models:/m"))], "DELETE IN PROGRESS", ""),
]
