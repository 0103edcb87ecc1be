"""The backend of a model that another server has loaded."""

import http.client
import threading
from pathlib import Path
from typing import Any

from serving import examples
from serving.backend import Call
from serving.errors import Refused, Unusable, brief
from serving.front.protocols import PROTOCOLS, Foreign
from serving.log import Log

__all__ = ["PROTOCOLS", "Upstream"]

_SILENT = (OSError, http.client.HTTPException)
_PARALLEL = 64
_POLL_SECONDS = 0.5


class Upstream:
    """A server in the same pod."""

    parallel = _PARALLEL

    def __init__(self, foreign: Foreign, folder: Path | None, log: Log) -> None:
        self._foreign = foreign
        self._folder = folder
        self._log = log
        self._metadata: dict[str, Any] = {}

    def load(self) -> None:
        """Wait until the other server has loaded, however long that takes: its own probes judge
        it. Then one prediction is made, if an example is known."""
        while self.trouble():
            threading.Event().wait(_POLL_SECONDS)
        inputs, outputs = self._foreign.tensors()
        example = examples.read(self._folder) if self._folder else None
        example = example or examples.made(inputs)
        self._metadata = {
            "platform": self._foreign.platform,
            "inputs": [tensor.described() for tensor in inputs],
            "outputs": [tensor.described() for tensor in outputs],
            "example": example,
        }
        instances = examples.instances(example)
        if instances is None:
            self._log.say("no example is known: no prediction was tried", "WARNING")
            return
        try:
            self.predict(Call({"instances": instances}, "warm-up"))
        except Refused as error:
            raise Unusable(
                f"the model was loaded, but its first prediction failed ({error})"
            ) from None

    def trouble(self) -> str:
        """Asks the other server."""
        try:
            ready = self._foreign.is_ready()
        except _SILENT as error:
            return f"the model server does not answer ({brief(error)})"
        return "" if ready else "the model server has not loaded the model"

    def predict(self, call: Call) -> list[Any]:
        """The other server's predictions."""
        try:
            return self._foreign.predict(call)
        except TimeoutError:
            raise Refused(504, "the model server took too long") from None
        except _SILENT as error:
            raise Refused(502, f"the model server does not answer ({brief(error)})") from None

    def metadata(self) -> dict[str, Any]:
        """What it told of itself when it was ready."""
        return self._metadata
