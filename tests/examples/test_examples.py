"""The examples, without a cluster: what they claim to be."""

import ast
import csv
import re
from pathlib import Path

import pytest

from schemas import load

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SPECS = sorted(path for path in EXAMPLES.glob("*/*.yaml") if path.parent.name != "spec")
BUCKET = "obs://objects.easymaker.localhost/examples/"
# The console guide's appendix 3 and 4, but for lines with `...` in the place of something.
GUIDE = """\
import argparse
model_version = os.environ.get("EM_HP_MODEL_VERSION")
def parse_hyperparameters():
    parser = argparse.ArgumentParser()
    # 입력한 하이퍼파라미터 파싱
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--batch_size", type=int, default=32)
    return parser.parse_known_args()
import os
import tensorflow
dataset_dir = os.environ.get("EM_DATASET_TRAIN")
train_data = read_data(dataset_dir, "train.csv")
callbacks = [
    tensorflow.keras.callbacks.ModelCheckpoint(filepath=f'{os.environ.get("EM_CHECKPOINT_DIR")}/cp-{{epoch:04d}}.ckpt', save_freq='epoch', period=50),
    tensorflow.keras.callbacks.TensorBoard(log_dir=f'{os.environ.get("EM_TENSORBOARD_LOG_DIR")}'),
]
model_dir = os.environ.get("EM_MODEL_DIR")
model.save(model_dir)
"""  # noqa: E501


def test_the_guides_sample_has_every_line_as_printed() -> None:
    lines = (EXAMPLES / "guide" / "code" / "train.py").read_text().splitlines()
    assert [line for line in GUIDE.splitlines() if line not in lines] == []


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_code_and_data_of_an_example_are_there(spec: Path) -> None:
    workspace = load(str(spec))
    assert workspace.name == spec.stem == spec.parent.name
    for training in workspace.trainings.values():
        for address in (training.code, *training.input_data.values()):
            if address.text.startswith(BUCKET):
                assert (EXAMPLES / address.text.removeprefix(BUCKET)).is_dir()
        if training.code.text.startswith(BUCKET):
            code = EXAMPLES / training.code.text.removeprefix(BUCKET)
            assert (code / training.entry_point).is_file()


def test_the_table_lists_every_example() -> None:
    listed = re.findall(r"^\| \[(\w+)\]\((\S+)\)", (EXAMPLES / "README.md").read_text(), re.M)
    assert {name for name, _ in listed} == {p.name for p in EXAMPLES.iterdir() if p.is_dir()}
    assert all((EXAMPLES / target).is_file() for _, target in listed)


def test_training_code_runs_in_any_image() -> None:
    """Python 3.8's grammar, as the launcher's."""
    for path in EXAMPLES.glob("*/code/**/*.py"):
        ast.parse(path.read_text(), str(path), feature_version=(3, 8))


def test_flowers_are_fishers() -> None:
    with (EXAMPLES / "iris" / "data" / "iris.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 150
    assert {row["species"] for row in rows} == {"setosa", "versicolor", "virginica"}
    means = [sum(float(row[name]) for row in rows) / 150 for name in list(rows[0])[:4]]
    assert means == pytest.approx([5.8433, 3.0573, 3.7580, 1.1993], abs=1e-4)
    guide = EXAMPLES / "guide" / "data" / "train.csv"
    assert guide.read_bytes() == (EXAMPLES / "iris" / "data" / "iris.csv").read_bytes()
