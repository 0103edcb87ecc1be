"""What `emctl up` prints at the end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cli import bucket, summary
from cli.targets import Target
from schemas.address import Address
from tests.support import workspaces

TRAINING = Target("training", "fit")


class Buckets(bucket.Buckets):
    """Buckets that hold the given records and nothing else."""

    def __init__(self, records: Mapping[str, Any]) -> None:
        super().__init__({"objects.ml.test": "S0"}, {})
        self.records = records

    def read_json(self, address: Address, name: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.records.get(f"{address.path or address.bucket}/{name}")
        return found


@pytest.mark.parametrize("status", ["COMPLETE", "FAILED", ""])
def test_results_come_from_completion_records(tmp_path: Path, status: str) -> None:
    spec = workspaces.workspace(tmp_path)
    run = f"fit-{spec.trainings['fit'].revision}"
    record = {"status": status, "metrics": {"accuracy": 0.96667, "loss": 12345.6}}
    found = Buckets({f"results/{run}/completion.json": record} if status else {})
    lines, lost = summary.results(spec, found, {TRAINING})
    if status == "COMPLETE":
        model = f"fit: model at obs://objects.ml.test/results/{run}/model"
        assert lines == [f"{model}, accuracy 0.9667, loss 1.235e+04"]
        assert lost == {}
    else:
        assert lines == []
        assert lost == {
            TRAINING: f"obs://objects.ml.test/results/{run} holds no completion record "
            "(was it deleted? raise `run` to train again)"
        }


def test_results_where_nothing_can_be_read_and_of_what_is_not_complete(tmp_path: Path) -> None:
    spec = workspaces.workspace(tmp_path)
    nowhere = bucket.Buckets({}, {})
    lines, lost = summary.results(spec, nowhere, {TRAINING})
    assert lines == [
        f"fit: model at obs://objects.ml.test/results/fit-{spec.trainings['fit'].revision}/model"
    ]
    assert (lost, summary.results(spec, nowhere, set())) == ({}, ([], {}))


def test_addresses_of_what_answers(tmp_path: Path) -> None:
    spec = workspaces.workspace(tmp_path)
    well = {
        Target("experiment", "iris"),
        Target("endpoint", "iris"),
        Target("stage", "iris/blue"),
        Target("notebook", "explore"),
    }
    assert summary.addresses(spec, Path("stacks/a b.yaml"), well) == [
        "TensorBoard iris: http://tensorboard-iris.lab.ml.test:8088",
        "  with its token: emctl open 'stacks/a b.yaml' experiment/iris",
        "endpoint iris: http://iris.lab.ml.test:8088/inference",
        "stage iris/blue: http://blue-iris.lab.ml.test:8088/inference",
        "notebook explore: http://notebook-explore.lab.ml.test:8088",
        "  with its token: emctl open 'stacks/a b.yaml' notebook/explore",
    ]
