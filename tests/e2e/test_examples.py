"""Every example, applied as it is: trained, and served where it says so."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.checkout import Checkout
from tests.support.cluster import LocalCluster, until
from tests.support.web import Web
from tools import images

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

GUIDE = [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]
BUCKET = "obs://objects.easymaker.localhost"
IMAGES = (
    "tools",
    "python",
    "tensorflow",
    "pytorch",
    "tensorboard",
    "serving-tensorflow",
    "serving-pytorch",
    "serving-sklearn",
)


@pytest.fixture(scope="module", autouse=True)
def _images(cluster: LocalCluster) -> None:
    images.ensure_loaded(cluster.backend.images(), IMAGES, print)


@contextmanager
def up(checkout: Checkout, name: str) -> Iterator[str]:
    """An example that is up; what `emctl up` said. Removed at the end."""
    spec = f"examples/{name}/{name}.yaml"
    try:
        done = checkout.up(spec)
        assert done.returncode == 0, done.stdout + done.stderr
        yield done.stdout
    finally:
        down = checkout.down(spec)
    assert down.returncode == 0, down.stderr


def output(said: str, training: str) -> str:
    """The address of a training's output, as `emctl up` tells where its model is."""
    line = re.search(rf"^{training}: model at (\S+)/model(?:,|$)", said, re.MULTILINE)
    assert line, said
    return line[1]


def log(checkout: Checkout, workspace: str, run: str, index: int) -> str:
    """What one instance of a training printed."""
    selector = f"batch.kubernetes.io/job-name=training-{run}"
    index_label = f"batch.kubernetes.io/job-completion-index={index}"
    return checkout.cluster.kubectl(
        "-n", workspace, "logs", "-l", f"{selector},{index_label}", "-c", "main", "--tail=-1"
    )


def test_the_guides_sample_trains_and_is_served(checkout: Checkout, web: Web) -> None:
    with up(checkout, "guide") as said:
        place = output(said, "sample")
        assert "model/saved_model.pb" in checkout.record(place)["files"]
        run = place.rpartition("/")[2]
        kept = checkout.listing(f"{BUCKET}/checkpoints/guide/{run}")
        for epoch in ("0050", "0100"):
            assert any(f"cp-{epoch}.ckpt/" in name for name in kept), kept
        assert "model version 1.0" in log(checkout, "guide", run, 0)
        web.predict("http://sample.guide.easymaker.localhost/inference", GUIDE)


def test_pytorch_and_sklearn_are_stages_of_one_endpoint(checkout: Checkout, web: Web) -> None:
    with up(checkout, "frameworks") as said:
        files = checkout.record(output(said, "torch"))["files"].keys()
        assert {"model/model-store/iris.mar", "model/iris.pt"} <= files
        for host in ("iris", "torch-iris"):
            rows = web.predict(f"http://{host}.frameworks.easymaker.localhost/inference", GUIDE)
            assert [row.index(max(row)) for row in rows] == [1, 1]
        # A classifier of scikit-learn answers with its label, as KServe's server of it does.
        sklearn = "http://sklearn-iris.frameworks.easymaker.localhost/inference"
        answer = web.call(sklearn, {"instances": GUIDE})
        assert (answer.status, answer.json()) == (200, {"predictions": ["versicolor"] * 2})


def test_two_instances_train_one_model_together(checkout: Checkout) -> None:
    with up(checkout, "distributed") as said:
        names = ("keras", "keras-alone", "torch", "torch-alone", "torch-processes")
        found = {name: checkout.record(output(said, name))["metrics"] for name in names}
        assert [found[name]["workers"] for name in names] == [2, 1, 2, 1, 2]
        # As many rows a step: all that differs is the order in which numbers are added up.
        alone = found["torch-alone"]["loss"]
        for name in ("torch", "torch-processes"):
            assert found[name]["loss"] == pytest.approx(alone, rel=0.01), name
        assert found["keras"]["loss"] == pytest.approx(found["keras-alone"]["loss"], rel=0.01)
        run = output(said, "torch-processes").rpartition("/")[2]
        lines = log(checkout, "distributed", run, 0).splitlines()
        for rank in (0, 1):
            assert f"[rank{rank}]: rank {rank}: 2 of 2 take part" in lines
        for training in ("keras", "torch"):
            place = output(said, training)
            assert found[training]["accuracy"] >= 0.9
            logs = [
                log(checkout, "distributed", place.rpartition("/")[2], index) for index in (0, 1)
            ]
            told = (
                ("2 together, this is chief 0", "2 together, this is worker 0")
                if training == "keras"
                else ("rank 0: 2 of 2 take part", "rank 1: 2 of 2 take part")
            )
            for line, text in zip(told, logs, strict=True):
                assert line in text
        run = output(said, "torch").rpartition("/")[2]
        # A folder with event files is a run to TensorBoard: one for each instance and process.
        events = checkout.listing(f"{BUCKET}/system/distributed/tensorboard/iris/{run}")
        assert {path.rpartition("/")[0] for path in events} == {"0/0", "1/0"}


def answers(web: Web, url: str) -> None:
    """Wait for an answer: on a fifth of a CPU the time for a request may be over once."""
    until(lambda: web.call(url, {"instances": GUIDE}).status == 200, url, 120)


def test_jobs_and_endpoints_of_other_platforms_work_as_they_read(
    checkout: Checkout, web: Web
) -> None:
    with up(checkout, "translated") as said:
        figures = {
            training: checkout.record(output(said, training))["metrics"]
            for training in ("sagemaker", "azureml")
        }
        for name in ("my-endpoint", "blue-my-endpoint", "green-my-endpoint"):
            answers(web, f"http://{name}.translated.easymaker.localhost/score")
    assert {"rows": 150, "files": 3}.items() <= figures["sagemaker"].items()
    assert {"C": 0.8, "shrinking": 1}.items() <= figures["azureml"].items()
    assert min(found["accuracy"] for found in figures.values()) >= 0.9


def test_pulumi_alone_trains_from_nas_and_serves(checkout: Checkout, web: Web) -> None:
    """Without emctl: stack, configuration, up, up again when it is trained, destroy."""
    nas = checkout.cluster.folder / "nas"
    shutil.copytree(checkout.folder / "examples" / "iris", nas / "iris")
    for folder in ("results", "checkpoints"):
        (nas / folder).mkdir()
    pulumi = checkout.plain_stack("nas", "examples/nas/nas.yaml")
    try:
        pulumi("up", "--yes", "--skip-preview")
        (job,) = checkout.jobs("nas")
        condition = "--for=condition=Complete"
        checkout.cluster.wait("-n", "nas", f"job/{job}", condition, seconds=180)
        run = job.removeprefix("training-")
        record = json.loads((nas / "results" / run / "completion.json").read_text())
        assert record["metrics"]["accuracy"] >= 0.9
        for name, digest in record["files"].items():
            assert (nas / "results" / run / name).stat().st_size == digest["size"]
        assert list((nas / "checkpoints" / run).rglob("cp-0060.ckpt*"))
        pulumi("up", "--yes", "--skip-preview")
        url = "http://iris.nas.easymaker.localhost/inference"
        until(lambda: web.call(url, {"instances": GUIDE}).status == 200, "serving", 120)
        web.predict(url, GUIDE)
    finally:
        pulumi("destroy", "--yes", "--skip-preview")
        pulumi("stack", "rm", "--yes")
    # NAS belongs to the user.
    assert (nas / "results" / run / "completion.json").exists()
    claims = checkout.cluster.get("persistentvolumes")["items"]
    assert not [c for c in claims if c["spec"].get("claimRef", {}).get("namespace") == "nas"]


def test_gpus_run_out_with_a_status_that_says_so(checkout: Checkout, web: Web) -> None:
    gpus = checkout.cluster.emctl("up", "--simulate-gpus=2")
    assert gpus.returncode == 0, gpus.stderr
    spec = checkout.folder / "examples/gpu/gpu.yaml"
    before = spec.read_text()
    with up(checkout, "gpu") as said:
        assert checkout.record(output(said, "iris"))["status"] == "COMPLETE"
        url = "http://iris.gpu.easymaker.localhost/inference"
        assert web.call(url, {"instances": GUIDE}).status == 200
        (pod,) = checkout.cluster.get("pods", "-n", "gpu", "-l", "easymaker.io/kind=stage")["items"]
        limits = pod["spec"]["containers"][0]["resources"]["limits"]
        assert limits["nvidia.com/gpu"] == "1"
        # One of two GPUs serves: what wants both finds no room.
        third = "\ntrainings:\n  third: {copy: iris, flavor: g2.c1m2}"
        spec.write_text(before.replace("\ntrainings:", third))
        try:
            checkout.pulumi_on("gpu")("up", "--yes", "--skip-preview")

            def says_so() -> bool:
                status = checkout.emctl("status", "examples/gpu/gpu.yaml").stdout
                (line,) = [text for text in status.splitlines() if "third" in text]
                return "CREATE IN PROGRESS" in line and "too few GPUs left" in line

            until(says_so, "a status that names the GPU", 60)
        finally:
            spec.write_text(before)
