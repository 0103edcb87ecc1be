"""What the HTTP side asks of whatever makes the predictions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Call:
    """One request for predictions."""

    body: Mapping[str, Any]
    """The JSON object as it came; `instances` in it is a list that is not empty."""
    id: str = ""
    """The request's id, EasyMaker's inferenceId."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""

    @property
    def instances(self) -> list[Any]:
        """The rows to predict."""
        rows: list[Any] = self.body["instances"]
        return rows


class Backend(Protocol):
    """Makes predictions. All methods block and are called in threads.

    Raises `Refused` for a request that it can't answer; any other exception is the model's fault.
    """

    @property
    def parallel(self) -> int:
        """Calls of `predict` that may run at once; read after `load`."""

    def load(self) -> None:
        """Get ready, with one prediction made where an example is known. Raises Unusable."""

    def trouble(self) -> str:
        """Why it can't predict although it was loaded; empty if it can."""

    def predict(self, call: Call) -> list[Any]:
        """A prediction for each instance, as JSON can hold it."""

    def metadata(self) -> dict[str, Any]:
        """`platform`, `inputs`, `outputs` and `example`, as the v2 protocol has them."""
