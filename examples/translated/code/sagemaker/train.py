"""A decision tree, in the form that SageMaker's scripts have: folders come as arguments whose
defaults are variables. SM_CHANNEL_TRAIN became EM_DATASET_TRAIN and SM_MODEL_DIR EM_MODEL_DIR.
"""

import argparse
import json
import os

import joblib
import numpy
from sklearn import tree

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--max_leaf_nodes", type=int, default=None)
    parser.add_argument("--model-dir", type=str, default=os.environ["EM_MODEL_DIR"])
    parser.add_argument("--train", type=str, default=os.environ["EM_DATASET_TRAIN"])
    args = parser.parse_args()

    # Every file of the data set, whatever its name; labels are in the first column.
    files = [os.path.join(args.train, name) for name in os.listdir(args.train)]
    if not files:
        raise ValueError(f"there are no files in {args.train}")
    rows = numpy.concatenate([numpy.loadtxt(file, delimiter=",") for file in files])
    labels, values = rows[:, 0].astype(int), rows[:, 1:]

    classifier = tree.DecisionTreeClassifier(max_leaf_nodes=args.max_leaf_nodes, random_state=1)
    classifier.fit(values, labels)
    accuracy = classifier.score(values, labels)
    print(f"{len(rows)} rows of {len(files)} files, accuracy={accuracy:.4f} on the same rows")

    joblib.dump(classifier, os.path.join(args.model_dir, "model.joblib"))
    with open(os.path.join(args.model_dir, "metrics.json"), "w") as file:
        json.dump({"accuracy": accuracy, "rows": len(rows), "files": len(files)}, file)
