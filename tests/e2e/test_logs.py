"""`emctl logs` and `emctl describe` on what `make up` applied."""

import json
import re
import signal
import subprocess
import sys

import pytest

from tests.support.checkout import Checkout

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800), pytest.mark.usefixtures("applied")]

SPEC = "stacks/local.yaml"
PLAIN = "  iris-sklearn:\n    experiment: iris\n"
"""Where the spec speaks of the second training."""


def test_log_of_a_training_is_whole_and_follows_to_its_end(checkout: Checkout) -> None:
    once = checkout.emctl("logs", SPEC, "training/iris-sklearn")
    assert (once.returncode, once.stderr) == (0, "")
    followed = checkout.emctl("logs", SPEC, "training/iris-sklearn", "-f")
    assert (followed.returncode, followed.stdout) == (0, once.stdout)
    assert followed.stderr == "training/iris-sklearn: COMPLETE\n"
    pods = checkout.cluster.get("pods", "-n", "iris", "-l", "easymaker.io/name=iris-sklearn")
    name = max(pods["items"], key=lambda pod: pod["metadata"]["creationTimestamp"])
    said = checkout.cluster.kubectl("logs", "-n", "iris", name["metadata"]["name"])
    assert once.stdout == said


@pytest.mark.parametrize("what", ["stage/iris/blue", "notebook/explore", "experiment/iris"])
def test_what_runs_has_a_log(checkout: Checkout, what: str) -> None:
    done = checkout.emctl("logs", SPEC, what)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_ctrl_c_ends_a_followed_log_cleanly(checkout: Checkout) -> None:
    with subprocess.Popen(
        [
            *(sys.executable, "-c", "from cli.main import main; main()"),
            *("logs", SPEC, "notebook/explore", "-f"),
        ],
        cwd=checkout.folder,
        env=checkout.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        assert following.stdout.readline()
        following.send_signal(signal.SIGINT)
        _, said = following.communicate(timeout=30)
    assert (following.returncode, said) == (130, "")


def test_records_are_readable_and_a_failure_is_explained(checkout: Checkout) -> None:
    before = checkout.spec.read_text()
    managed = f"{PLAIN}    log_management: true\n"
    checkout.change(PLAIN, managed)
    path = "examples/iris/code/sklearn\n      entry_point: "
    checkout.change(f"{path}train.py", f"{path}nothere.py")
    try:
        assert checkout.up().returncode == 1
        for more in ([], ["-f"]):
            done = checkout.emctl("logs", SPEC, "training/iris-sklearn", *more)
            lines = done.stdout.splitlines()
            pattern = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z  (INFO   |WARNING|ERROR  )  .+"
            assert lines
            assert all(re.fullmatch(pattern, line) for line in lines), done.stdout
            assert "instance 0 ended with exit code 215: the entry point nothere.py" in done.stderr
            assert done.returncode == (1 if more else 0)
        found = json.loads(
            checkout.emctl("describe", SPEC, "training/iris-sklearn", "--json").stdout
        )
    finally:
        checkout.spec.write_text(before)
    assert found["status"] == "FAIL TRAIN"
    assert found["revision"] == found["declared_revision"]
    assert found["spec"]["algorithm"]["entry_point"] == "nothere.py"
    assert checkout.up().returncode == 0


def test_described_training_names_where_its_model_lies(checkout: Checkout) -> None:
    done = checkout.emctl("describe", SPEC, "training/iris-keras", "--json")
    found = json.loads(done.stdout)
    assert (found["status"], found["cause"]) == ("COMPLETE", None)
    assert checkout.record(found["places"]["output"])["status"] == "COMPLETE"
    assert checkout.listing(found["places"]["checkpoints"])
    assert checkout.listing(found["places"]["event_files"])
