"""Every word that a status can be, as `emctl status` tells it while its situation comes about."""

import datetime
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.checkout import Checkout
from tests.support.cluster import LocalCluster, Manifest, until
from tests.support.situations import (
    FIRST_SECONDS,
    HOST,
    SCRIPTS,
    STACK,
    TEXT,
    TOP,
    Seen,
    changed,
    slow_model,
    without,
    words,
)
from tests.support.told import Told
from tests.support.web import Web
from tools import images

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

SPEC = f"stacks/{STACK}.yaml"
LOAD_SECONDS = 400 if "SOAK" in os.environ else 90
"""What the slow model takes to load."""
ROWS = {"instances": [[1.0, 2.0, 3.0, 4.0]]}
HELD = "easymaker-test-held"
"""Keeps the pods of a training from being cleaned up."""
_EMCTL = [sys.executable, "-c", "from cli.main import main; main()"]


def holding(training: str) -> list[Manifest]:
    """Has the API server refuse that the Job controller lets go of a training's pods."""
    api = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": HELD}}
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["UPDATE"],
        "resources": ["pods"],
    }
    tracked = "'batch.kubernetes.io/job-tracking' in {}.metadata.?finalizers.orValue([])"
    kept = f"!({tracked.format('oldObject')}) || ({tracked.format('object')})"
    other = f"object.metadata.labels[?'easymaker.io/name'].orValue('') != '{training}'"
    return [
        {
            **api,
            "kind": "ValidatingAdmissionPolicy",
            "spec": {
                "matchConstraints": {
                    "resourceRules": [rule],
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": STACK}},
                },
                "validations": [{"expression": f"{other} || {kept}"}],
            },
        },
        {
            **api,
            "kind": "ValidatingAdmissionPolicyBinding",
            "spec": {"policyName": HELD, "validationActions": ["Deny"]},
        },
    ]


@dataclass
class Lab:
    """The stack, its first apply that may still go on, and what is seen of it since before."""

    checkout: Checkout
    pulumi: Callable[..., str]
    seen: Seen
    applying: Told

    @property
    def cluster(self) -> LocalCluster:
        return self.checkout.cluster

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.cluster.kubectl("-n", STACK, *arguments, stdin=stdin)

    def pods_of(self, selector: str) -> list[Any]:
        found: list[Any] = self.cluster.get("pods", "-n", STACK, "-l", selector)["items"]
        return found


def started(checkout: Checkout, argv: list[str], **more: str) -> Told:
    return Told(
        subprocess.Popen(
            argv,
            cwd=checkout.folder,
            env={**checkout.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
    )


@pytest.fixture(name="lab", scope="module")
def _lab(checkout: Checkout) -> Iterator[Lab]:
    """All of it is being applied."""
    cluster, file = checkout.cluster, checkout.folder / SPEC
    needed = ["tools", "python", "serving-sklearn", "notebook-python", "tensorboard"]
    images.ensure_loaded(cluster.backend.images(), needed, print)
    for name, script in SCRIPTS.items():
        checkout.put(f"{TOP}/code/{name}/train.py", script)
    checkout.put(f"{TOP}/slow/model.joblib", slow_model(LOAD_SECONDS))
    checkout.put(f"{TOP}/corrupt/model.joblib", b"no pickle")
    file.write_text(changed())
    pulumi = checkout.plain_stack(STACK, SPEC)
    seen = Seen(started(checkout, [*_EMCTL, "status", SPEC, "--watch", "--json"]))
    try:
        cluster.apply(*holding("fit"))
        for what in ("training/fit", "experiment/board", "model/slow", "notebook/stays"):
            seen.until(what, "CREATE REQUESTED")
        seen.until("endpoint/slow", "CREATE REQUESTED", "API Gateway: CREATE IN PROGRESS")
        seen.until("stage/slow/blue", "CREATE REQUESTED")
        file.write_text(TEXT)
        up = ["pulumi", "up", "--yes", "--skip-preview", f"--stack={STACK}", "--non-interactive"]
        passphrase = str(checkout.folder / ".state" / "passphrase")
        applying = started(checkout, up, PULUMI_CONFIG_PASSPHRASE_FILE=passphrase)
        try:
            yield Lab(checkout, pulumi, seen, applying)
        finally:
            applying.process.wait()
    finally:
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            cluster.kubectl("delete", kind, HELD, "--ignore-not-found")
        pulumi("destroy", "--yes", "--skip-preview")
        pulumi("stack", "rm", "--yes")
        seen.told.end()
        checkout.remove(TOP)


def test_what_is_being_made(lab: Lab) -> None:
    seen = lab.seen
    seen.until("training/long", "CREATE IN PROGRESS", "RUNNING")
    seen.until("training/blocked", "CREATE FAILED")
    seen.until("training/fit", "COMPLETE IN PROGRESS")
    seen.until("model/fitted", "CREATE IN PROGRESS")
    seen.until("model/unmade", "CREATE FAILED")
    seen.until("model/slow", "ACTIVE")
    lab.cluster.kubectl("delete", "validatingadmissionpolicybinding", HELD)
    seen.until("training/fit", "COMPLETE")
    seen.until("model/fitted", "ACTIVE")
    seen.until("training/fails", "FAIL TRAIN IN PROGRESS", "FAIL TRAIN")
    progress = ("CREATE RESOURCE IN PROGRESS", "CREATE EXPERIMENT IN PROGRESS")
    seen.until("experiment/board", *progress, "ACTIVE")
    seen.until("notebook/stays", "CREATE IN PROGRESS", "ACTIVE (HEALTHY)")
    seen.until("notebook/starts", "STOPPED")
    seen.until("notebook/never", "CREATE FAILED")
    seen.until("stage/waits/blue", "CREATE IN PROGRESS")
    seen.until("stage/unmade/blue", "CREATE FAILED")
    seen.until("endpoint/unmade", "CREATE FAILED")


def test_what_gateways_say_of_routes(lab: Lab) -> None:
    seen, what, name = lab.seen, "stage/waits/blue", "httproute/stage-blue-waits"
    seen.until(what, "API Gateway: ACTIVE")
    made = lab.cluster.get("-n", STACK, name)
    made = {key: made[key] for key in ("apiVersion", "kind", "metadata", "spec")}
    for key in ("creationTimestamp", "generation", "resourceVersion", "uid"):
        del made["metadata"][key]
    (parent,) = made["spec"]["parentRefs"]
    elsewhere = {**made, "spec": {**made["spec"], "parentRefs": [{**parent, "name": "nobody"}]}}
    lab.cluster.apply(elsewhere)
    seen.until(what, "API Gateway: STAGE DEPLOYING")
    lab.kubectl("delete", name)
    seen.until(what, "API Gateway: NOT FOUND: STAGE")
    lab.cluster.apply(elsewhere)
    seen.until(what, "API Gateway: NOT FOUND: STAGE DEPLOY RESULT")
    lab.cluster.apply(made)
    seen.until_now(what, "CREATE IN PROGRESS", "waits for the training long")


def test_routes_that_lead_nowhere(lab: Lab) -> None:
    seen = lab.seen
    lab.kubectl("delete", "service", "stage-blue-waits", "experiment-board", "notebook-stays")
    seen.until("stage/waits/blue", "API Gateway: STAGE DEPLOY FAIL", "CREATE FAILED")
    seen.until("experiment/board", "FAILED TO CREATE EXPERIMENT")
    seen.until("notebook/stays", "ACTIVE (UNHEALTHY)")


def test_tensorboard_for_which_there_is_no_room(lab: Lab) -> None:
    lab.kubectl("create", "quota", "none", "--hard=requests.cpu=1m")
    lab.kubectl("delete", "pod", "-l", "easymaker.io/kind=experiment", "--wait=false")
    lab.kubectl("delete", "httproute", "experiment-board")
    lab.seen.until("experiment/board", "FAILED TO CREATE RESOURCE")
    lab.kubectl("delete", "quota", "none")


# A23 of the project's cases.
@pytest.mark.soak
def test_a_model_that_loads_for_long_is_waited_for(lab: Lab, web: Web) -> None:
    url, what = f"http://{HOST}/inference", "stage/slow/blue"
    # Nobody is let in before the model has answered its first call.
    begun = lab.seen.until_said(what, "loads the model since ")
    asked = datetime.datetime.now(datetime.UTC).isoformat()
    status = web.call(url, ROWS).status
    lab.seen.until(what, "DEPLOY IN PROGRESS", "API Gateway: ACTIVE", "ACTIVE")
    lab.seen.until("endpoint/slow", "CREATE IN PROGRESS")
    (pod,) = lab.pods_of("easymaker.io/endpoint=slow")
    (server,) = pod["status"]["containerStatuses"]
    assert (server["restartCount"], server["state"]["running"]["startedAt"]) == (0, begun)
    (ready,) = (found for found in pod["status"]["conditions"] if found["type"] == "Ready")
    assert seconds(begun, ready["lastTransitionTime"]) >= LOAD_SECONDS + FIRST_SECONDS
    assert status == 503 or seconds(ready["lastTransitionTime"], asked) > 0
    until(lambda: web.call(url, ROWS).status == 200, "the first answer", FIRST_SECONDS / 2)
    assert lab.applying.process.wait() == 0, lab.applying.lines


def seconds(begin: str, end: str) -> float:
    first, last = (datetime.datetime.fromisoformat(moment) for moment in (begin, end))
    return (last - first).total_seconds()


def test_what_is_being_changed(lab: Lab) -> None:
    seen = lab.seen
    assert lab.applying.process.wait() == 0, lab.applying.lines
    seen.until("endpoint/slow", "ACTIVE")
    (lab.checkout.folder / SPEC).write_text(changed())
    done = lab.checkout.pulumi("up", "--yes", "--skip-preview", f"--stack={STACK}")
    assert done.returncode != 0
    assert "endpoints.slow.stages.corrupt: DEPLOY FAILED: " in done.stdout
    seen.until("stage/slow/corrupt", "DEPLOY IN PROGRESS", "DEPLOY FAILED")
    seen.until("endpoint/slow", "UPDATE IN PROGRESS", "UPDATE FAILED")
    seen.until("training/long", "STOP IN PROGRESS", "STOPPED")
    seen.until("notebook/stays", "STOP IN PROGRESS", "STOPPED")
    seen.until("notebook/starts", "START IN PROGRESS", "ACTIVE (HEALTHY)")
    seen.until("notebook/too-large", "START FAILED")


def test_what_is_being_removed(lab: Lab) -> None:
    for change in ('["example.test/held"]', "null"):
        patch = f'{{"metadata": {{"finalizers": {change}}}}}'
        lab.kubectl("patch", "configmap", "model-slow", "--type=merge", f"--patch={patch}")
        if change != "null":
            lab.kubectl("delete", "configmap", "model-slow", "--wait=false")
            lab.seen.until("model/slow", "DELETE IN PROGRESS")
    # With the whole workspace all would go at once.
    (lab.checkout.folder / SPEC).write_text(without())
    lab.pulumi("up", "--yes", "--skip-preview")
    for what in ("endpoint/slow", "stage/slow/blue", "notebook/starts"):
        lab.seen.until(what, "DELETE IN PROGRESS")


def test_no_word_of_the_tables_was_missing(lab: Lab) -> None:
    assert lab.seen.all() == words()
    assert not lab.seen.unexplained
