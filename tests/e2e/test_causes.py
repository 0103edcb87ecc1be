"""Each cause for which a training ends, provoked: its status, its sentence, its exit code."""

import datetime
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import cause_spec, causes, oci
from tests.support.causes import CASES, NODE, NODE_LOST, QUOTA_CPU, TOP, WORKSPACE
from tests.support.checkout import Checkout
from tests.support.cluster import LocalCluster, namespace
from tests.support.told import SECONDS, Told
from tools import images, toolchain

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

STACK = "causes"
SPEC = f"stacks/{STACK}.yaml"
_EMCTL = [sys.executable, "-c", "from cli.main import main; main()"]


class Lab:
    """The workspace, and what is seen of it from before its first apply on."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.cluster = checkout.cluster
        self.kubectl = str(toolchain.path("kubectl"))
        self.spec: dict[str, Any] = cause_spec.spec(self.cluster)
        self.signs = self.cluster.folder / "nas" / "causes" / "signs"
        self._started: list[Told] = []

    def write(self) -> None:
        (self.checkout.folder / SPEC).write_text(json.dumps(self.spec))

    def watch(self) -> None:
        """From now on note all statuses, and where pods are and how they end."""
        self.told = self.statuses(*CASES)
        self.pods = self.start(
            [
                *(self.kubectl, "get", "pods", "-n", WORKSPACE, "--watch", "-o"),
                "jsonpath={.metadata.labels.easymaker\\.io/name} {.metadata.name} "
                '{.spec.nodeName} {.status.containerStatuses[?(@.name=="main")]'
                '.state.terminated.exitCode}{"\\n"}',
            ]
        )

    def statuses(self, *names: str) -> Told:
        """The statuses of trainings as they change, until all have come to stay."""
        return self.start([*_EMCTL, "wait", SPEC, *(f"training/{name}" for name in names)])

    def start(self, argv: list[str]) -> Told:
        process = subprocess.Popen(
            argv,
            cwd=self.checkout.folder,
            env=self.checkout.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(Told(process))
        return self._started[-1]

    def end(self) -> None:
        for told in self._started:
            told.end()

    def until_waiting(self, name: str) -> None:
        """Wait until a training's script says that it waits."""
        job = f"job/{self.job(name)['metadata']['name']}"
        more = ("-c", "main", f"--pod-running-timeout={SECONDS}s")
        log = self.start([self.kubectl, "logs", "-n", WORKSPACE, "-f", job, *more])
        log.until_said("waits")
        log.end()

    def job(self, name: str) -> dict[str, Any]:
        selector = f"easymaker.io/name={name}"
        (job,) = self.cluster.get("jobs", "-n", WORKSPACE, "-l", selector)["items"]
        assert isinstance(job, dict)
        return job

    def pods_of(self, name: str) -> list[str]:
        """All that there have been, in order."""
        lines = [line.split() for line in self.pods.lines]
        return list(dict.fromkeys(line[1] for line in lines if line[0] == name))

    def nodes_of(self, name: str) -> list[str]:
        """Where they have been."""
        lines = [line.split() for line in self.pods.lines]
        return list(dict.fromkeys(line[2] for line in lines if line[0] == name and len(line) > 2))

    def codes_of(self, name: str) -> list[int]:
        """The exit codes of its pods, in order."""
        found: dict[str, int] = {}
        for line in self.pods.lines:
            of, pod, *more = line.split()
            if of == name and len(more) == 2:
                found.setdefault(pod, int(more[1]))
        return list(found.values())


def _prepare(lab: Lab, folder: Path) -> None:
    """What the trainings find, and what the workspace may use."""
    cluster, put = lab.cluster, lab.checkout.put
    images.ensure_loaded(cluster.backend.images(), ["tools", "python"], print)
    oci.write_image(
        folder / "foreign.tar", causes.FOREIGN_IMAGE, "usr/bin/python3", oci.FOREIGN_PROGRAM
    )
    cluster.backend.images().load(folder / "foreign.tar")
    wrong = {"access_key": "nobody", "secret_key": "nothing"}
    kinds = {"apiVersion": "v1", "metadata": {"namespace": WORKSPACE}}
    cluster.apply(
        namespace(WORKSPACE),
        {**kinds, "kind": "Secret", "metadata": _named("nobody"), "stringData": wrong},
        {
            **kinds,
            "kind": "ResourceQuota",
            "metadata": _named("other"),
            "spec": {"hard": {"requests.cpu": str(QUOTA_CPU)}},
        },
    )
    lab.signs.mkdir(parents=True)
    (lab.signs / "keep").touch()
    for name, case in CASES.items():
        for file, text in {"train.py": case.script, **case.files}.items():
            put(f"{TOP}/code/{name}/{file}", text)
    put(f"{TOP}/code/{NODE_LOST}/train.py", "")
    put(f"{TOP}/data/x.csv", "1,2")
    for path in ("iris/train.csv", "iris/sub/x.csv", "iris-old/train.csv", "iris.csv"):
        put(f"{TOP}/d/{path}", path)
    put(f"{TOP}/d/single/only.csv", "only")
    lab.checkout.put_marker(f"{TOP}/d/marker")
    put(f"{TOP}/large/zeros", "\0" * (128 * causes.MIB))
    put(f"{TOP}/broken/000001-20260131T120000Z/step", "1")
    put(f"{TOP}/broken/000001-20260131T120000Z.json", "{}")


def _named(name: str) -> dict[str, str]:
    return {"name": name, "namespace": WORKSPACE}


def _add_node(cluster: LocalCluster) -> None:
    """A node that says once that it is ready, and never anything again."""
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": NODE, "labels": {"easymaker.io/pool": NODE}},
            "spec": {
                "taints": [{"key": "easymaker.io/pool", "value": NODE, "effect": "NoSchedule"}]
            },
        }
    )
    size = {"cpu": "4", "memory": "8Gi", "pods": "10", "ephemeral-storage": "10Gi"}
    status = {"capacity": size, "allocatable": size, "conditions": [_ready()]}
    _patch_status(cluster, f"node/{NODE}", status)


def _ready() -> dict[str, str]:
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }


def _patch_status(cluster: LocalCluster, what: str, status: dict[str, Any]) -> None:
    patch = json.dumps({"status": status})
    more = ("--subresource=status", "--type=merge", f"--patch={patch}")
    cluster.kubectl("-n", WORKSPACE, "patch", what, *more)


def _run_on_node(lab: Lab) -> None:
    """A training's pod is on the node, which says so before it falls silent."""
    lab.pods.until(lambda _: bool(lab.nodes_of(NODE_LOST)), "a pod on the node")
    (pod,) = lab.pods_of(NODE_LOST)
    ready = _ready()
    now = ready.pop("lastHeartbeatTime")
    main = {"name": "main", "ready": True, "restartCount": 0, "image": "x", "imageID": "x"}
    status = {
        "phase": "Running",
        "startTime": now,
        "conditions": [ready],
        "containerStatuses": [{**main, "state": {"running": {"startedAt": now}}}],
    }
    _patch_status(lab.cluster, f"pod/{pod}", status)


def _evict(lab: Lab) -> None:
    lab.until_waiting("evicted")
    (pod,) = lab.pods_of("evicted")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": _named(pod)}
    path = f"/api/v1/namespaces/{WORKSPACE}/pods/{pod}/eviction"
    lab.cluster.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
    (node,) = lab.nodes_of("evicted")
    lab.told.until_said(f"training/evicted: RUNNING: the node {node} is being emptied")
    (lab.signs / "leaving-told").touch()


@pytest.fixture(name="lab", scope="module")
def _lab(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """All of them applied at once, and what has to happen to some done."""
    lab = Lab(checkout)
    cluster = lab.cluster
    call = checkout.plain_stack(STACK, SPEC)
    try:
        _prepare(lab, tmp_path_factory.mktemp("causes"))
        lab.write()
        lab.watch()
        call("up", "--yes", "--skip-preview")
        _evict(lab)
        lab.until_waiting("stopped")
        lab.spec["trainings"]["stopped"]["state"] = "stopped"
        lab.write()
        call("up", "--yes", "--skip-preview")
        yield lab
    finally:
        lab.end()
        call("destroy", "--yes", "--skip-preview")
        call("stack", "rm", "--yes")
        cluster.kubectl("delete", "namespace", WORKSPACE, "--wait=false")
        cluster.kubectl("delete", "node", NODE, "--ignore-not-found")
        shutil.rmtree(lab.signs.parent, ignore_errors=True)
        checkout.remove(TOP)


@pytest.fixture(name="statuses", scope="module")
def _statuses(lab: Lab) -> dict[str, dict[str, str]]:
    """What `emctl status` says of each, once all have come to stay."""

    def are_there(lines: list[str]) -> bool:
        heads = {": ".join(line.split(": ")[:2]) for line in lines}
        return {f"training/{name}: {case.word}" for name, case in CASES.items()} <= heads

    lab.told.until(are_there, "the last status")
    done = lab.checkout.emctl("status", SPEC, "training", "--json")
    assert done.returncode == 0, done.stderr
    return {found["name"]: found for found in json.loads(done.stdout)["resources"]}


@pytest.mark.parametrize("name", CASES)
def test_cause(lab: Lab, statuses: dict[str, dict[str, str]], name: str) -> None:
    case, found = CASES[name], statuses[name]
    assert found["status"] == case.word
    assert case.says(found["cause"] or ""), found["cause"]

    def codes() -> list[int]:
        return [code for code in lab.codes_of(name) if code not in case.also]

    lab.pods.until(lambda _: len(codes()) >= len(case.codes), "the last exit code")
    assert codes() == case.codes


# After the statuses: what the scheduler says of nodes is about this one, too.
@pytest.mark.usefixtures("statuses")
def test_lost_node_is_named_and_costs_no_retry(lab: Lab) -> None:
    said = f"training/{NODE_LOST}: RUNNING: the node {NODE} "
    _add_node(lab.cluster)
    _run_on_node(lab)
    told = lab.statuses(NODE_LOST)
    told.until_said(f"{said}does not answer")
    # What people are to do about a node that is lost: Kubernetes then gives up its pods.
    lab.cluster.kubectl("taint", "node", NODE, "node.kubernetes.io/out-of-service=lost:NoExecute")
    told.until_said(f"{said}is lost or was closed to the pod")
    lab.pods.until(lambda _: len(lab.pods_of(NODE_LOST)) == 2, "another pod")
    assert "conditions" not in lab.job(NODE_LOST)["status"]


@pytest.mark.usefixtures("statuses")
def test_nothing_was_said_to_fail_that_did_not(lab: Lab) -> None:
    for name, case in CASES.items():
        said = [line for line in lab.told.lines if line.startswith(f"training/{name}: ")]
        assert said
        assert "FAIL" in case.word or not [line for line in said if "FAIL" in line]
