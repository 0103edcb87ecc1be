"""A person's path after `make up`, looked at from outside: gateway, bucket, cluster."""

import base64
import csv
import hashlib
import json
import re
from typing import Any

import pytest

from tests.support.checkout import Checkout, Done
from tests.support.cluster import until
from tests.support.web import Web

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

RESULTS = "obs://objects.easymaker.localhost/results/iris"
CHECKPOINTS = "obs://objects.easymaker.localhost/checkpoints/iris"
ENDPOINT = "http://iris.iris.easymaker.localhost/inference"
STAGE = "http://blue-iris.iris.easymaker.localhost/inference"
TENSORBOARD = "http://tensorboard-iris.iris.easymaker.localhost"
NOTEBOOK = "http://notebook-explore.iris.easymaker.localhost"
GUIDE = [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]
SPECIES = ["setosa", "versicolor", "virginica"]


def keras_run(checkout: Checkout) -> str:
    """`iris-keras-REVISION`, of the only Job that there is of it."""
    (job,) = [name for name in checkout.jobs() if name.startswith("training-iris-keras-")]
    return job.removeprefix("training-")


def test_urls_and_a_curl_line_are_printed_and_the_line_works(
    checkout: Checkout, applied: Done
) -> None:
    port = checkout.cluster.gateway_port
    for url in (ENDPOINT, STAGE, TENSORBOARD, NOTEBOOK):
        host = url.removeprefix("http://").partition("/")[0]
        assert f"http://{host}:{port}" in applied.stdout
    line = re.search(r"^ *(curl (?:.*\\\n)*.*)$", applied.stdout, re.MULTILINE)
    assert line, applied.stdout
    done = checkout.run(["bash", "-c", line[1]])
    assert done.returncode == 0, done.stderr
    assert re.search(r'"predictions": *\[', done.stdout), done.stdout


@pytest.mark.usefixtures("applied")
@pytest.mark.parametrize("url", [ENDPOINT, STAGE])
def test_the_guides_two_instances_get_two_rows_of_probabilities(web: Web, url: str) -> None:
    web.predict(url, GUIDE)


@pytest.mark.usefixtures("applied")
def test_nine_of_ten_flowers_are_told_right_through_the_gateway(
    checkout: Checkout, web: Web
) -> None:
    with (checkout.folder / "examples/iris/data/iris.csv").open(newline="") as file:
        flowers = list(csv.DictReader(file))
    species = [flower.pop("species") for flower in flowers]
    assert len(species) == 150
    rows = web.predict(ENDPOINT, [[float(size) for size in row.values()] for row in flowers])
    told = [SPECIES[row.index(max(row))] for row in rows]
    assert sum(a == b for a, b in zip(told, species, strict=True)) >= 135


@pytest.mark.usefixtures("applied")
def test_model_checkpoints_and_record_are_in_the_bucket(checkout: Checkout) -> None:
    run = keras_run(checkout)
    record = checkout.record(f"{RESULTS}/{run}")
    assert record["status"] == "COMPLETE"
    assert record["metrics"]["accuracy"] >= 0.9
    assert {"model/saved_model.pb", "model/metrics.json"} <= record["files"].keys()
    there = checkout.listing(f"{RESULTS}/{run}")
    assert there.keys() - {"completion.json"} >= record["files"].keys()
    assert_digests(checkout, f"{RESULTS}/{run}", record["files"])

    # Each generation of checkpoints is closed by a manifest; the newest has the last epoch.
    kept = f"{CHECKPOINTS}/{run}"
    newest = max(name for name in checkout.listing(kept) if re.fullmatch(r"[^/]+\.json", name))
    files = json.loads(checkout.object(f"{kept}/{newest}"))["files"]
    assert {"checkpoint", "cp-0060.ckpt.index"} <= files.keys()
    assert_digests(checkout, f"{kept}/{newest.removesuffix('.json')}", files)


def assert_digests(checkout: Checkout, place: str, files: dict[str, Any]) -> None:
    """What lies at a place is what its record says."""
    for name, digest in files.items():
        content = checkout.object(f"{place}/{name}")
        assert digest == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.usefixtures("applied")
def test_tensorboard_lists_the_run_and_its_scalars(checkout: Checkout, web: Web) -> None:
    run = f"{keras_run(checkout)}/train"
    token = {"Authorization": f"Bearer {token_of(checkout, 'experiment-iris')}"}

    def is_listed() -> bool:
        answer = web.call(f"{TENSORBOARD}/data/runs", headers=token)
        return answer.status == 200 and run in answer.json()

    until(is_listed, "the run's appearance in TensorBoard", 90)
    tags = web.call(f"{TENSORBOARD}/data/plugin/scalars/tags", headers=token).json()[run]
    assert {"epoch_loss", "epoch_accuracy"} <= tags.keys()
    query = f"run={run.replace('/', '%2F')}&tag=epoch_accuracy"
    address = f"{TENSORBOARD}/data/plugin/scalars/scalars?{query}"
    points = web.call(address, headers=token).json()
    assert len(points) == 60
    _, step, accuracy = points[-1]
    assert step == 59
    assert accuracy >= 0.9


@pytest.mark.usefixtures("applied")
def test_notebook_answers_with_its_token_and_refuses_without(checkout: Checkout, web: Web) -> None:
    token = token_of(checkout, "notebook-explore")
    for headers, status in (
        ({}, 403),
        ({"Authorization": "token wrong"}, 403),
        ({"Authorization": f"token {token}"}, 200),
    ):
        assert web.call(f"{NOTEBOOK}/api/contents", headers=headers).status == status
    names = web.call(f"{NOTEBOOK}/api/contents?token={token}").json()["content"]
    assert "custom-conda-envs" in [entry["name"] for entry in names]
    # What it shows is the volume that stays.
    inside = ("-n", "iris", "exec", "notebook-explore-0", "--")
    checkout.cluster.kubectl(*inside, "mountpoint", "-q", "/root/easymaker")


@pytest.mark.usefixtures("applied")
def test_tensorboard_answers_with_its_token_and_refuses_without(
    checkout: Checkout, web: Web
) -> None:
    token = token_of(checkout, "experiment-iris")
    other = token_of(checkout, "notebook-explore")
    for headers, status in (
        ({}, 401),
        ({"Authorization": f"Bearer {other}"}, 401),
        ({"Authorization": f"Bearer {token}"}, 200),
    ):
        assert web.call(f"{TENSORBOARD}/data/environment", headers=headers).status == status
    done = checkout.emctl("open", "--print", "stacks/local.yaml", "experiment/iris")
    assert done.stdout == (
        f"{TENSORBOARD}:{checkout.cluster.gateway_port}/login?token={token}&next=%2F\n"
    )
    answer = web.call(done.stdout.strip())
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    page = web.call(f"{TENSORBOARD}/", headers={"Cookie": cookie})
    assert page.status == 200
    assert b"<title>TensorBoard" in page.body
    assert page.headers["Referrer-Policy"] == "no-referrer"


def token_of(checkout: Checkout, secret: str) -> str:
    """As a container gets it: from its Secret."""
    found = checkout.cluster.get("secret", secret, "-n", "iris")
    return base64.b64decode(found["data"]["token"]).decode()


@pytest.mark.usefixtures("applied")
def test_the_token_is_nowhere_but_in_its_secret(checkout: Checkout, applied: Done) -> None:
    tokens = [token_of(checkout, name) for name in ("notebook-explore", "experiment-iris")]
    state = checkout.pulumi("stack", "export").stdout
    logs = checkout.cluster.kubectl("-n", "iris", "logs", "notebook-explore-0")
    logs += checkout.cluster.kubectl(
        "-n", "iris", "logs", "deploy/experiment-iris", "-c=tensorboard"
    )
    objects = checkout.cluster.kubectl("-n", "iris", "get", "all,configmaps,httproutes", "-o=json")
    for text in (state, logs, objects, applied.stdout, applied.stderr):
        for token in tokens:
            assert token not in text


@pytest.mark.usefixtures("applied")
def test_every_resource_stands_in_a_component(checkout: Checkout) -> None:
    parents = checkout.urns()
    for urn, parent in parents.items():
        kind = urn.split("::")[2].rpartition("$")[2]
        if kind.startswith("kubernetes:"):
            assert parent.split("::")[2].rpartition("$")[2].startswith("easymaker:"), urn
        elif kind.startswith("easymaker:"):
            assert parent, urn


@pytest.mark.usefixtures("applied")
def test_status_says_that_everything_is_well(checkout: Checkout) -> None:
    done = checkout.emctl("status", "stacks/local.yaml")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for name, word in (
        ("iris-keras", "COMPLETE"),
        ("iris-sklearn", "COMPLETE"),
        ("explore", "ACTIVE (HEALTHY)"),
        ("blue", "ACTIVE"),
    ):
        assert any(name in line and word in line for line in lines), done.stdout
