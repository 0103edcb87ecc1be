"""Tell three kinds of iris apart by the size of their leaves; Keras, as EasyMaker's guide shows."""

import argparse
import csv
import json
import os

import numpy
import tensorflow

SPECIES = ["setosa", "versicolor", "virginica"]


def parse_hyperparameters():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--hidden", type=int, default=16)
    parser.add_argument("--learning_rate", type=float, default=0.01)
    parser.add_argument("--held_out", type=float, default=0.2, help="share of rows to test on")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_known_args()[0]


def read_data(directory):
    with open(os.path.join(directory, "iris.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    labels = [SPECIES.index(row.pop("species")) for row in rows]
    values = [[float(value) for value in row.values()] for row in rows]
    return numpy.array(values, dtype="float32"), numpy.array(labels)


def split(x, y, held_out, seed):
    order = numpy.random.default_rng(seed).permutation(len(x))
    tested = int(len(x) * held_out)
    train, test = order[tested:], order[:tested]
    return (x[train], y[train]), (x[test], y[test])


def build_model(x, hidden, learning_rate):
    # The scale is a layer, so that whoever calls the model sends centimetres.
    scale = tensorflow.keras.layers.Normalization(axis=-1)
    scale.adapt(x)
    model = tensorflow.keras.Sequential(
        [
            tensorflow.keras.Input(shape=(4,)),
            scale,
            tensorflow.keras.layers.Dense(hidden, activation="relu"),
            tensorflow.keras.layers.Dense(len(SPECIES), activation="softmax"),
        ]
    )
    model.compile(
        optimizer=tensorflow.keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def main():
    args = parse_hyperparameters()
    tensorflow.keras.utils.set_random_seed(args.seed)
    x, y = read_data(os.environ.get("EM_DATASET_TRAIN"))
    (x_train, y_train), (x_test, y_test) = split(x, y, args.held_out, args.seed)
    model = build_model(x_train, args.hidden, args.learning_rate)

    callbacks = [
        tensorflow.keras.callbacks.ModelCheckpoint(
            filepath=f"{os.environ.get('EM_CHECKPOINT_DIR')}/cp-{{epoch:04d}}.ckpt",
            save_weights_only=True,
            save_freq="epoch",
            period=20,
        ),
        tensorflow.keras.callbacks.TensorBoard(log_dir=os.environ.get("EM_TENSORBOARD_LOG_DIR")),
    ]
    model.fit(
        x_train,
        y_train,
        validation_data=(x_test, y_test),
        epochs=args.epochs,
        batch_size=args.batch_size,
        callbacks=callbacks,
        verbose=2,
    )
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"trained on {len(x_train)} rows, accuracy={accuracy:.4f} on {len(x_test)} others")

    model_dir = os.environ.get("EM_MODEL_DIR")
    model.save(model_dir)
    with open(os.path.join(model_dir, "metrics.json"), "w") as file:
        json.dump({"accuracy": float(accuracy), "loss": float(loss)}, file)
    # A request that the endpoint shows to its callers; MLflow's name for such a file.
    example = {"instances": [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}
    with open(os.path.join(model_dir, "serving_input_example.json"), "w") as file:
        json.dump(example, file)


if __name__ == "__main__":
    main()
