"""Logs that outlive their pods, for those who may only look."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.checkout import Checkout, Done
from tools import images, toolchain

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STACK = "archive"
SPEC = f"stacks/{STACK}.yaml"
STORE = "obs://objects.easymaker.localhost"
CODE = f"{STORE}/examples/{STACK}/code"
LOGS = f"{STORE}/system/{STACK}/logs"
TEXT = f"""\
api_version: easymaker/v1
kind: Workspace
workspace: {STACK}
include: [platform/local.yaml]
platform: {{retention: 1s}}
experiments:
  e: {{}}
trainings:
  fine:
    experiment: e
    algorithm: {{path: "{CODE}", entry_point: fine.py}}
    image: sklearn-cpu
    flavor: m2.c1m2
    output_data: {STORE}/results/{STACK}
  wrong:
    copy: fine
    algorithm: {{path: "{CODE}", entry_point: wrong.py}}
    log_management: true
"""
FINE = 'print("붓꽃"); print("last")\n'
WRONG = """\
import logging
logging.warning("odd")
def f():
    raise ValueError("no")
f()
"""


@dataclass
class Viewer:
    """Somebody who has the workspace's Role for viewers, and nothing else."""

    checkout: Checkout
    kubeconfig: Path

    def emctl(self, *arguments: str) -> Done:
        command = ["-c", "from cli.main import main; main()", *arguments]
        return self.checkout.run([".venv/bin/python", *command], KUBECONFIG=str(self.kubeconfig))

    def kubectl(self, *arguments: str) -> Done:
        argv = [str(toolchain.path("kubectl")), "-n", STACK, *arguments]
        return self.checkout.run(argv, KUBECONFIG=str(self.kubeconfig))


@pytest.fixture(name="stack", scope="module")
def _stack(checkout: Checkout) -> Iterator[Checkout]:
    """Two trainings that have ended, one of them badly."""
    (checkout.folder / SPEC).write_text(TEXT)
    for bucket in ("results", "system"):
        checkout.put(f"{STORE}/{bucket}/keep", "")
    checkout.put(f"{CODE}/fine.py", FINE)
    checkout.put(f"{CODE}/wrong.py", WRONG)
    images.ensure_loaded(checkout.cluster.backend.images(), ["tensorboard"], print)
    call = checkout.plain_stack(STACK, SPEC)
    try:
        call("up", "--yes", "--skip-preview")
        done = checkout.emctl("wait", SPEC, "training/fine", "--timeout=5m")
        assert done.returncode == 0, done.stderr
        done = checkout.emctl("wait", SPEC, "training/wrong", "--for=FAIL TRAIN", "--timeout=5m")
        assert done.returncode == 0, done.stderr
        yield checkout
    finally:
        call("destroy", "--yes", "--skip-preview")
        call("stack", "rm", "--yes")


@pytest.fixture(name="viewer", scope="module")
def _viewer(stack: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Viewer:
    cluster = stack.cluster
    account = f"--serviceaccount={STACK}:viewer"
    cluster.kubectl("-n", STACK, "create", "serviceaccount", "viewer")
    cluster.kubectl("-n", STACK, "create", "rolebinding", "viewer", "--role=viewer", account)
    config = json.loads(cluster.kubectl("config", "view", "--raw", "-o", "json"))
    token = cluster.kubectl("-n", STACK, "create", "token", "viewer").strip()
    for user in config["users"]:
        user["user"] = {"token": token}
    path = tmp_path_factory.mktemp("viewer") / "kubeconfig"
    path.write_text(json.dumps(config))
    return Viewer(stack, path)


@pytest.fixture(name="before", scope="module")
def _before(stack: Checkout, viewer: Viewer) -> dict[str, Done]:
    """What a viewer saw while the pods were there. They are cleaned up now."""
    seen = {name: viewer.emctl("logs", SPEC, f"training/{name}") for name in ("fine", "wrong")}
    seen["status"] = viewer.emctl("status", SPEC, "training", "--json")
    kubectl = stack.cluster.kubectl
    kubectl("-n", STACK, "create", "job", "now", "--from=cronjob/retention")
    kubectl("-n", STACK, "wait", "--for=condition=complete", "job/now", "--timeout=180s")
    return seen


def test_pods_are_cleaned_up_and_the_record_stays(
    stack: Checkout, viewer: Viewer, before: dict[str, Done]
) -> None:
    of = ["-n", STACK, "-l", "easymaker.io/kind=training"]
    assert stack.cluster.get("pods", *of)["items"] == []
    assert len(stack.cluster.get("jobs", *of)["items"]) == 2
    now = viewer.emctl("status", SPEC, "training", "--json")
    assert now.stdout == before["status"].stdout
    found = {item["name"]: item for item in json.loads(now.stdout)["resources"]}
    assert found["wrong"]["cause"] == "wrong.py exited with code 1: ValueError: no"
    assert stack.pulumi("preview", f"--stack={STACK}", "--expect-no-changes").returncode == 0


def test_a_traceback_is_one_record_of_its_level(before: dict[str, Done]) -> None:
    assert before["wrong"].returncode == 0
    text = before["wrong"].stdout
    assert re.search(r"Z  WARNING  WARNING:root:odd\n", text)
    trace = re.search(
        r"Z  ERROR    Traceback [^Z]*\n    raise ValueError.*\nValueError: no\n", text
    )
    assert trace, text


@pytest.mark.parametrize("name", ["fine", "wrong"])
@pytest.mark.parametrize("more", [[], ["-f"]])
def test_a_viewer_sees_the_archived_log(
    viewer: Viewer, before: dict[str, Done], name: str, more: list[str]
) -> None:
    done = viewer.emctl("logs", SPEC, f"training/{name}", *more)
    assert done.stdout == before[name].stdout
    assert "archived, of the pod training-" in done.stderr
    if name == "wrong":
        said = "instance 0 ended with exit code 1: wrong.py exited with code 1: ValueError: no"
        assert said in before[name].stderr
        assert said in done.stderr
    assert done.returncode == (1 if more and name == "wrong" else 0)


def test_the_archive_is_where_it_is_said_to_be(stack: Checkout, viewer: Viewer) -> None:
    found = json.loads(viewer.emctl("describe", SPEC, "training/wrong", "--json").stdout)
    place = found["places"]["archive"]
    assert place == f"{LOGS}/wrong/{found['revision']}"
    names = {path.rpartition("/")[2] for path in stack.listing(place)}
    assert names == {"part-000000.log", "end.json"}


@pytest.mark.usefixtures("before")
def test_a_viewer_gets_no_keys_and_nowhere_else(viewer: Viewer) -> None:
    for refused in (
        ["get", "secrets"],
        ["exec", "log-reader-0", "--", "env"],
        ["get", "--raw", f"/api/v1/namespaces/{STACK}/pods/other/portforward"],
        ["get", "--raw", f"/api/v1/namespaces/{STACK}/pods/log-reader-0:8080/proxy/"],
    ):
        done = viewer.kubectl(*refused)
        assert done.returncode != 0
        assert "orbidden" in done.stderr, done.stderr
    reader = json.loads(viewer.kubectl("get", "pod", "log-reader-0", "-o", "json").stdout)
    for variable in reader["spec"]["containers"][0]["env"]:
        assert "value" in variable or "secretKeyRef" in variable["valueFrom"]


def test_the_reader_is_ready_and_no_resource_of_the_spec(stack: Checkout, viewer: Viewer) -> None:
    ready = ["--for=condition=Ready", "pod/log-reader-0", "--timeout=120s"]
    stack.cluster.kubectl("-n", STACK, "wait", *ready)
    assert "log-reader" not in viewer.emctl("status", SPEC).stdout
