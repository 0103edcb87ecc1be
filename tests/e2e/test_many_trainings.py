"""50 trainings declared at once: all complete, none is lost and none runs twice."""

from collections.abc import Iterator

import pytest

from tests.support.checkout import Checkout

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

NAME = "many"
COUNT = 50
SECONDS = 600
SPEC = f"stacks/{NAME}.yaml"
BUCKETS = "obs://objects.easymaker.localhost"
CODE = f"{BUCKETS}/examples/{NAME}"
# Each run of the script leaves a file of its own under the events, where nothing is replaced.
SCRIPT = """
import os, pathlib, uuid
pathlib.Path(os.environ["EM_TENSORBOARD_LOG_DIR"], uuid.uuid4().hex).write_text("ran")
pathlib.Path(os.environ["EM_MODEL_DIR"], "number").write_text(os.environ["EM_HP_NUMBER"])
"""
TEXT = f"""\
api_version: easymaker/v1
kind: Workspace
workspace: {NAME}
include: [platform/local.yaml]
platform:
  flavors:
    tiny: {{core_type: cpu, cpu: 1, memory: 256Mi, requests: {{cpu: 10m, memory: 32Mi}}}}
experiments: {{{NAME}: {{}}}}
trainings:
  t0:
    experiment: {NAME}
    algorithm: {{path: "{CODE}", entry_point: train.py}}
    hyperparameters: {{number: 0}}
    image: sklearn-cpu
    flavor: tiny
    output_data: {BUCKETS}/results/{NAME}
    max_time: 1h
""" + "".join(
    f"  t{number}: {{copy: t0, hyperparameters: {{number: {number}}}}}\n"
    for number in range(1, COUNT)
)


@pytest.fixture(name="stack", scope="module")
def _stack(checkout: Checkout) -> Iterator[Checkout]:
    (checkout.folder / SPEC).write_text(TEXT)
    for bucket in ("results", "system"):
        checkout.put(f"{BUCKETS}/{bucket}/keep", "")
    checkout.put(f"{CODE}/train.py", SCRIPT)
    call = checkout.plain_stack(NAME, SPEC)
    try:
        call("up", "--yes", "--skip-preview")
        yield checkout
    finally:
        # Nobody need wait until all of it is gone.
        checkout.cluster.kubectl("delete", "namespace", NAME, "--wait=false", "--ignore-not-found")
        call("stack", "rm", "--yes", "--force")


def test_all_complete_and_each_ran_once(stack: Checkout) -> None:
    trainings = ("-n", NAME, "-l", "easymaker.io/kind=training")
    stack.cluster.wait(*trainings, "job", "--for=condition=Complete", seconds=SECONDS)
    jobs = stack.cluster.get("jobs", *trainings)["items"]
    assert len(jobs) == COUNT
    counts = {(job["status"].get("succeeded"), job["status"].get("failed", 0)) for job in jobs}
    assert counts == {(1, 0)}

    results = stack.listing(f"{BUCKETS}/results/{NAME}")
    records = {path.partition("/")[0] for path in results if path.endswith("/completion.json")}
    assert records == {job["metadata"]["name"].removeprefix("training-") for job in jobs}
    events = stack.listing(f"{BUCKETS}/system/{NAME}/tensorboard/{NAME}")
    assert sorted(path.partition("/")[0] for path in events) == sorted(records)
    for run in (min(records), max(records)):
        found = stack.object(f"{BUCKETS}/results/{NAME}/{run}/model/number").decode()
        assert run.startswith(f"t{found}-")
