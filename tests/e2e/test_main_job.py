"""The main job on real input: a spec is applied, its training runs, the model is in the bucket."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import objects
from tests.support.cluster import LocalCluster

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PROGRAM = ("Pulumi.yaml", "__main__.py", "program.py", "live.py")
FOLDERS = ("cli", "components", "examples", "runtime/launcher", "schemas", "stacks", "tools")
RESULTS = "obs://objects.easymaker.localhost/results/iris"


@dataclass
class Checkout:
    """The project in a folder of its own, with a backend, a home and a cluster of the test's."""

    folder: Path
    environment: dict[str, str]
    cluster: LocalCluster

    @property
    def spec(self) -> Path:
        return self.folder / "stacks" / "local.yaml"

    def emctl(self, command: str, *more: str) -> "subprocess.CompletedProcess[str]":
        program = "from cli.main import main; main()"
        return self.run([sys.executable, "-c", program, command, "stacks/local.yaml", *more])

    def up(self) -> "subprocess.CompletedProcess[str]":
        return self.emctl("up", f"--state-dir={self.cluster.state}")

    def pulumi(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        passphrase = self.folder / ".state" / "passphrase"
        return self.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            PULUMI_CONFIG_PASSPHRASE_FILE=str(passphrase),
        )

    def run(self, argv: list[str], **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            argv,
            cwd=self.folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def change(self, old: str, new: str, file: str = "local.yaml") -> None:
        path = self.folder / "stacks" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def object(self, path: str) -> bytes:
        storage = self.cluster.storage
        assert storage is not None
        return subprocess.run(
            [objects.rclone(), "cat", f"s:{path}"],
            env={
                **self.environment,
                "RCLONE_CONFIG": "",
                "RCLONE_CONFIG_S_TYPE": "s3",
                "RCLONE_CONFIG_S_PROVIDER": "Other",
                "RCLONE_CONFIG_S_ENDPOINT": storage.endpoint,
                "RCLONE_CONFIG_S_FORCE_PATH_STYLE": "true",
                "RCLONE_CONFIG_S_ACCESS_KEY_ID": storage.access_key,
                "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": storage.secret_key,
            },
            capture_output=True,
            check=True,
        ).stdout

    def jobs(self) -> list[str]:
        items = self.cluster.get("jobs", "-n", "iris")["items"]
        return sorted(item["metadata"]["name"] for item in items)


@pytest.fixture(scope="module")
def checkout(
    cluster: LocalCluster, pulumi_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Checkout]:
    folder = tmp_path_factory.mktemp("checkout")
    for name in PROGRAM:
        shutil.copy(ROOT / name, folder)
    for name in FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__", "Pulumi.*.yaml")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    (folder / ".venv").symlink_to(sys.prefix)
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    made = Checkout(
        folder,
        {
            **ours,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(folder),
            "PULUMI_HOME": str(pulumi_home),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_ERROR_OUTPUT_STRING": "true",
            "KUBECONFIG": str(cluster.kubeconfig),
        },
        cluster,
    )
    made.change("easymaker-local", cluster.backend.definition.context, "platform/local.yaml")
    made.change(":8088", f":{cluster.gateway_port}", "platform/local.yaml")
    yield made
    made.emctl("down")


@pytest.fixture(scope="module")
def applied(checkout: Checkout) -> "subprocess.CompletedProcess[str]":
    """What the first `emctl up` said."""
    done = checkout.up()
    assert done.returncode == 0, done.stderr
    return done


def record(checkout: Checkout, address: str) -> dict[str, Any]:
    content = checkout.object(f"{address.removeprefix('obs://').partition('/')[2]}/completion.json")
    found = json.loads(content)
    assert isinstance(found, dict)
    return found


def test_up_ends_with_the_model_in_the_bucket(
    checkout: Checkout, applied: "subprocess.CompletedProcess[str]"
) -> None:
    line = re.fullmatch(
        rf"iris-sklearn: model at ({RESULTS}/iris-sklearn-[0-9a-f]+)/model, accuracy (\S+)\n",
        applied.stdout,
    )
    assert line, applied.stdout
    found = record(checkout, line[1])
    assert found["status"] == "COMPLETE"
    assert found["metrics"]["accuracy"] >= 0.9
    assert float(line[2]) == pytest.approx(found["metrics"]["accuracy"], abs=1e-3)
    assert {"model/model.joblib", "model/metrics.json"} == found["files"].keys()
    place = line[1].removeprefix("obs://").partition("/")[2]
    for name, digest in found["files"].items():
        content = checkout.object(f"{place}/{name}")
        assert digest == {
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }


def test_keys_are_in_no_output_and_in_no_file(
    checkout: Checkout, applied: "subprocess.CompletedProcess[str]"
) -> None:
    storage = checkout.cluster.storage
    assert storage is not None
    written = [*(checkout.folder / "stacks").rglob("*"), *(checkout.folder / ".state").rglob("*")]
    texts = [path.read_text() for path in written if path.is_file()]
    assert any("iris-credentials" in text for text in texts)
    for text in [applied.stdout, applied.stderr, *texts]:
        assert storage.secret_key not in text
    assert (checkout.folder / ".state" / "passphrase").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("applied")
def test_again_changes_nothing_and_says_so(checkout: Checkout) -> None:
    before = checkout.cluster.get("jobs", "-n", "iris")["items"]
    done = checkout.up()
    assert done.returncode == 0, done.stderr
    assert "stack local: nothing to change" in done.stderr
    assert "examples: nothing to upload" in done.stderr
    assert checkout.cluster.get("jobs", "-n", "iris")["items"] == before


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
def test_typo_gives_file_line_and_column_once(checkout: Checkout) -> None:
    checkout.change("entry_point:", "entry_pont:")
    try:
        position = (
            "stacks/local.yaml:16:7: trainings.iris-sklearn.algorithm.entry_pont: unknown key"
        )
        for done in (checkout.up(), checkout.pulumi("preview")):
            shown = done.stdout + done.stderr
            assert done.returncode == 1
            assert shown.count(position) == 1
            assert "Traceback" not in shown
    finally:
        checkout.change("entry_pont:", "entry_point:")


@pytest.mark.usefixtures("applied")
def test_platform_change_leaves_the_job_and_a_setting_makes_one_more(checkout: Checkout) -> None:
    (first,) = checkout.jobs()
    pods = checkout.cluster.get("pods", "-n", "iris")["items"]
    # What is said about a training goes onto the Job that is there.
    checkout.change("description: logistic regression", "description: in other words")
    assert checkout.up().returncode == 0
    launcher = checkout.folder / "runtime" / "launcher" / "record.py"
    launcher.write_text(launcher.read_text() + "# a later launcher\n")
    checkout.change("image: python", "image: tools", "platform/local.yaml")
    done = checkout.up()
    assert done.returncode == 0, done.stderr
    assert checkout.jobs() == [first]
    checkout.change("image: tools", "image: python", "platform/local.yaml")
    assert checkout.cluster.get("pods", "-n", "iris")["items"] == pods

    checkout.change("max_iter: 200", "max_iter: 150")
    done = checkout.up()
    assert done.returncode == 0, done.stderr
    later = set(checkout.jobs()) - {first}
    assert len(later) == 1
    assert len(checkout.jobs()) == 2
    revision = first.rpartition("-")[2]
    assert record(checkout, f"{RESULTS}/iris-sklearn-{revision}")["status"] == "COMPLETE"
    assert checkout.pulumi("preview", "--expect-no-changes").returncode == 0


@pytest.mark.usefixtures("applied")
def test_failed_training_is_explained(checkout: Checkout) -> None:
    checkout.change("entry_point: train.py", "entry_point: nothere.py")
    done = checkout.up()
    checkout.change("entry_point: nothere.py", "entry_point: train.py")
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
    checkout.spec.write_text(
        before
        + "  hostile:\n    copy: iris-sklearn\n"
        + f"    algorithm: {{path: '{path}', entry_point: train.py}}\n"
        + f"    input_data: {{}}\n    hyperparameters:\n{plain}{quoted}"
    )
    done = checkout.up()
    checkout.spec.write_text(before)
    assert done.returncode == 0, done.stderr
    place = re.search(r"hostile: model at obs://[^/]+/(\S+/hostile-\w+/model)", done.stdout)
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


@pytest.mark.usefixtures("applied")
def test_namespace_of_another_stack_is_refused(checkout: Checkout) -> None:
    done = checkout.emctl("up", "--stack=other", f"--state-dir={checkout.cluster.state}")
    assert done.returncode == 1
    assert "namespace 'iris' belongs to the stack easymaker/local" in done.stderr
    assert checkout.emctl("down", "--stack=other").returncode == 0
    assert checkout.jobs()


@pytest.mark.usefixtures("applied")
def test_state_of_a_lost_namespace_does_not_block(checkout: Checkout) -> None:
    checkout.cluster.kubectl("delete", "namespace", "iris", "--wait=true")
    done = checkout.up()
    assert done.returncode == 0, done.stderr
    # The completion record is in the bucket: nothing is trained again.
    (job,) = checkout.jobs()
    log = checkout.cluster.kubectl("-n", "iris", "logs", f"job/{job}", "-c", "main")
    assert "already complete" in log


@pytest.mark.usefixtures("applied")
def test_down_leaves_nothing(checkout: Checkout) -> None:
    done = checkout.emctl("down")
    assert done.returncode == 0, done.stderr
    namespaces = checkout.cluster.get("namespaces")["items"]
    assert "iris" not in [item["metadata"]["name"] for item in namespaces]
    assert not (checkout.folder / "stacks" / "Pulumi.local.yaml").exists()
    assert not (checkout.folder / ".state" / "passphrase").exists()
    assert checkout.emctl("down").returncode == 0
