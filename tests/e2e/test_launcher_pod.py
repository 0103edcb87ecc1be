"""The container contract in real pods: every variable, argument, path and file of it."""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.manifests import Manifest, launcher, nas, run_settings, stores, training, workspace
from schemas import load, resolved
from tests.support import objects
from tests.support.cluster import LocalCluster, until
from tools import images

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
BUCKET = "obs://objects.easymaker.localhost"
RUN = "/opt/easymaker/run"
EXPERIMENT = "pods"
SECONDS = 180

SHOWS_ALL = """
import json, os, sys
run = os.path.dirname(os.environ["EM_SOURCE_DIR"])
tree = []
for top, folders, files in os.walk(run):
    where = os.path.relpath(top, run)
    tree += [os.path.join(where, name) for name in files]
    if not folders and not files:
        tree.append(where + "/")
shown = {
    "argv": sys.argv,
    "cwd": os.getcwd(),
    "env": dict(os.environ),
    "tree": sorted(path for path in tree if not path.startswith("launcher")),
    "shm": os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize,
    "user": [os.getuid(), os.getgid()],
}
with open(os.environ["EM_TENSORBOARD_LOG_DIR"] + "/shown.json", "w") as file:
    json.dump(shown, file)
with open(os.environ["EM_MODEL_DIR"] + "/model.txt", "w") as file:
    file.write("model")
with open(os.environ["EM_CHECKPOINT_DIR"] + "/step", "w") as file:
    file.write("1")
"""
ALL_REDUCE = (
    SHOWS_ALL
    + """
import torch, torch.distributed as dist
dist.init_process_group("gloo")
mine = torch.tensor([10.0 ** dist.get_rank()])
dist.all_reduce(mine)
print("reduced", mine.item(), "of", dist.get_world_size(), flush=True)
dist.destroy_process_group()
"""
)
RESOLVES = (
    SHOWS_ALL
    + """
import socket
config = json.loads(os.environ["TF_CONFIG"])
chief, worker = config["cluster"]["chief"][0], config["cluster"]["worker"][0]
hosts = {each.rpartition(":")[0]: int(each.rpartition(":")[2]) for each in (chief, worker)}
print("addresses", len({socket.gethostbyname(host) for host in hosts}), flush=True)
if config["task"]["type"] == "chief":
    with socket.create_server(("", hosts[chief.rpartition(":")[0]])) as server:
        server.accept()[0].sendall(b"chief")
else:
    import time
    end = time.monotonic() + 60
    while True:
        try:
            talk = socket.create_connection((chief.rpartition(":")[0], 2222), 5)
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.2)
    print("answered", talk.recv(9).decode(), flush=True)
"""
)
STEPS = """
import os, pathlib, signal, sys
step = pathlib.Path(os.environ["EM_CHECKPOINT_DIR"], "step")
if step.exists():
    print("goes on at", step.read_text())
    sys.exit()
def end(*_):
    step.write_text("7")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("waits", flush=True)
signal.pause()
"""
SPEC = """\
api_version: easymaker/v1
kind: Workspace
workspace: {name}
include: [platform/local.yaml]
experiments: {{{experiment}: {{}}}}
trainings:
"""


@dataclass
class Lab:
    """A workspace on the cluster whose trainings are applied by kubectl."""

    cluster: LocalCluster
    folder: Path
    name: str

    def spec(self, trainings: str) -> resolved.Workspace:
        """The resolved spec with these trainings."""
        file = self.folder / f"{self.name}.yaml"
        file.write_text(SPEC.format(name=self.name, experiment=EXPERIMENT) + trainings)
        return load(file)

    def start(self, trainings: str) -> tuple[resolved.Workspace, resolved.Training]:
        """Apply the only training."""
        spec = self.spec(trainings)
        (item,) = spec.trainings.values()
        service = training.training_service(spec, item, [])
        job = training.training_job(spec, item, launcher.launcher_name(FILES))
        settings = run_settings.run_settings(spec, item)
        self.cluster.apply(*nas.volumes(spec), *([service] if service else []), settings, job)
        return spec, item

    def run(self, trainings: str) -> tuple[resolved.Workspace, resolved.Training]:
        """Apply the only training and see it through."""
        spec, item = self.start(trainings)
        self.complete(item)
        return spec, item

    def complete(self, item: resolved.Training) -> None:
        """Wait for the end of a Job, which must be good."""
        self.wait(item, "Complete")

    def wait(self, item: resolved.Training, condition: str) -> None:
        """Wait for a condition of the Job; what its instances said is told if it stays away."""
        job = f"job/{item.object_name}"
        try:
            self.cluster.wait(
                *("-n", self.name, job, f"--for=condition={condition}"), seconds=SECONDS
            )
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs(item)}") from None

    def logs(self, item: resolved.Training, index: int = 0) -> str:
        selector = f"job-name={item.object_name},batch.kubernetes.io/job-completion-index={index}"
        return self.cluster.kubectl(
            "-n", self.name, "logs", "-l", selector, "-c", "main", "--tail=-1"
        )

    def put(self, path: str, content: str) -> None:
        """Write an object; the bucket is made if there is none."""
        self._rclone("rcat", f"s:{path}", content=content)

    def object(self, path: str) -> bytes:
        return self._rclone("cat", f"s:{path}")

    def listing(self, path: str) -> list[str]:
        return self._rclone("lsf", "-R", "--files-only", f"s:{path}").decode().split("\n")[:-1]

    def shown(self, item: resolved.Training, index: str = "") -> dict[str, Any]:
        """What SHOWS_ALL found; the names that differ by chance are left out."""
        run = f"{item.name}-{item.revision}"
        path = f"system/{self.name}/tensorboard/{EXPERIMENT}/{run}/{index}".rstrip("/")
        found = json.loads(self.object(f"{path}/shown.json"))
        assert isinstance(found, dict)
        found["env"] = {
            key: value
            for key, value in found["env"].items()
            if not key.startswith("KUBERNETES_") and key not in IMAGES_OWN
        }
        return found

    def _rclone(self, *arguments: str, content: str = "") -> bytes:
        storage = self.cluster.storage
        return subprocess.run(
            [objects.rclone(), *arguments],
            env={
                "RCLONE_CONFIG": "",
                "RCLONE_CONFIG_S_TYPE": "s3",
                "RCLONE_CONFIG_S_PROVIDER": "Other",
                "RCLONE_CONFIG_S_ENDPOINT": storage.endpoint,
                "RCLONE_CONFIG_S_FORCE_PATH_STYLE": "true",
                "RCLONE_CONFIG_S_ACCESS_KEY_ID": storage.access_key,
                "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": storage.secret_key,
            },
            input=content.encode(),
            capture_output=True,
            check=True,
        ).stdout


FILES = {path.name: path.read_text() for path in (ROOT / "runtime" / "launcher").glob("*.py")}
IMAGES_OWN = {"PATH", "HOME", "HOSTNAME", "LANG", "USE_LIBUV"}


@pytest.fixture(scope="module")
def folder(cluster: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where specs lie that include the platform of this cluster."""
    folder = tmp_path_factory.mktemp("specs")
    shutil.copytree(ROOT / "stacks" / "platform", folder / "platform")
    platform = folder / "platform" / "local.yaml"
    platform.write_text(platform.read_text().replace(":8088", f":{cluster.gateway_port}"))
    images.ensure_loaded(cluster.backend.images(), ["tools", "python", "pytorch"], print)
    return folder


def made(cluster: LocalCluster, folder: Path, name: str, *more: Manifest) -> Iterator[Lab]:
    """A workspace, and its end."""
    lab = Lab(cluster, folder, name)
    space = workspace.namespace(lab.spec("  {}"), "test")
    cluster.apply(space, launcher.launcher_config_map(FILES, name), *more)
    try:
        yield lab
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=true")
        cluster.kubectl("delete", "pv", nas.volume_name(name, "local"), "--ignore-not-found")


@pytest.fixture(scope="module")
def lab(cluster: LocalCluster, folder: Path) -> Iterator[Lab]:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": stores.credentials_metadata("launcher-pods"),
        "stringData": {
            "s3AccessKey": cluster.storage.access_key,
            "s3SecretKey": cluster.storage.secret_key,
        },
    }
    for lab in made(cluster, folder, "launcher-pods", secret):
        for path in ("system/keep", "results/keep", "checkpoints/keep"):
            lab.put(path, "")
        yield lab


def spec_of(name: str, path: str, **more: str) -> str:
    """One training; `more` are fields as YAML text."""
    fields = {
        "experiment": EXPERIMENT,
        "algorithm": f"{{path: '{path}', entry_point: train.py}}",
        "image": "sklearn-cpu",
        "flavor": "m2.c1m2",
        "output_data": f"{BUCKET}/results/pods",
        "max_time": "1h",
        **more,
    }
    return f"  {name}:\n" + "".join(f"    {key}: {value}\n" for key, value in fields.items())


def test_one_instance_has_all_of_the_contract_and_nothing_else(lab: Lab) -> None:
    lab.put("examples/pods/one/train.py", SHOWS_ALL)
    lab.put("examples/pods/one/sub/more.py", "")
    lab.put("examples/pods/data/x_train.csv", "1,2")
    lab.put("examples/pods/start/w.bin", "weights")
    spec, item = lab.run(
        spec_of(
            "one",
            f"{BUCKET}/examples/pods/one",
            hyperparameters="{batch-size: 16, lr: 0.10, shuffle: no, expand: '$(EM_REGION)'}",
            input_data=f"{{train: '{BUCKET}/examples/pods/data'}}",
            checkpoint_input=f"{BUCKET}/examples/pods/start",
            checkpoint=f"{BUCKET}/checkpoints/pods",
        )
    )
    run = f"one-{item.revision}"
    assert lab.shown(item) == {
        "argv": [
            f"{RUN}/code/train.py",
            *("--batch-size", "16"),
            *("--expand", "$(EM_REGION)"),
            *("--lr", "0.10"),
            *("--shuffle", "no"),
        ],
        "cwd": f"{RUN}/code",
        "env": {
            "EM_SOURCE_DIR": f"{RUN}/code",
            "EM_ENTRY_POINT": "train.py",
            "EM_MODEL_DIR": f"{RUN}/output/model",
            "EM_CHECKPOINT_DIR": f"{RUN}/checkpoint",
            "EM_CHECKPOINT_INPUT_DIR": f"{RUN}/checkpoint-input",
            "EM_TENSORBOARD_LOG_DIR": f"{RUN}/tensorboard",
            "EM_REGION": spec.platform.region,
            "EM_APPKEY": spec.platform.app_key,
            "EM_PROFILE": "local",
            "EM_DATASETS": json.dumps({"train": f"{RUN}/datasets/train"}),
            "EM_DATASET_TRAIN": f"{RUN}/datasets/train",
            "EM_HPS": '{"batch-size": 16, "expand": "$(EM_REGION)", "lr": 0.10, "shuffle": "no"}',
            "EM_HP_BATCH-SIZE": "16",
            "EM_HP_BATCH_SIZE": "16",
            "EM_HP_EXPAND": "$(EM_REGION)",
            "EM_HP_LR": "0.10",
            "EM_HP_SHUFFLE": "no",
            "JOB_COMPLETION_INDEX": "0",
            "PYTHONUNBUFFERED": "1",
        },
        "tree": [
            "checkpoint-input/w.bin",
            "checkpoint/",
            "code/sub/more.py",
            "code/train.py",
            "datasets/train/x_train.csv",
            "output/model/",
            "tensorboard/",
        ],
        "shm": 1 << 30,
        "user": [0, 0],
    }
    record = json.loads(lab.object(f"results/pods/{run}/completion.json"))
    times = (record.pop("started"), record.pop("finished"))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time) for time in times)
    assert record == {
        "version": 1,
        "status": "COMPLETE",
        "training": "one",
        "revision": item.revision,
        "exit_code": 0,
        "metrics": {},
        "files": {"model/model.txt": {"sha256": hashlib.sha256(b"model").hexdigest(), "size": 5}},
    }
    assert lab.listing(f"results/pods/{run}") == ["completion.json", "model/model.txt"]
    step, manifest = lab.listing(f"checkpoints/pods/{run}")
    name = manifest.removesuffix(".json")
    assert (step, name[:7]) == (f"{name}/step", "000001-")
    assert json.loads(lab.object(f"checkpoints/pods/{run}/{manifest}"))["files"] == {
        "step": {"sha256": hashlib.sha256(b"1").hexdigest(), "size": 1}
    }


def hosts(item: resolved.Training) -> list[str]:
    domain = f"training-{item.name}.launcher-pods.svc"
    return [f"{item.object_name}-{index}.{domain}" for index in range(item.instances)]


def test_two_pytorch_processes_reduce_together(lab: Lab) -> None:
    lab.put("examples/pods/torch/train.py", ALL_REDUCE)
    _, item = lab.run(
        spec_of(
            "torch",
            f"{BUCKET}/examples/pods/torch",
            image="pytorch-2-cpu",
            instances="2",
            checkpoint=f"{BUCKET}/checkpoints/pods",
        )
    )
    for index in (0, 1):
        assert "reduced 11.0 of 2" in lab.logs(item, index)
        env = lab.shown(item, str(index))["env"]
        assert {key: value for key, value in env.items() if not key.startswith("EM_")} == {
            "RANK": str(index),
            "LOCAL_RANK": "0",
            "GROUP_RANK": str(index),
            "ROLE_RANK": str(index),
            "ROLE_NAME": "default",
            "WORLD_SIZE": "2",
            "LOCAL_WORLD_SIZE": "1",
            "GROUP_WORLD_SIZE": "2",
            "ROLE_WORLD_SIZE": "2",
            "MASTER_ADDR": hosts(item)[0],
            "MASTER_PORT": "29500",
            "TORCHELASTIC_RUN_ID": f"torch-{item.revision}",
            "TORCHELASTIC_RESTART_COUNT": "0",
            "TORCHELASTIC_MAX_RESTARTS": "0",
            "TORCHELASTIC_USE_AGENT_STORE": "False",
            "TORCH_NCCL_ASYNC_ERROR_HANDLING": "1",
            "JOB_COMPLETION_INDEX": str(index),
            "PYTHONUNBUFFERED": "1",
        }
    run = f"torch-{item.revision}"
    assert lab.listing(f"results/pods/{run}") == ["completion.json", "model/model.txt"]
    assert len(lab.listing(f"checkpoints/pods/{run}")) == 2
    assert "complete: " in lab.logs(item)
    assert "complete: " not in lab.logs(item, 1)


def test_tensorflow_instances_find_each_other_by_tf_config(lab: Lab) -> None:
    lab.put("examples/pods/tf/train.py", RESOLVES)
    platform = lab.folder / "platform" / "local.yaml"
    text = platform.read_text()
    # The addresses are the point: the small image stands for TensorFlow's.
    platform.write_text(text.replace("image: tensorflow\n", "image: python\n"))
    try:
        _, item = lab.run(
            spec_of("tf", f"{BUCKET}/examples/pods/tf", image="tensorflow-2-cpu", instances="2")
        )
    finally:
        platform.write_text(text)
    chief, worker = (f"{host}:2222" for host in hosts(item))
    for index, task in enumerate(({"type": "chief", "index": 0}, {"type": "worker", "index": 0})):
        assert "addresses 2" in lab.logs(item, index)
        env = lab.shown(item, str(index))["env"]
        assert json.loads(env["TF_CONFIG"]) == {
            "cluster": {"chief": [chief], "worker": [worker]},
            "task": task,
        }
        assert {key for key in env if not key.startswith("EM_")} == {
            "TF_CONFIG",
            "JOB_COMPLETION_INDEX",
            "PYTHONUNBUFFERED",
        }
    assert "answered chief" in lab.logs(item, 1)


def test_ten_instances_of_the_longest_name_know_each_other(lab: Lab) -> None:
    lab.put("examples/pods/ten/train.py", "import sys; print('runs')")
    name = "n" * 50
    _, item = lab.run(spec_of(name, f"{BUCKET}/examples/pods/ten", instances="10"))
    assert "runs" in lab.logs(item, 9)


def test_stopped_training_goes_on_from_its_last_checkpoint(lab: Lab) -> None:
    lab.put("examples/pods/steps/train.py", STEPS)
    text = spec_of(
        "steps", f"{BUCKET}/examples/pods/steps", checkpoint=f"{BUCKET}/checkpoints/pods"
    )
    _, item = lab.start(text)
    job = ("-n", lab.name, f"job/{item.object_name}")
    lab.cluster.wait(*job, "--for=jsonpath={.status.ready}=1", seconds=SECONDS)
    until(lambda: "waits" in lab.logs(item), "the first attempt", SECONDS)
    patch = ("patch", *job, "--type=merge", "-p")
    lab.cluster.kubectl(*patch, '{"spec": {"suspend": true}}')
    run = f"checkpoints/pods/steps-{item.revision}"
    until(lambda: len(lab.listing(run)) == 2, "the last checkpoint", SECONDS)
    lab.cluster.kubectl(*patch, '{"spec": {"suspend": false}}')
    lab.complete(item)
    assert "goes on at 7" in lab.logs(item)


def test_restricted_platform_trains_as_user_1000(lab: Lab) -> None:
    lab.put("examples/pods/user/train.py", SHOWS_ALL)
    platform = lab.folder / "platform" / "local.yaml"
    text = platform.read_text()
    platform.write_text(text.replace("platform:\n", "platform:\n  security: restricted\n", 1))
    try:
        _, item = lab.run(spec_of("user", f"{BUCKET}/examples/pods/user"))
    finally:
        platform.write_text(text)
    assert lab.shown(item)["user"] == [1000, 1000]


@pytest.fixture(scope="module")
def nas_only(cluster: LocalCluster, folder: Path) -> Iterator[Lab]:
    """A workspace without any credentials."""
    yield from made(cluster, folder, "launcher-nas")


@pytest.fixture
def disk(cluster: LocalCluster) -> Iterator[Path]:
    """The folder of this test on the NAS."""
    disk = cluster.folder / "nas" / "launcher-pods"
    disk.mkdir(parents=True)
    yield disk
    shutil.rmtree(disk)


def on_nas(code: str, data: str) -> str:
    top = "nas://local:/launcher-pods"
    return spec_of(
        "disk",
        f"{top}/{code}",
        input_data=f"{{train: '{top}/{data}'}}",
        output_data=f"{top}/results",
        checkpoint=f"{top}/checkpoints",
    )


def test_training_on_nas_needs_no_credentials(nas_only: Lab, disk: Path) -> None:
    (disk / "code").mkdir()
    (disk / "data").mkdir()
    (disk / "data" / "x.csv").write_text("1,2")
    (disk / "code" / "train.py").write_text(
        "import os\n"
        "data = os.environ['EM_DATASET_TRAIN']\n"
        "print('data', data, open(data + '/x.csv').read())\n"
        "try: open(data + '/y', 'w')\n"
        "except OSError as error: print(error.strerror)\n"
        "open(os.environ['EM_MODEL_DIR'] + '/m', 'w').write('model')\n"
        "open(os.environ['EM_CHECKPOINT_DIR'] + '/step', 'w').write('1')\n"
    )
    _, item = nas_only.run(on_nas("code", "data"))
    log = nas_only.logs(item)
    assert "data /opt/easymaker/nas/datasets/train 1,2" in log
    assert "Read-only file system" in log
    output = disk / "results" / f"disk-{item.revision}"
    assert (output / "model" / "m").read_text() == "model"
    assert json.loads((output / "completion.json").read_text())["status"] == "COMPLETE"
    kept = disk / "checkpoints" / f"disk-{item.revision}"
    assert len(list(kept.glob("*/step"))) == len(list(kept.glob("*.json"))) == 1


def test_nothing_on_the_nas_is_named(nas_only: Lab, disk: Path) -> None:
    (disk / "code").mkdir()
    (disk / "code" / "train.py").write_text("")
    _, item = nas_only.start(on_nas("code", "none"))
    nas_only.wait(item, "Failed")
    assert "nothing under nas://local:/launcher-pods/none (data set train)" in nas_only.logs(item)
