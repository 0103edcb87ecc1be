"""The main job on real input: what `emctl up` leaves, and what it says to what is wrong."""

import hashlib
import json
import re

import pytest

from tests.support.checkout import Checkout, Done

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

RESULTS = "obs://objects.easymaker.localhost/results/iris"
PLATFORM = "stacks/platform/local.yaml"
SKLEARN = "entry_point: train.py\n    hyperparameters: {max_iter"
"""Where the spec speaks of the second training's entry point."""


def test_up_ends_with_the_model_in_the_bucket(checkout: Checkout, applied: Done) -> None:
    line = re.search(
        rf"^iris-sklearn: model at ({RESULTS}/iris-sklearn-[0-9a-f]+)/model, accuracy (\S+)$",
        applied.stdout,
        re.MULTILINE,
    )
    assert line, applied.stdout
    found = checkout.record(line[1])
    assert found["status"] == "COMPLETE"
    assert found["metrics"]["accuracy"] >= 0.9
    assert float(line[2]) == pytest.approx(found["metrics"]["accuracy"], abs=1e-3)
    names = ("model.joblib", "metrics.json", "serving_input_example.json")
    assert {f"model/{name}" for name in names} == found["files"].keys()
    for name, digest in found["files"].items():
        content = checkout.object(f"{line[1]}/{name}")
        assert digest == {
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }


def test_keys_are_in_no_output_and_in_no_file(checkout: Checkout, applied: Done) -> None:
    storage = checkout.cluster.storage
    written = [*(checkout.folder / "stacks").rglob("*"), *(checkout.folder / ".state").rglob("*")]
    texts = [path.read_text() for path in written if path.is_file()]
    assert any("iris-credentials" in text for text in texts)
    for text in [applied.stdout, applied.stderr, *texts]:
        assert storage.secret_key not in text
    assert (checkout.folder / ".state" / "passphrase").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("applied")
def test_again_changes_nothing_and_says_so(checkout: Checkout) -> None:
    kinds = ("jobs,deployments,statefulsets,services,configmaps,secrets", "-n", "iris")
    before = checkout.cluster.get(*kinds)["items"]
    done = checkout.up()
    assert done.returncode == 0, done.stderr
    assert "stack local: nothing to change" in done.stderr
    assert "examples: nothing to upload" in done.stderr
    assert checkout.cluster.get(*kinds)["items"] == before


@pytest.mark.usefixtures("applied")
def test_pulumi_itself_sees_no_change_before_and_after_refresh(checkout: Checkout) -> None:
    for arguments in (
        ("preview", "--expect-no-changes"),
        ("refresh", "--yes", "--skip-preview", "--expect-no-changes"),
        ("preview", "--expect-no-changes"),
    ):
        done = checkout.pulumi(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stdout + done.stderr


@pytest.mark.usefixtures("applied")
def test_a_wrong_spec_shows_what_validate_shows_exactly_once(checkout: Checkout) -> None:
    before = checkout.spec.read_text()
    checkout.change(SKLEARN, SKLEARN.replace("entry_point", "entry_pont"))
    checkout.change("default_stage: blue", "default_stage: bleu")
    checkout.change("boot_storage: 10", "boot_storage: 15")
    try:
        validated = checkout.emctl("validate", "stacks/local.yaml").stderr
        lines = [line for line in validated.splitlines() if line.startswith("stacks/")]
        assert len(lines) == 4, validated  # the key that is unknown is missing, too
        for done in (checkout.up(), checkout.pulumi("preview")):
            shown = done.stdout + done.stderr
            assert done.returncode not in (0, 2)
            assert [shown.count(line) for line in lines] == [1] * len(lines), shown
            assert "Traceback" not in shown
    finally:
        checkout.spec.write_text(before)


def test_platform_change_leaves_the_job_and_a_setting_makes_one_more(
    checkout: Checkout, applied: Done
) -> None:
    jobs = checkout.jobs()
    place = re.search(r"^iris-sklearn: model at (\S+)/model", applied.stdout, re.MULTILINE)
    assert place
    trained = ("pods", "-n", "iris", "-l", "easymaker.io/kind=training")
    pods = checkout.cluster.get(*trained)["items"]
    # What is said about a training goes onto the Job that is there.
    checkout.change("description: logistic regression", "description: in other words")
    assert checkout.up().returncode == 0
    launcher = checkout.folder / "runtime" / "launcher" / "record.py"
    launcher.write_text(launcher.read_text() + "# a later launcher\n")
    checkout.change("image: python\n", "image: tools\n", PLATFORM)
    done = checkout.up()
    assert done.returncode == 0, done.stderr
    assert checkout.jobs() == jobs
    checkout.change("image: tools\n", "image: python\n", PLATFORM)
    assert checkout.cluster.get(*trained)["items"] == pods

    checkout.change("max_iter: 200", "max_iter: 150")
    done = checkout.up()
    assert done.returncode == 0, done.stderr
    assert len(set(checkout.jobs()) - set(jobs)) == 1
    assert set(jobs) < set(checkout.jobs())
    assert checkout.record(place[1])["status"] == "COMPLETE"
    assert checkout.pulumi("preview", "--expect-no-changes").returncode == 0


@pytest.mark.usefixtures("applied")
def test_failed_training_is_explained(checkout: Checkout) -> None:
    missing = SKLEARN.replace("train.py", "nothere.py")
    checkout.change(SKLEARN, missing)
    done = checkout.up()
    checkout.change(missing, SKLEARN)
    assert done.returncode == 1
    assert "iris-sklearn: FAIL TRAIN" in done.stderr
    assert (
        "emctl: training iris-sklearn: the entry point nothere.py is not under "
        "obs://objects.easymaker.localhost/examples/iris/code/sklearn\n"
    ) in done.stderr


HOSTILE = {
    "quotes": 'it\'s "fine" \\ `id` $(rm -rf /) ; & | > *',
    "expansions": "$(EM_REGION) $(HOSTNAME) $$ ${HOME} %d {x}",
    "lines": "one\n\ttwo\n",
    "spaces": "  x  ",
    "hangul": "붓꽃",
    "option": "--fast",
}


@pytest.mark.usefixtures("applied")
def test_values_arrive_in_a_pod_byte_for_byte(checkout: Checkout) -> None:
    code = checkout.folder / "examples" / "hostile" / "code"
    code.mkdir(parents=True)
    (code / "train.py").write_text(
        "import json, os, sys\n"
        "found = {'argv': sys.argv[1:], 'env': dict(os.environ), 'uid': os.getuid()}\n"
        "json.dump(found, open(os.environ['EM_MODEL_DIR'] + '/found.json', 'w'))\n"
    )
    quoted = "".join(f"      {key}: {json.dumps(value)}\n" for key, value in HOSTILE.items())
    # The last two are in the training that it copies.
    numbers = {"lr": "2.10", "max_iter": "1", "regularization": "1e-3"}
    plain = "".join(f"      {key}: {value}\n" for key, value in numbers.items())
    path = "obs://objects.easymaker.localhost/examples/hostile/code"
    before = checkout.spec.read_text()
    hostile = (
        "  hostile:\n    copy: iris-sklearn\n"
        f"    algorithm: {{path: '{path}', entry_point: train.py}}\n"
        f"    input_data: {{}}\n    hyperparameters:\n{plain}{quoted}"
    )
    checkout.spec.write_text(before.replace("\nmodels:\n", f"{hostile}\nmodels:\n"))
    done = checkout.up()
    checkout.spec.write_text(before)
    assert done.returncode == 0, done.stderr
    place = re.search(r"hostile: model at (\S+/hostile-\w+/model)", done.stdout)
    assert place, done.stdout
    found = json.loads(checkout.object(f"{place[1]}/found.json"))
    expected: list[str] = []
    for key, value in sorted({**HOSTILE, **numbers}.items()):
        expected += [f"--{key}={value}"] if value.startswith("-") else [f"--{key}", value]
    assert found["argv"] == expected
    env = found["env"]
    for key, value in HOSTILE.items():
        assert env["EM_HP_" + key.upper()] == value
    hps = json.loads(env["EM_HPS"])
    assert hps == {**HOSTILE, "lr": 2.1, "max_iter": 1, "regularization": 0.001}
    assert "2.10" in env["EM_HPS"]
    assert env["EM_MODEL_DIR"] == "/opt/easymaker/run/output/model"
    assert env["EM_REGION"] == "kr1"
    assert not {"TF_CONFIG", "WORLD_SIZE", "RANK", "EM_CHECKPOINT_INPUT_DIR"} & env.keys()
    assert not [key for key in env if key.startswith("RCLONE")]
    assert found["uid"] == 0
    assert checkout.up().returncode == 0  # without it: what follows begins with what the spec says


@pytest.mark.usefixtures("applied")
def test_namespace_of_another_stack_is_refused(checkout: Checkout) -> None:
    done = checkout.up("stacks/local.yaml", "--stack=other")
    assert done.returncode == 1
    assert "namespace 'iris' belongs to the stack easymaker/local" in done.stderr
    assert checkout.down("stacks/local.yaml", "--stack=other").returncode == 0
    assert checkout.jobs()
