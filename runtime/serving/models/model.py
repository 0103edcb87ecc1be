"""A loaded model, and what is known of the values that it takes and gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from serving.backend import Call


@dataclass(frozen=True)
class Tensor:
    """A named input or output; `datatype` is the v2 protocol's word."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    """The first is the batch; -1 is any size."""

    def described(self) -> dict[str, Any]:
        """As the v2 protocol writes it."""
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


class Model(Protocol):
    """What a format's loader makes. Attributes are settled when it is made."""

    platform: str
    """Format of the artifact, for the metadata."""
    parallel: int
    """Predictions that may run at once."""

    @property
    def inputs(self) -> Sequence[Tensor]:
        """Empty if unknown."""

    @property
    def outputs(self) -> Sequence[Tensor]:
        """Empty if unknown."""

    def predict(self, call: Call) -> list[Any]:
        """A prediction for each instance, as JSON can hold it. Raises Refused."""


@dataclass(frozen=True)
class Found:
    """An artifact that has been found but not been loaded."""

    what: str
    """What was found, in a few words that begin a sentence."""
    load: Callable[[], Model]


# Looks for one format in a folder, for the model of a name; None if it is not there. It raises
# Unusable if it is there, and can't be right.
Finder = Callable[[Path, str], Found | None]
