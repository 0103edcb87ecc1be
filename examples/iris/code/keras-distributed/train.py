"""The same flowers, trained by one instance or by several together (MultiWorkerMirroredStrategy).

TF_CONFIG says who the others are. Every instance computes the same model; the chief keeps it.
"""

import argparse
import csv
import json
import os
import shutil

import numpy
import tensorflow

SPECIES = ["setosa", "versicolor", "virginica"]


def parse_hyperparameters():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=30, help="of all instances together")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_known_args()[0]


def read_data(directory):
    with open(os.path.join(directory, "iris.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    labels = [SPECIES.index(row.pop("species")) for row in rows]
    values = [[float(value) for value in row.values()] for row in rows]
    return numpy.array(values, dtype="float32"), numpy.array(labels)


def batches(x, y, size, seed):
    rows = tensorflow.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=seed)
    options = tensorflow.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tensorflow.data.experimental.AutoShardPolicy.DATA
    )
    return rows.batch(size, drop_remainder=True).with_options(options)


def build_model(x):
    # The scale is part of the model, so that whoever calls it sends centimetres.
    mean, variance = x.mean(axis=0), x.var(axis=0)
    model = tensorflow.keras.Sequential(
        [
            tensorflow.keras.Input(shape=(4,)),
            tensorflow.keras.layers.Normalization(axis=-1, mean=mean, variance=variance),
            tensorflow.keras.layers.Dense(16, activation="relu"),
            tensorflow.keras.layers.Dense(len(SPECIES), activation="softmax"),
        ]
    )
    model.compile(
        optimizer=tensorflow.keras.optimizers.Adam(0.02),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def save(model, model_dir, is_chief, task_id):
    """All instances must save, because it takes all of them; what is not the chief's goes away."""
    if is_chief:
        model.save(model_dir)
        return
    elsewhere = os.path.join(os.path.dirname(model_dir), f"workertemp_{task_id}")
    model.save(elsewhere)
    shutil.rmtree(elsewhere)


def main():
    args = parse_hyperparameters()
    tensorflow.keras.utils.set_random_seed(args.seed)
    task = json.loads(os.environ.get("TF_CONFIG", "{}")).get("task", {})
    is_chief = task.get("type", "chief") == "chief"
    # The strategy comes before anything else of TensorFlow: it waits for the others.
    if task:
        strategy = tensorflow.distribute.MultiWorkerMirroredStrategy()
    else:
        strategy = tensorflow.distribute.get_strategy()
    workers = strategy.num_replicas_in_sync
    print(f"{workers} together, this is {task.get('type', 'chief')} {task.get('index', 0)}")

    x, y = read_data(os.environ.get("EM_DATASET_TRAIN"))
    with strategy.scope():
        model = build_model(x)
    callbacks = [
        tensorflow.keras.callbacks.TensorBoard(log_dir=os.environ.get("EM_TENSORBOARD_LOG_DIR"))
    ]
    data = batches(x, y, args.batch_size, args.seed)
    model.fit(data, epochs=args.epochs, callbacks=callbacks, verbose=2)
    loss, accuracy = model.evaluate(data, verbose=0)
    print(f"accuracy={accuracy:.4f}")

    model_dir = os.environ.get("EM_MODEL_DIR")
    save(model, model_dir, is_chief, task.get("index", 0))
    if is_chief:
        metrics = {"accuracy": float(accuracy), "loss": float(loss), "workers": workers}
        with open(os.path.join(model_dir, "metrics.json"), "w") as file:
            json.dump(metrics, file)


if __name__ == "__main__":
    main()
