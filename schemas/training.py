"""A training: one run of a user's script in a framework image."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from schemas import types as t
from schemas.address import Address
from schemas.base import StrictModel
from schemas.effects import IN_PLACE, RETRAIN, Cost, Effect, OnChange
from schemas.hyperparameter import HyperparameterKey, HyperparameterValue
from schemas.ranges import Range, Within
from schemas.scalar import pattern
from schemas.tags import Tags

CHECKPOINT_INTERVAL = Range(10, 86_400, "s")
"""EasyMaker has no such setting, so that no platform need bound it."""

EntryPoint = Annotated[
    str,
    *pattern(
        r"(?!-)(?:(?!\.{1,2}/)[^/\x00-\x1f\x7f]+/)*[^/\x00-\x1f\x7f]+\.py",
        "entry-point",
        "Python file below the algorithm path",
        255,
        "such as train.py",
    ),
]


class Algorithm(StrictModel):
    path: t.StorageAddress
    """Folder of the code; all below it is fetched."""
    entry_point: EntryPoint
    """Python file below `path` that is started. A `requirements.txt` beside it gets installed."""


class Training(StrictModel):
    copy_from: Annotated[t.Reference | None, Field(alias="copy")] = None
    """Training whose settings count where this one gives none; maps such as `hyperparameters` are
    joined by key. Without it nothing is taken over."""
    experiment: t.Reference
    """Experiment that it belongs to, a name of `experiments`."""
    description: t.Description = ""
    """What it is about. Defaults to none."""
    algorithm: Algorithm
    """The code."""
    hyperparameters: Annotated[
        dict[HyperparameterKey, HyperparameterValue], Within("hyperparameters")
    ] = Field(default_factory=dict)
    """Arguments `--KEY VALUE`, variables EM_HP_KEY and members of the JSON in EM_HPS. Values arrive
    as typed; unquoted numbers and `true`, `false` are JSON numbers and booleans in EM_HPS, all else
    is text. Lists and maps are written as JSON in quotes. Defaults to none."""
    image: t.Reference
    """Training image, a name of `platform.images`."""
    flavor: t.Reference
    """Size of each instance, a name of `platform.flavors`."""
    instances: Annotated[t.Whole, Within("instances")] = 1
    """Pods that train together. Defaults to one."""
    processes_per_node: Annotated[t.Whole, t.between(1, 256)] | None = None
    """Processes of the script in each instance, with torchrun's variables; PyTorch images only, and
    at most as many as the flavor has GPUs, or CPUs. Without it one process, and torchrun's
    variables from two instances on."""
    input_data: Annotated[dict[t.FolderName, t.StorageAddress], Within("input_data")] = Field(
        default_factory=dict
    )
    """Data sets, each fetched into the folder that EM_DATASET_NAME holds. Defaults to none."""
    checkpoint_input: t.StorageAddress | None = None
    """Checkpoint to start from (EM_CHECKPOINT_INPUT_DIR). Without it the variable is not set."""
    output_data: t.StorageAddress
    """Prefix under which each revision puts its model and completion record."""
    checkpoint: t.StorageAddress | None = None
    """Prefix under which each revision keeps checkpoints. Without it none are kept, and a run that
    loses its node starts over."""
    checkpoint_interval: Annotated[t.Duration, Within(CHECKPOINT_INTERVAL)] = 60
    """Time between looks for new checkpoints: about what a killed run loses. Defaults to 60s."""
    data_storage: Annotated[t.Whole, Within("data_storage")] | None = None
    """GB of local disk for what is fetched from object storage. Defaults to the smallest allowed;
    there is none where all addresses are `nas://`."""
    max_time: Annotated[t.Duration, Within("max_time")] | None = None
    """Run time of all attempts together after which it is ended. Time in which it waits for nodes
    or is stopped does not count. Defaults to the longest allowed."""
    log_management: bool = False
    """Whether logs are JSON lines with EasyMaker's fields. Defaults to plain lines."""
    tags: Tags = Field(default_factory=dict)
    """Labels for people. Defaults to none."""
    state: Literal["running", "stopped"] = "running"
    """`stopped` suspends a run and keeps its checkpoints. Defaults to running."""
    run: Annotated[t.Whole, t.between(1, 1_000_000)] = 1
    """Raise it to train again with the same settings. Defaults to the first run."""
    deletion_protection: bool = False
    """Whether leaving the spec is refused. Defaults to deletable."""


ADDRESS_FIELDS = ("algorithm", "input_data", "checkpoint_input", "output_data", "checkpoint")


def addresses(training: Training) -> Iterator[tuple[tuple[str, ...], Address]]:
    """Every address that a training reads from or writes to, with its path below the training.

    Of one that is partly wrong (`schemas.shape`), those that are right.
    """
    path = getattr(getattr(training, "algorithm", None), "path", None)
    if path is not None:
        yield ("algorithm", "path"), path
    for name, address in getattr(training, "input_data", {}).items():
        yield ("input_data", name), address
    for key in ("checkpoint_input", "output_data", "checkpoint"):
        found = getattr(training, key, None)
        if found is not None:
            yield (key,), found


_LATER = "a run that has begun keeps what it began with; later revisions follow"
_SOON = OnChange(Effect.IN_PLACE, "a run that goes on takes it over within two minutes")
CHANGES = {
    "experiment": RETRAIN,
    "description": IN_PLACE,
    "algorithm": RETRAIN,
    "hyperparameters": RETRAIN,
    "image": RETRAIN,
    "flavor": RETRAIN,
    "instances": RETRAIN,
    "processes_per_node": RETRAIN,
    "input_data": RETRAIN,
    "checkpoint_input": RETRAIN,
    "output_data": RETRAIN,
    "checkpoint": RETRAIN,
    "checkpoint_interval": _SOON,
    "data_storage": RETRAIN,
    "max_time": _SOON,
    "log_management": OnChange(Effect.IN_PLACE, _LATER),
    "tags": IN_PLACE,
    "state": OnChange(
        Effect.IN_PLACE,
        "stopping suspends a run; started again it goes on from its last checkpoint, else anew",
    ),
    "run": RETRAIN,
    "deletion_protection": IN_PLACE,
}
CREATED = OnChange(Effect.CREATE, "trains")
DELETED = OnChange(
    Effect.DELETE,
    "a run that is not complete is lost; output and checkpoints stay in storage",
    (Cost.RUN_LOST,),
)
