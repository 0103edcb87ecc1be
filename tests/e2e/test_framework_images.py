"""The framework images in pods: as root without any capability, and as user 1000."""

from collections.abc import Iterator

import pytest

from tests.support.cluster import IMAGES, LocalCluster, namespace, pod, until
from tools import images

pytestmark = pytest.mark.e2e

SPACE = "framework-images"
ROOT, USER_1000 = 0, 1000

# EasyMaker's own sample is of this kind: Keras 2's arguments and files.
TENSORFLOW = """\
import os, sys, tempfile
os.chdir(tempfile.mkdtemp())
from importlib.metadata import version
import numpy, pandas, sklearn.linear_model, tensorboard, tensorflow as tf
print(*sys.version_info[:2], tf.__version__, version("tensorflow"), version("tf-keras"))
x, y = numpy.random.rand(32, 4).astype("float32"), numpy.random.randint(0, 3, 32)
layers = [tf.keras.layers.Dense(8, input_shape=(4,)), tf.keras.layers.Dense(3, "softmax")]
model = tf.keras.models.Sequential(layers)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
saved = tf.keras.callbacks.ModelCheckpoint("cp-{epoch:04d}.ckpt", save_weights_only=True, period=2)
model.fit(x, y, epochs=4, verbose=0, callbacks=[saved, tf.keras.callbacks.TensorBoard("logs")])
model.load_weights(tf.train.latest_checkpoint("."))
model.save("model")
served = tf.saved_model.load("model").signatures["serving_default"]
(probabilities,) = served(tf.constant(x)).values()
print(*sorted(os.listdir("."))[1:4], os.path.exists("model/saved_model.pb"), probabilities.shape)
"""
KERAS_3 = """\
import os, tempfile
os.chdir(tempfile.mkdtemp())
import numpy, tensorflow as tf
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(numpy.random.rand(8, 4), numpy.random.randint(0, 3, 8), verbose=0)
model.save("model.keras")
model.export("model", verbose=False)
print(tf.keras.__version__.split(".")[0], sorted(os.listdir(".")))
"""
PYTORCH = """\
import os, subprocess, sys, tempfile, zipfile
os.chdir(tempfile.mkdtemp())
import pandas, sklearn.linear_model, torch
from torch.utils.tensorboard import SummaryWriter
print(*sys.version_info[:2], torch.__version__.split("+")[0], torch.distributed.is_gloo_available())
layer = torch.nn.Linear(4, 3)
rows = torch.rand(5, 4)
torch.jit.script(layer).save("scripted.pt")
print(torch.allclose(torch.jit.load("scripted.pt")(rows), layer(rows)))
torch.export.save(torch.export.export(layer, (rows,)), "exported.pt2")
print(torch.allclose(torch.export.load("exported.pt2").module()(rows), layer(rows)))
square = torch.rand(200, 200, dtype=torch.float64)
print(torch.allclose(square @ torch.linalg.inv(square), torch.eye(200, dtype=torch.float64)))
with SummaryWriter("logs") as writer:
    writer.add_scalar("loss", 1.0, 1)
torch.save(layer.state_dict(), "weights.pt")
open("handler.py", "w").write("def handle(data, context):\\n    return data\\n")
subprocess.run(
    ["torch-model-archiver", "--model-name", "net", "--version", "1", "--serialized-file",
     "weights.pt", "--handler", "handler.py"], check=True)
print(sorted(zipfile.ZipFile("net.mar").namelist()))
"""
# Two processes of one pod, as torchrun starts them.
ALL_REDUCE = """\
import os, subprocess, sys, tempfile
os.chdir(tempfile.mkdtemp())
open("worker.py", "w").write('''
import os, torch, torch.distributed as dist
dist.init_process_group("gloo")
value = torch.tensor([dist.get_rank() + 1.0])
dist.all_reduce(value)
# At once: a line that is printed in parts can be mixed with the other process's.
os.write(1, f"rank {dist.get_rank()} has {value.item()}{chr(10)}".encode())
dist.destroy_process_group()
''')
argv = ["torchrun", "--standalone", "--nproc-per-node=2", "worker.py"]
sys.exit(subprocess.run(argv, env={**os.environ, "OMP_NUM_THREADS": "1"}).returncode)
"""
TENSORBOARD = """\
import subprocess
done = subprocess.run(["tensorboard", "--version"], capture_output=True, text=True)
print(done.stdout.split()[-1], done.returncode)
"""


@pytest.fixture(scope="module")
def frameworks(cluster: LocalCluster) -> Iterator[LocalCluster]:
    """The images are there."""
    names = ["tensorflow", "tensorflow-keras3", "pytorch", "tensorboard"]
    images.ensure_loaded(cluster.backend.images(), names, print)
    cluster.apply(namespace(SPACE))
    yield cluster
    cluster.kubectl("delete", "namespace", SPACE, "--wait=false")


def run(cluster: LocalCluster, name: str, image: str, code: str, user: int) -> list[str]:
    """What code printed in a pod of an image, the frameworks' own messages left out."""
    made = pod(
        SPACE,
        name,
        ["python3", "-W", "ignore", "-c", code],
        securityContext={"runAsUser": user, "runAsGroup": user},
        container={
            "image": IMAGES[image],
            "env": [{"name": "TF_CPP_MIN_LOG_LEVEL", "value": "3"}],
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
        },
    )
    cluster.apply(made)
    at = ("-n", SPACE)

    def ended() -> bool:
        phase = cluster.get(*at, "pod", name)["status"]["phase"]
        return phase in ("Succeeded", "Failed")

    until(ended, f"pod {name}", seconds=120)
    log = cluster.kubectl(*at, "logs", name)
    assert cluster.get(*at, "pod", name)["status"]["phase"] == "Succeeded", log
    lines = log.splitlines()
    return [line for line in lines if not line.startswith(("WARNING", "I0000", "[W", "[rank"))]


@pytest.mark.parametrize("user", [ROOT, USER_1000])
def test_tensorflow_has_keras_2_and_its_files(frameworks: LocalCluster, user: int) -> None:
    said = run(frameworks, f"tensorflow-{user}", "tensorflow", TENSORFLOW, user)
    assert said == [
        "3 13 2.21.0 2.21.0 2.21.0",
        "cp-0002.ckpt.data-00000-of-00001 cp-0002.ckpt.index cp-0004.ckpt.data-00000-of-00001 "
        "True (32, 3)",
    ]


def test_the_other_tensorflow_has_keras_3(frameworks: LocalCluster) -> None:
    said = run(frameworks, "keras3", "tensorflow-keras3", KERAS_3, USER_1000)
    assert said == ["3 ['model', 'model.keras']"]


@pytest.mark.parametrize("user", [ROOT, USER_1000])
def test_pytorch_saves_in_every_form_that_is_served(frameworks: LocalCluster, user: int) -> None:
    said = run(frameworks, f"pytorch-{user}", "pytorch", PYTORCH, user)
    assert said == [
        "3 13 2.6.0 True",
        "True",
        "True",
        "True",
        "['MAR-INF/MANIFEST.json', 'handler.py', 'weights.pt']",
    ]


def test_two_processes_of_pytorch_reduce_together(frameworks: LocalCluster) -> None:
    said = run(frameworks, "reduce", "pytorch", ALL_REDUCE, USER_1000)
    assert sorted(said) == ["rank 0 has 3.0", "rank 1 has 3.0"]


def test_tensorboard_is_there_alone(frameworks: LocalCluster) -> None:
    said = run(frameworks, "tensorboard", "tensorboard", TENSORBOARD, USER_1000)
    assert said == ["2.21.0 0"]


def test_requirements_that_name_tensorflow_are_met(frameworks: LocalCluster) -> None:
    code = """\
import subprocess, sys
pip = [sys.executable, "-m", "pip"]
wanted = ["tensorflow==2.21.*", "keras", "tensorboard", "pandas", "scikit-learn"]
print(subprocess.run([*pip, "install", "--quiet", "--no-index", *wanted]).returncode)
print(subprocess.run([*pip, "check"], capture_output=True, text=True).stdout, end="")
"""
    said = run(frameworks, "requirements", "tensorflow", code, USER_1000)
    assert said == ["0", "No broken requirements found."]
