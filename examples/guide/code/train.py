"""The samples of EasyMaker's console guide (appendix 3, 4 and 5) as one script that runs.

Everything between the lines marked "guide" is as printed there. What differs: `read_data`, which
the guide calls and does not show, the model and the arguments of `fit`, where it has `...`, and
calls of what it defines.
"""

import csv

# --- guide, 4 -----------------------------------------------------------------------------------
import os
import tensorflow
# --- guide, 3 -----------------------------------------------------------------------------------
import argparse

model_version = os.environ.get("EM_HP_MODEL_VERSION")

def parse_hyperparameters():
    parser = argparse.ArgumentParser()

    # 입력한 하이퍼파라미터 파싱
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--batch_size", type=int, default=32)

    return parser.parse_known_args()
# ------------------------------------------------------------------------------------------------


def read_data(directory, name):
    with open(os.path.join(directory, name), newline="") as file:
        rows = list(csv.DictReader(file))
    species = sorted({row["species"] for row in rows})
    labels = [species.index(row.pop("species")) for row in rows]
    return [[float(value) for value in row.values()] for row in rows], labels


hyperparameters, others = parse_hyperparameters()
tensorflow.keras.utils.set_random_seed(1)

# --- guide, 4 -----------------------------------------------------------------------------------
dataset_dir = os.environ.get("EM_DATASET_TRAIN")
train_data = read_data(dataset_dir, "train.csv")

# ------------------------------------------------------------------------------------------------
x_train, y_train = (tensorflow.constant(part) for part in train_data)
model = tensorflow.keras.Sequential(
    [
        tensorflow.keras.layers.Dense(16, activation="relu", input_shape=(4,)),
        tensorflow.keras.layers.Dense(3, activation="softmax"),
    ]
)
model.compile(
    optimizer=tensorflow.keras.optimizers.Adam(0.01),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
# --- guide, 4 -----------------------------------------------------------------------------------
callbacks = [
    tensorflow.keras.callbacks.ModelCheckpoint(filepath=f'{os.environ.get("EM_CHECKPOINT_DIR")}/cp-{{epoch:04d}}.ckpt', save_freq='epoch', period=50),
    tensorflow.keras.callbacks.TensorBoard(log_dir=f'{os.environ.get("EM_TENSORBOARD_LOG_DIR")}'),
]
# ------------------------------------------------------------------------------------------------
model.fit(
    x_train,
    y_train,
    epochs=hyperparameters.epochs,
    batch_size=hyperparameters.batch_size,
    callbacks=callbacks,
    verbose=2,
)
print(f"model version {model_version}")
# --- guide, 4 -----------------------------------------------------------------------------------

model_dir = os.environ.get("EM_MODEL_DIR")
model.save(model_dir)
