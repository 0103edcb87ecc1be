"""scikit-learn: an estimator that joblib wrote."""

from pathlib import Path
from typing import Any

from serving import cpus
from serving.backend import Call
from serving.errors import Refused, Unusable, brief
from serving.models.model import Found, Tensor

SUFFIX = ".joblib"


def find(folder: Path, _name: str) -> Found | None:
    """The one .joblib file; model.joblib if there are several."""
    files = sorted(folder.glob("*" + SUFFIX))
    preferred = [file for file in files if file.stem == "model"] or files
    if len(preferred) > 1:
        names = ", ".join(file.name for file in files)
        raise Unusable(f"found {names}; needed is one of them, or one that is called model{SUFFIX}")
    return Found(preferred[0].name, lambda: Estimator(preferred[0])) if preferred else None


class Estimator:
    """Answers with what `predict` returns."""

    platform = "sklearn_joblib"

    def __init__(self, file: Path) -> None:
        import joblib  # noqa: PLC0415 - here and below: each image has its own framework alone
        import numpy  # noqa: PLC0415

        self._numpy = numpy
        self._estimator = joblib.load(file)
        if not hasattr(self._estimator, "predict"):
            kind = type(self._estimator).__name__
            raise Unusable(f"found {file.name}, a {kind}; needed is an estimator with predict()")
        self.parallel = cpus.available()
        features = getattr(self._estimator, "n_features_in_", None)
        self.inputs = (
            [Tensor("predict", "FP64", (-1, int(features)))] if features is not None else []
        )
        self.outputs: list[Tensor] = []

    def predict(self, call: Call) -> list[Any]:
        """One element a row."""
        try:
            rows = self._numpy.asarray(call.instances)
        except ValueError as error:
            raise Refused(400, f"the instances are not alike ({error})") from None
        width = self.inputs[0].shape[1] if self.inputs else None
        if width is not None and (rows.ndim != 2 or rows.shape[1] != width):
            raise Refused(400, f"each instance is a list of {width} values")
        try:
            predicted = self._estimator.predict(rows)
        except ValueError as error:  # scikit-learn's word for values that it can't take
            raise Refused(400, f"the model refused the instances ({brief(error)})") from None
        result: list[Any] = predicted.tolist() if hasattr(predicted, "tolist") else list(predicted)
        return result
