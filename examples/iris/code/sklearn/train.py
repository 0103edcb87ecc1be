"""Tell three kinds of iris apart by the size of their leaves; scikit-learn."""

import argparse
import csv
import json
import os
import pathlib

import joblib
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def parse_hyperparameters():
    parser = argparse.ArgumentParser()
    parser.add_argument("--max_iter", type=int, default=200)
    parser.add_argument("--regularization", type=float, default=1.0)
    parser.add_argument("--held_out", type=float, default=0.2, help="share of rows to test on")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_known_args()[0]


def read_data(directory):
    with open(os.path.join(directory, "iris.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    labels = [row.pop("species") for row in rows]
    return [[float(value) for value in row.values()] for row in rows], labels


def main():
    args = parse_hyperparameters()
    x, y = read_data(os.environ.get("EM_DATASET_TRAIN"))
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=args.held_out, random_state=args.seed, stratify=y
    )
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=args.regularization, max_iter=args.max_iter)
    )
    model.fit(x_train, y_train)
    accuracy = model.score(x_test, y_test)
    print(f"trained on {len(x_train)} rows, accuracy={accuracy:.4f} on {len(x_test)} others")

    model_dir = pathlib.Path(os.environ.get("EM_MODEL_DIR"))
    joblib.dump(model, model_dir / "model.joblib")
    (model_dir / "metrics.json").write_text(json.dumps({"accuracy": accuracy}))
    # A request that the endpoint shows to its callers; MLflow's name for such a file.
    example = {"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}
    (model_dir / "serving_input_example.json").write_text(json.dumps(example))


if __name__ == "__main__":
    main()
