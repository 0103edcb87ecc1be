"""What the way to a model costs: the model called in process, and over each hop before it.

One pod has a scikit-learn model, its server, and the front before that one; a route leads to the
front. A client in the same pod asks the model itself, the server, the front and the gateway in
turn, so that what slows the machine slows all of them. Every request holds one row.
"""

import json
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import free_port
from tools import cluster, images
from tools.cluster.backend import Backend

NAME = "bench-serving"
HOST = f"{NAME}.easymaker.localhost"
WAYS = ("in process", "server", "front", "gateway")
_SERVER, _FRONT = 8081, 8080
_MODEL = "/mnt/model"
_TRAIN = f"""
import joblib
from sklearn.datasets import load_iris
from sklearn.svm import SVC

joblib.dump(SVC().fit(*load_iris(return_X_y=True)), "{_MODEL}/model.joblib")
"""
_CLIENT = """
import http.client, json, statistics, sys, threading, time
from pathlib import Path
from serving.artifact import Artifact
from serving.backend import Call
from serving.log import Log
from serving.models import FRAMEWORKS

told = json.loads(sys.argv[1])
row = [5.1, 3.5, 1.4, 0.2]
body = json.dumps({"instances": [row]}).encode()
model = Artifact(FRAMEWORKS["sklearn"], Path(told["model"]), "bench", Log())
model.load()

class InProcess:
    def ask(self):
        assert model.predict(Call({"instances": [row]})) == [0]

class Over:
    def __init__(self, host, port):
        self.line = http.client.HTTPConnection(host, port, timeout=60)

    def ask(self):
        headers = {"Host": told["host"], "Content-Type": "application/json"}
        self.line.request("POST", "/inference", body, headers)
        answer = self.line.getresponse()
        assert (answer.status, json.loads(answer.read())) == (200, {"predictions": [0]})

def way(name):
    return Over(*told["addresses"][name]) if name in told["addresses"] else InProcess()

def sequential(one, count, found):
    for _ in range(count):
        begin = time.perf_counter()
        one.ask()
        found.append(1000 * (time.perf_counter() - begin))

def concurrent(name, seconds):
    counts = []

    def work():
        one, count, end = way(name), 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            one.ask()
            count += 1
        counts.append(count)

    workers = [threading.Thread(target=work) for _ in range(told["clients"])]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(counts) == told["clients"], "a client failed"
    return sum(counts) / seconds

def settled(name):
    # A gateway takes on a route some time after it is there.
    end = time.monotonic() + 60
    while True:
        try:
            one = way(name)
            one.ask()
            return one
        except (AssertionError, OSError, ValueError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)

ways = {name: settled(name) for name in told["ways"]}
times = {name: [] for name in ways}
for one in ways.values():
    sequential(one, 50, [])
for _ in range(told["rounds"]):
    for name, one in ways.items():
        sequential(one, 100, times[name])
rates = {name: [] for name in ways}
for _ in range(3):
    for name in ways:
        rates[name].append(concurrent(name, told["seconds"]))
result = {}
for name in ways:
    found = sorted(times[name])
    result[name] = {
        "median_ms": statistics.median(found),
        "p99_ms": found[int(0.99 * len(found))],
        "per_second": statistics.median(rates[name]),
    }
sys.stdout.write("figures " + json.dumps(result) + chr(10))
"""


def run() -> Iterator[tuple[str, str]]:
    """Latency and throughput of each way, and what each hop is of the whole."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        port = free_port()
        wish = cluster.Wish(name="bench", state=state, gateway_port=port)
        try:
            cluster.up(wish, lambda line: None)
            yield from told(measure(cluster.find("bench", state), port))
        finally:
            cluster.down("bench", state, keep_data=False, say=lambda line: None)


def measure(backend: Backend, port: int) -> dict[str, dict[str, float]]:
    """The figures of each way on a cluster that is up; what was made for them is gone after.

    `port` is the gateway's.
    """
    images.ensure_loaded(backend.images(), ["serving-sklearn", "serving-front"], lambda line: None)
    config = {
        "model": _MODEL,
        "host": HOST,
        "ways": WAYS,
        "addresses": {
            "server": ["127.0.0.1", _SERVER],
            "front": ["127.0.0.1", _FRONT],
            "gateway": ["gateway.gateway-system.svc.cluster.local", port],
        },
        "clients": 4,
        "rounds": 10,
        "seconds": 4,
    }
    with _served(backend):
        argv = ["exec", NAME, "-n", NAME, "-c", "client", "--"]
        said = backend.kubectl().run(*argv, "python3", "-c", _CLIENT, json.dumps(config))
    (line,) = [line for line in said.splitlines() if line.startswith("figures ")]
    found: dict[str, dict[str, float]] = json.loads(line.removeprefix("figures "))
    return found


def told(found: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, str]]:
    """The figures as lines. A hop's share is what it adds to the median, of the whole way's."""
    whole = found[WAYS[-1]]["median_ms"]
    before = 0.0
    for name in WAYS:
        figures = found[name]
        added = figures["median_ms"] - before
        before = figures["median_ms"]
        yield (
            name,
            f"median {figures['median_ms']:6.2f} ms  p99 {figures['p99_ms']:6.2f} ms  "
            f"{figures['per_second']:7.0f}/s  adds {added:5.2f} ms, {added / whole:4.0%}",
        )


@contextmanager
def _served(backend: Backend) -> Iterator[None]:
    """The pod, ready, and its route, taken on by the gateway."""
    kubectl = backend.kubectl()
    objects = json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects()})
    kubectl.run("apply", "-f", "-", stdin=objects)
    try:
        wait = ["wait", "-n", NAME, "--timeout=300s"]
        kubectl.run(*wait, "--for=condition=Ready", f"pod/{NAME}")
        kubectl.run(*wait, "--for=jsonpath={.status.parents}", f"httproute/{NAME}")
        yield
    finally:
        kubectl.run("delete", "namespace", NAME)


def _objects() -> list[dict[str, Any]]:
    image = images.refs()
    metadata = {"name": NAME, "namespace": NAME}
    volumes = ["model", "tmp"]
    mounts = [{"name": "model", "mountPath": _MODEL}, {"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108

    def container(name: str, of: str, *command: str, port: int = 0) -> dict[str, Any]:
        health = {"path": "/v2/health/ready", "port": port}
        return {
            "name": name,
            "image": image[of],
            "command": list(command),
            "volumeMounts": mounts,
            **({"readinessProbe": {"httpGet": health, "periodSeconds": 1}} if port else {}),
        }

    def server(name: str, of: str, module: str, port: int, *arguments: str) -> dict[str, Any]:
        shared = [f"--port={port}", "--model-name=bench", *arguments]
        return container(name, of, "python3", "-I", "-m", module, *shared, port=port)

    own = ["--framework=sklearn", f"--model-dir={_MODEL}"]
    upstream = ["--protocol=v1", f"--upstream=http://127.0.0.1:{_SERVER}"]
    sklearn = "serving-sklearn"
    train = textwrap.dedent(_TRAIN)
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**metadata, "labels": {"app": NAME}},
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "securityContext": {"fsGroup": 1000},
                "initContainers": [container("train", sklearn, "python3", "-c", train)],
                "containers": [
                    server("server", sklearn, "serving", _SERVER, *own),
                    server("front", "serving-front", "serving.front", _FRONT, *upstream),
                    container("client", sklearn, "sleep", "infinity"),
                ],
                "volumes": [{"name": name, "emptyDir": {}} for name in volumes],
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": {"app": NAME}, "ports": [{"port": 80, "targetPort": _FRONT}]},
        },
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": metadata,
            "spec": {
                "parentRefs": [{"namespace": "gateway-system", "name": "easymaker"}],
                "hostnames": [HOST],
                "rules": [{"backendRefs": [{"name": NAME, "port": 80}]}],
            },
        },
    ]
