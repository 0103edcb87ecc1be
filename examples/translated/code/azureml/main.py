"""A support vector machine, in the form that Azure ML's scripts have: settings are arguments, keys
are those of scikit-learn (upper case too), and truth values are parsed by `type=bool`.

That takes any text for true, "false" too, there as here: leave the key out to mean false.
"""

import argparse
import csv
import json
import os

import joblib
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--C", type=float, default=1.0)
    parser.add_argument("--kernel", type=str, default="rbf")
    parser.add_argument("--gamma", type=str, default="scale")
    parser.add_argument("--coef0", type=float, default=0)
    parser.add_argument("--shrinking", type=bool, default=False)
    parser.add_argument("--tol", type=float, default=1e-3)
    parser.add_argument("--max_iter", type=int, default=-1)
    parser.add_argument("--random_state", type=int, default=42)
    return parser.parse_args()


def main(args):
    # `inputs.iris_csv` of the job became the data set `iris_csv`.
    with open(os.path.join(os.environ["EM_DATASET_IRIS_CSV"], "iris.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    labels = [row.pop("species") for row in rows]
    values = [[float(value) for value in row.values()] for row in rows]
    x_train, x_test, y_train, y_test = train_test_split(
        values, labels, test_size=0.2, random_state=args.random_state
    )
    model = SVC(**vars(args)).fit(x_train, y_train)
    accuracy = model.score(x_test, y_test)
    print(f"C={args.C} coef0={args.coef0} shrinking={args.shrinking} accuracy={accuracy:.4f}")

    # Azure ML uploads what the script logs; here the model goes into EM_MODEL_DIR.
    model_dir = os.environ["EM_MODEL_DIR"]
    joblib.dump(model, os.path.join(model_dir, "model.joblib"))
    with open(os.path.join(model_dir, "metrics.json"), "w") as file:
        json.dump({"accuracy": accuracy, "C": args.C, "shrinking": int(args.shrinking)}, file)


if __name__ == "__main__":
    main(parse_args())
