"""What a person changes later, and what that touches and does not touch."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import Checkout
from tests.support.web import Web, load

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.usefixtures("applied")]

PLATFORM = "stacks/platform/local.yaml"
RESULTS = "obs://objects.easymaker.localhost/results/iris"
ENDPOINT = "http://iris.iris.easymaker.localhost/inference"
GUIDE = [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]
STAGE = ("-n", "iris", "-l", "easymaker.io/kind=stage")
WAITING = """\
import os, time
while not os.path.exists("/tmp/go"):
    time.sleep(0.1)
"""


def pods(checkout: Checkout) -> dict[str, tuple[str, int]]:
    """Identity and restarts of every pod; those of the clean-up come and go by the hour."""
    lasting = ("-n", "iris", "-l", "easymaker.io/kind!=retention")
    items = checkout.cluster.get("pods", *lasting)["items"]
    return {
        item["metadata"]["name"]: (
            item["metadata"]["uid"],
            sum(status["restartCount"] for status in item["status"]["containerStatuses"]),
        )
        for item in items
    }


def applied_directly(checkout: Checkout) -> str:
    """`pulumi up`, which waits for no training."""
    done = checkout.pulumi("up", "--yes", "--skip-preview", "--stack=local")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def spec(checkout: Checkout) -> Iterator[Path]:
    """The spec, to be changed; applied as it was afterwards."""
    files = [checkout.folder / "stacks" / "local.yaml", checkout.folder / PLATFORM]
    before = [file.read_text() for file in files]
    yield files[0]
    for file, text in zip(files, before, strict=True):
        file.write_text(text)
    applied_directly(checkout)


def test_order_of_keys_changes_nothing(checkout: Checkout, spec: Path) -> None:
    header, *sections = re.split(r"\n(?=[a-z]+:\n)", spec.read_text())
    assert len(sections) == 5
    spec.write_text("\n".join([header, *(reversed_entries(text) for text in reversed(sections))]))
    done = checkout.pulumi("preview", "--expect-no-changes", "--stack=local")
    assert done.returncode == 0, done.stdout


def reversed_entries(section: str) -> str:
    """A section with its entries in the other order."""
    title, *entries = re.split(r"\n(?=  [a-z-]+:)", section.rstrip("\n"))
    return "\n".join([title, *reversed(entries), ""])


def test_what_is_said_about_things_touches_no_pod(checkout: Checkout, spec: Path) -> None:
    before = pods(checkout)
    text = spec.read_text()
    for old, new in (
        ("Telling irises apart", "in other words"),
        ("one dense layer", "in other words"),
        ("tells irises apart", "in other words"),
        ("display_name: Exploration", "display_name: Other words"),
        ("training: iris-keras}", "training: iris-keras, description: d, tags: {team: vision}}"),
        ("    max_time: 1h\n", "    max_time: 2h\n    tags: {team: vision}\n"),
        ("    data_storage: 10\n", "    data_storage: 10\n    tags: {team: vision}\n"),
    ):
        assert old in text
        text = text.replace(old, new)
    spec.write_text(text)
    operations = set(checkout.preview().values())
    assert operations == {"same", "update"}
    applied_directly(checkout)
    assert pods(checkout) == before


def test_a_running_training_outlives_a_new_launcher_and_a_new_image(
    checkout: Checkout, spec: Path
) -> None:
    code = "obs://objects.easymaker.localhost/examples/waiting/code"
    checkout.put(f"{code}/train.py", WAITING)
    (sklearn,) = re.findall(r"  iris-sklearn:\n(?:    .*\n)+", spec.read_text())
    waiting = re.sub(r"obs://\S+/code/sklearn", code, sklearn)
    waiting = waiting.replace("iris-sklearn", "waiting")
    spec.write_text(spec.read_text().replace(sklearn, sklearn + waiting))
    applied_directly(checkout)
    (job,) = [name for name in checkout.jobs() if name.startswith("training-waiting-")]
    cluster = checkout.cluster
    cluster.wait("-n", "iris", f"job/{job}", "--for=jsonpath={.status.ready}=1", seconds=90)
    before = pods(checkout)

    launcher = checkout.folder / "runtime" / "launcher" / "record.py"
    text = launcher.read_text()
    launcher.write_text(text + "# a later launcher\n")
    try:
        checkout.change("      image: python\n", "      image: tools\n", PLATFORM)
        applied_directly(checkout)
        assert pods(checkout) == before
        cluster.kubectl("-n", "iris", "exec", f"job/{job}", "-c", "main", "--", "touch", "/tmp/go")
        cluster.wait("-n", "iris", f"job/{job}", "--for=condition=Complete", seconds=90)
    finally:
        launcher.write_text(text)


def test_a_hyperparameter_makes_one_job_and_then_the_stage_rolls_without_a_failed_request(
    checkout: Checkout, web: Web, spec: Path
) -> None:
    cluster = checkout.cluster
    jobs, served = checkout.jobs(), stage(checkout)
    outputs = json.loads(checkout.pulumi("stack", "output", "--json", "--stack=local").stdout)
    old = outputs["trainings"]["iris-keras"]["job"]
    output = f"{RESULTS}/{old.removeprefix('training-')}"
    kept = checkout.listing(output)

    checkout.change("epochs: 60", "epochs: 50")
    previewed = checkout.preview()
    created = [urn for urn, operation in previewed.items() if operation == "create"]
    assert len(created) == 1
    applied_directly(checkout)
    assert previewed.keys() == checkout.urns().keys()
    (new,) = set(checkout.jobs()) - set(jobs)
    assert created[0].endswith(f"::{new}")
    assert set(checkout.jobs()) == {*jobs, new}
    assert stage(checkout) == served

    cluster.wait("-n", "iris", f"job/{new}", "--for=condition=Complete", seconds=180)
    assert checkout.listing(output) == kept
    assert stage(checkout) == served
    shown = checkout.pulumi("preview", "--diff", "--stack=local").stdout
    for job in (old, new):
        assert job.rpartition("-")[2] in shown

    with changed_artifact(checkout, new) as sentence:
        refused = checkout.pulumi("up", "--yes", "--skip-preview", "--stack=local")
    assert refused.returncode != 0
    assert sentence in " ".join((refused.stdout + refused.stderr).split())
    assert stage(checkout) == served

    with load(web, ENDPOINT, {"instances": GUIDE}, rate=20) as seen:
        applied_directly(checkout)
        cluster.kubectl("rollout", "status", "deployment", *STAGE, "--timeout=120s")
        for pod in served["pods"]:
            cluster.wait("-n", "iris", f"pod/{pod}", "--for=delete", seconds=90)
    assert seen.outcomes.keys() == {"200"}
    assert seen.outcomes["200"] >= 60
    assert not stage(checkout)["pods"] & served["pods"]
    web.predict(ENDPOINT, GUIDE)


@contextmanager
def changed_artifact(checkout: Checkout, job: str) -> Iterator[str]:
    """While a file of what the Job made is another one: what an apply says to that."""
    output = f"{RESULTS}/{job.removeprefix('training-')}"
    files = checkout.record(output)["files"]
    path = min(files, key=lambda name: files[name]["size"])
    content = checkout.object(f"{output}/{path}")
    checkout.put(f"{output}/{path}", content + b"x")
    yield (
        f"endpoints.iris.stages.blue: it stays as it is: {output}/model: the artifact is not what "
        f"its training made: {path.removeprefix('model/')} is different"
    )
    checkout.put(f"{output}/{path}", content)


def stage(checkout: Checkout) -> dict[str, Any]:
    """What serves: the Deployment's template, and its pods."""
    (deployment,) = checkout.cluster.get("deployments", *STAGE)["items"]
    found = checkout.cluster.get("pods", *STAGE)["items"]
    return {
        "template": deployment["spec"]["template"],
        "pods": {pod["metadata"]["name"] for pod in found},
    }
