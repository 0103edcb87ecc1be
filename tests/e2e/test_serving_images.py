"""Models of each framework, made and served by the images themselves."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.support.cluster import IMAGES, LocalCluster, Manifest, namespace
from tools import images

pytestmark = pytest.mark.e2e
NAMESPACE = "serving-images"
MODEL = "/mnt/model"
LOADING_SECONDS = 300
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.2, 3.4, 5.4, 2.3]]
# As stages run their servers.
SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "runAsGroup": 1000,
}
ASKS = """
import json, sys, urllib.error, urllib.request
port, asked = json.loads(sys.argv[1])
for path, body in asked:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data) as answer:
            print(json.dumps([answer.status, json.load(answer)]))
    except urllib.error.HTTPError as error:
        print(json.dumps([error.code, json.load(error)]))
"""
KERAS = """
    import shutil
    import tensorflow

    keras = tensorflow.keras
    model = keras.Sequential([keras.layers.Dense(3, activation="softmax", input_shape=(4,))])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.save("/mnt/model/keras/7")
    shutil.copytree("/mnt/model/keras/7", "/mnt/model/torn/1")
    shutil.rmtree("/mnt/model/torn/1/variables")
"""
# Serves a model that is none, and tells how that ended.
TORN = """
import subprocess, sys
argv = [sys.executable, "-I", "-m", "serving", "--framework=tensorflow", "--model-name=net"]
argv += ["--model-dir=/mnt/model/torn", "--port=9090", "--termination-log=/tmp/said"]
code = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
with open("/tmp/said") as said:
    print(code, said.read())
"""
SKLEARN = """
    import os
    import joblib
    from sklearn.datasets import load_iris
    from sklearn.svm import SVC

    os.makedirs("/mnt/model/svc")
    joblib.dump(SVC().fit(*load_iris(return_X_y=True)), "/mnt/model/svc/model.joblib")
    os.makedirs("/mnt/model/other")
    joblib.dump({"no": "estimator"}, "/mnt/model/other/model.joblib")
"""
# A module that adds up a row; the archive is made as EasyMaker's sample does.
TORCH = '''
    import os
    import subprocess
    import sys

    import torch

    MODEL = """
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(4, 1))

        def forward(self, rows):
            return rows @ self.weight
    """
    HANDLER = """
    import torch
    from ts.torch_handler.base_handler import BaseHandler

    class Sums(BaseHandler):
        def preprocess(self, data):
            return super().preprocess([[float(value) for value in row] for row in data])

        def postprocess(self, data):
            return [{"sum": value} for [value] in data.tolist()]
    """
    for name in ("archive/model-store", "weights", "script", "exported"):
        os.makedirs(f"/mnt/model/{name}")
    for name, text in (("model", MODEL), ("handler", HANDLER)):
        with open(f"/tmp/{name}.py", "w") as file:
            file.write(text)
    sys.path.insert(0, "/tmp")
    from model import Net

    net = Net().eval()
    net.load_state_dict({"weight": torch.ones(4, 1)})
    torch.save(net.state_dict(), "/mnt/model/weights/model.pt")
    with open("/mnt/model/weights/model.py", "w") as file:
        file.write(MODEL)
    subprocess.run(
        ["torch-model-archiver", "--model-name", "net", "--version", "1.0", "--force"]
        + ["--model-file", "/tmp/model.py", "--handler", "/tmp/handler.py"]
        + ["--serialized-file", "/mnt/model/weights/model.pt"]
        + ["--export-path", "/mnt/model/archive/model-store"],
        check=True,
    )
    torch.jit.script(net).save("/mnt/model/script/net.pt")
    rows = {0: torch.export.Dim("rows", min=1)}
    program = torch.export.export(net, (torch.zeros(2, 4),), dynamic_shapes=(rows,))
    torch.export.save(program, "/mnt/model/exported/net.pt2")
'''


@pytest.fixture(scope="module")
def served(cluster: LocalCluster) -> Iterator[LocalCluster]:
    """The cluster with the serving images and a namespace."""
    names = [name for name in IMAGES if name.startswith("serving-")]
    images.ensure_loaded(cluster.backend.images(), names, print)
    cluster.apply(namespace(NAMESPACE))
    yield cluster
    cluster.kubectl("delete", "namespace", NAMESPACE)


def serving(image: str, script: str, folders: Sequence[str], front: str | None = None) -> Manifest:
    """A pod in which `script` makes models and a server for each folder of them runs.

    With `front` the last container stands before the first server, in that protocol.
    """
    framework = image.removeprefix("serving-")
    containers = [
        container(
            folder,
            image,
            8080 + index,
            ["serving", f"--framework={framework}", f"--model-dir={MODEL}/{folder}"],
        )
        for index, folder in enumerate(folders)
    ]
    if front:
        upstream = ["serving.front", "--upstream=http://127.0.0.1:8080", f"--protocol={front}"]
        containers.append(container("front", "serving-front", 8080 + len(folders), upstream))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": framework, "namespace": NAMESPACE},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 5,
            "securityContext": {"fsGroup": 1000},
            "initContainers": [
                {
                    "name": "train",
                    "image": IMAGES[image],
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python3", "-c", textwrap.dedent(script)],
                    "env": [{"name": "HOME", "value": "/tmp"}],
                    "securityContext": SECURITY,
                    "volumeMounts": [mount("model", MODEL), mount("tmp", "/tmp")],
                }
            ],
            "containers": containers,
            "volumes": [{"name": name, "emptyDir": {}} for name in ("model", "tmp")],
        },
    }


def container(name: str, image: str, port: int, arguments: Sequence[str]) -> Manifest:
    """A server that is ready when its model is."""
    return {
        "name": name,
        "image": IMAGES[image],
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-I", "-m", *arguments, f"--port={port}", "--model-name=net"],
        "env": [{"name": "HOME", "value": "/tmp"}],
        "readinessProbe": {
            "httpGet": {"path": "/v2/health/ready", "port": port},
            "periodSeconds": 1,
            "failureThreshold": 1000,
        },
        "securityContext": SECURITY,
        "volumeMounts": [{**mount("model", MODEL), "readOnly": True}, mount("tmp", "/tmp")],
    }


def mount(name: str, path: str) -> Manifest:
    """Where a volume lies."""
    return {"name": name, "mountPath": path}


def ask(cluster: LocalCluster, pod: str, port: int, asked: Mapping[str, Any]) -> list[Any]:
    """Status and JSON of each path; one with a body is a POST."""
    argument = json.dumps([port, list(asked.items())])
    lines = cluster.kubectl("-n", NAMESPACE, "exec", pod, "--", "python3", "-c", ASKS, argument)
    return [json.loads(line) for line in lines.splitlines()]


def ready(cluster: LocalCluster, pod: Manifest) -> str:
    """Bring a pod up; its name."""
    name: str = pod["metadata"]["name"]
    cluster.apply(pod)
    cluster.wait("-n", NAMESPACE, f"pod/{name}", "--for=condition=Ready", seconds=LOADING_SECONDS)
    return name


def test_tensorflow(served: LocalCluster) -> None:
    pod = ready(served, serving("serving-tensorflow", KERAS, ["keras"]))
    (status, described), (code, answer), wrong = ask(
        served,
        pod,
        8080,
        {
            "/v2/models/net": None,
            "/inference": {"instances": ROWS},
            "/v1/models/net:predict": {"instances": [[1, 2]]},
        },
    )
    assert status == 200
    assert described["platform"] == "tensorflow_savedmodel"
    assert [tensor["shape"] for tensor in described["inputs"]] == [[-1, 4]]
    assert described["example"] == {"instances": [[0.0] * 4]}
    assert code == 200
    assert [sum(row) for row in answer["predictions"]] == pytest.approx([1, 1], abs=1e-5)
    assert {len(row) for row in answer["predictions"]} == {3}
    assert wrong[0] == 400
    assert wrong[1]["error"].endswith(" takes the shape [-1, 4], the instances have [1, 2]")
    torn = served.kubectl("-n", NAMESPACE, "exec", pod, "--", "python3", "-c", TORN)
    assert torn.startswith("1 the SavedModel 1 could not be loaded (")
    assert torn.strip().endswith(
        "needed is a SavedModel (saved_model.pb and variables/) at its root or under a version "
        "number"
    )


def test_pytorch(served: LocalCluster) -> None:
    folders = ["archive", "weights", "script", "exported"]
    pod = ready(served, serving("serving-pytorch", TORCH, folders))
    sums = [pytest.approx(sum(row), abs=1e-5) for row in ROWS]
    for index, folder in enumerate(folders):
        asked = {"/v2/models/net": None, "/inference": {"instances": ROWS}}
        (_, described), (status, answer) = ask(served, pod, 8080 + index, asked)
        assert status == 200, answer
        if folder == "archive":
            assert described["platform"] == "pytorch_handler"
            assert answer == {"predictions": [{"sum": value} for value in sums]}
        else:
            assert answer == {"predictions": [[value] for value in sums]}
        if folder == "exported":
            assert [tensor["shape"] for tensor in described["inputs"]] == [[-1, 4]]
            assert described["example"] == {"instances": [[0.0] * 4]}


def test_scikit_learn_and_the_front(served: LocalCluster) -> None:
    pod = ready(served, serving("serving-sklearn", SKLEARN, ["svc"], front="v1"))
    for port in (8080, 8081):
        asked = {"/v2/health/ready": None, "/inference": {"instances": ROWS}, "/other": None}
        assert ask(served, pod, port, asked) == [
            [200, {"ready": True}],
            [200, {"predictions": [0, 2]}],
            [404, {"error": "nothing is served at /other; predictions are at POST /inference"}],
        ]
    wrong = {"/inference": {"instances": [["a"] * 4]}}
    direct, through = (ask(served, pod, port, wrong)[0] for port in (8080, 8081))
    assert (direct[0], through[0]) == (400, 400)
    assert through[1]["error"] == f"the model server refused: {direct[1]['error']}"


def test_what_is_no_model_ends_with_a_sentence(served: LocalCluster) -> None:
    pod = serving("serving-sklearn", SKLEARN, ["other"])
    pod["metadata"]["name"] = "broken"
    served.apply(pod)
    served.wait("-n", NAMESPACE, "pod/broken", "--for=jsonpath={.status.phase}=Failed", seconds=120)
    [status] = served.get("-n", NAMESPACE, "pod/broken")["status"]["containerStatuses"]
    ended = status["state"]["terminated"]
    assert (ended["exitCode"], ended["message"]) == (
        1,
        "found model.joblib, a dict; needed is an estimator with predict()",
    )
