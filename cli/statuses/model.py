"""The status of a model: its record, and the training that makes it."""

from enum import StrEnum

from cli.statuses import training
from cli.statuses.objects import Objects, applied_spec, is_going, is_owner, made
from cli.statuses.status import Status
from components.manifests import Manifest
from schemas import names

KIND = "model"


class Word(StrEnum):
    CREATE_REQUESTED = "CREATE REQUESTED"
    CREATE_IN_PROGRESS = "CREATE IN PROGRESS"
    CREATE_FAILED = "CREATE FAILED"
    ACTIVE = "ACTIVE"
    DELETE_IN_PROGRESS = "DELETE IN PROGRESS"


def status(objects: Objects, name: str) -> Status:
    """Of the ConfigMap that records the model."""
    record = record_of(objects, name)
    if record is None:
        return Status(Word.CREATE_REQUESTED, "the spec is not applied yet")
    if is_going(record):
        return Status(Word.DELETE_IN_PROGRESS)
    source = applied_spec(record).get("training")
    if source is None:
        return Status(Word.ACTIVE, since=made(record))
    if complete := training.complete_jobs(objects, source):
        if remark := training.remark(objects, complete[-1]):
            return Status(Word.CREATE_FAILED, f"the training {source} is complete, but {remark}")
        return Status(Word.ACTIVE, since=str(complete[-1]["status"].get("completionTime", "")))
    made_by = training.status(objects, source)
    failed = made_by.word in (training.Word.FAIL_TRAIN, training.Word.CREATE_FAILED)
    word = Word.CREATE_FAILED if failed else Word.CREATE_IN_PROGRESS
    return Status(word, f"no revision of the training {source} is complete ({made_by})")


def record_of(objects: Objects, name: str) -> Manifest | None:
    """The ConfigMap that records the model; None if there is none."""
    found = objects.get("ConfigMap", names.object_name(KIND, name))
    return found if found is not None and is_owner(found) else None
