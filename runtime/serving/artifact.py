"""The backend of a model that this process loads itself."""

import traceback
from pathlib import Path
from typing import Any

from serving import examples
from serving.backend import Call
from serving.errors import Refused, Unusable, brief
from serving.log import Log
from serving.models import Framework
from serving.models.model import Model


class Artifact:
    """A framework's artifact in a folder."""

    def __init__(self, framework: Framework, folder: Path, name: str, log: Log) -> None:
        self._framework = framework
        self._folder = folder
        self._name = name
        self._log = log
        self._model: Model | None = None
        self._example: Any = None

    @property
    def parallel(self) -> int:
        """What the model says."""
        return self._loaded.parallel

    def load(self) -> None:
        """Find the artifact, load it, and make one prediction if an example is known."""
        found = self._framework.find(self._folder, self._name)
        self._log.say(f"loading {found.what}")
        try:
            self._model = found.load()
        except Unusable:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the model's code
            self._log.say(traceback.format_exc(), "ERROR")
            needs = self._framework.needs
            raise Unusable(
                f"{found.what} could not be loaded ({brief(error)}); needed is {needs}"
            ) from None
        self._example = examples.read(self._folder) or examples.made(self._model.inputs)
        self._warm_up(found.what)

    def trouble(self) -> str:
        """None: what was loaded stays."""
        return ""

    def predict(self, call: Call) -> list[Any]:
        """What the model says."""
        return self._loaded.predict(call)

    def metadata(self) -> dict[str, Any]:
        """The model's, with the example."""
        model = self._loaded
        return {
            "platform": model.platform,
            "inputs": [tensor.described() for tensor in model.inputs],
            "outputs": [tensor.described() for tensor in model.outputs],
            "example": self._example,
        }

    def _warm_up(self, what: str) -> None:
        instances = examples.instances(self._example)
        if instances is None:
            self._log.say("no example is known: no prediction was tried", "WARNING")
            return
        try:
            self.predict(Call({"instances": instances}, "warm-up"))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
            if not isinstance(error, Refused):
                self._log.say(traceback.format_exc(), "ERROR")
            raise Unusable(
                f"{what} was loaded, but its first prediction failed ({brief(error)}); "
                f"{examples.FILE} beside it holds another example if this one is wrong"
            ) from None

    @property
    def _loaded(self) -> Model:
        if self._model is None:
            raise Refused(503, "the model is still being loaded")
        return self._model
