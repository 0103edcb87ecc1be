"""A resolved spec as the document that says the same: what `emctl show` prints."""

from schemas import resolved
from schemas.types import Hyperparameter
from schemas.units import duration_text

Plain = dict[str, object]


def training_document(training: resolved.Training) -> Plain:
    """A training as it could be written, with nothing left to a default."""
    return _given(
        {
            "experiment": training.experiment.name,
            "description": training.description,
            "algorithm": {"path": training.code.text, "entry_point": training.entry_point},
            "hyperparameters": {
                key: _hyperparameter(value) for key, value in training.hyperparameters.items()
            },
            "image": training.image.name,
            "flavor": training.flavor.name,
            "instances": training.instances,
            "input_data": {key: at.text for key, at in training.input_data.items()},
            "checkpoint_input": training.checkpoint_input and training.checkpoint_input.text,
            "output_data": training.output_data.text,
            "checkpoint": training.checkpoint and training.checkpoint.text,
            "data_storage": training.data_storage,
            "max_time": duration_text(training.max_time),
            "log_management": training.log_management,
            "tags": training.tags,
            "state": training.state,
            "run": training.run,
            "deletion_protection": training.deletion_protection,
        }
    )


def _given(document: Plain) -> Plain:
    return {key: value for key, value in document.items() if value is not None}


def _hyperparameter(value: Hyperparameter) -> object:
    """Text, or the literal that EM_HPS has, which YAML reads back as the same."""
    return value.text if value.json != value.text else Literal(value.text)


class Literal(str):
    """Text to be printed without quotes: a number or boolean as it was typed."""

    __slots__ = ()
