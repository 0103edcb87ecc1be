"""Several instances: what frameworks are told, who waits for whom, who keeps what."""

import io
import json
import time

import pytest
from launcher import causes, distributed
from launcher import job as jobs
from launcher.logs import Log

from .conftest import Bench
from .test_contract import shown

HOSTS = ["t-0.t.iris.svc", "t-1.t.iris.svc", "t-2.t.iris.svc"]
FRAMEWORK_VARIABLES = {
    "TF_CONFIG",
    *distributed.pytorch(HOSTS, 0, "run"),
    "OMP_NUM_THREADS",
}


def job(framework: str, hosts: list[str], peer_seconds: float = 10) -> jobs.Job:
    nowhere = jobs.Place("", "", "")
    return jobs.Job(
        training="t",
        revision="r",
        training_id="t-r",
        region="",
        app_key="",
        framework=framework,
        hosts=hosts,
        code=nowhere,
        entry_point="train.py",
        hyperparameters={},
        hyperparameters_json="{}",
        datasets={},
        checkpoint_input=None,
        output=nowhere,
        checkpoint=None,
        tensorboard=nowhere,
        logs=nowhere,
        data_storage=None,
        log_management=False,
        grace_seconds=1,
        tensorboard_seconds=1,
        log_seconds=1,
        peer_seconds=peer_seconds,
        stores={},
        retry_seconds={},
    )


@pytest.mark.parametrize(
    ("index", "task"),
    [
        (0, {"type": "chief", "index": 0}),
        (1, {"type": "worker", "index": 0}),
        (2, {"type": "worker", "index": 1}),
    ],
)
def test_tensorflow_has_a_chief_and_workers(index: int, task: dict[str, object]) -> None:
    found = distributed.variables(job("tensorflow", HOSTS), index)
    assert found.keys() == {"TF_CONFIG"}
    assert json.loads(found["TF_CONFIG"]) == {
        "cluster": {
            "chief": ["t-0.t.iris.svc:2222"],
            "worker": ["t-1.t.iris.svc:2222", "t-2.t.iris.svc:2222"],
        },
        "task": task,
    }


def test_pytorch_has_what_torchrun_sets() -> None:
    assert distributed.variables(job("pytorch", HOSTS), 2) == {
        "RANK": "2",
        "LOCAL_RANK": "0",
        "GROUP_RANK": "2",
        "ROLE_RANK": "2",
        "ROLE_NAME": "default",
        "WORLD_SIZE": "3",
        "LOCAL_WORLD_SIZE": "1",
        "GROUP_WORLD_SIZE": "3",
        "ROLE_WORLD_SIZE": "3",
        "MASTER_ADDR": "t-0.t.iris.svc",
        "MASTER_PORT": "29500",
        "TORCHELASTIC_RUN_ID": "t-r",
        "TORCHELASTIC_RESTART_COUNT": "0",
        "TORCHELASTIC_MAX_RESTARTS": "0",
        "TORCHELASTIC_USE_AGENT_STORE": "False",
        "TORCH_NCCL_ASYNC_ERROR_HANDLING": "1",
    }


def test_several_processes_an_instance_are_ranks_in_a_row() -> None:
    found = distributed.pytorch(HOSTS[:2], 1, "run", local_rank=1, processes=2)
    ranks = {"RANK": "3", "LOCAL_RANK": "1", "GROUP_RANK": "1", "ROLE_RANK": "3"}
    sizes = {"WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2", "GROUP_WORLD_SIZE": "2"}
    assert {**found, **ranks, **sizes, "OMP_NUM_THREADS": "1"} == found


@pytest.mark.parametrize("framework", ["tensorflow", "pytorch"])
def test_one_instance_is_told_nothing(framework: str) -> None:
    assert distributed.variables(job(framework, []), 0) == {}


def test_other_frameworks_are_told_nothing() -> None:
    assert distributed.variables(job("sklearn", HOSTS), 1) == {}


def test_names_are_waited_for_with_one_line() -> None:
    out = io.BytesIO()
    answers = {HOSTS[0]: [True], HOSTS[1]: [False, True], HOSTS[2]: [False, False, False, True]}
    pauses: list[float] = []
    distributed.await_peers(
        job("pytorch", HOSTS), Log(out), pauses.append, lambda host: answers[host].pop(0)
    )
    assert pauses == [0.2, 0.4, 0.8]
    assert all(answer == [] for answer in answers.values())
    assert out.getvalue().decode() == (
        "[easymaker] waiting up to 10 s for the addresses of instances 1, 2\n"
    )


def test_waiting_has_an_end_that_names_the_instance() -> None:
    with pytest.raises(causes.Ended) as ended:
        distributed.await_peers(
            job("pytorch", HOSTS, peer_seconds=0.3),
            Log(io.BytesIO()),
            time.sleep,
            lambda host: host != HOSTS[1],
        )
    assert ended.value.code == causes.NO_PEER.code
    assert str(ended.value) == "instance 1 had no address for 0.3 s (t-1.t.iris.svc)"


def test_only_real_names_have_an_address() -> None:
    assert distributed.has_address("localhost")
    assert not distributed.has_address("nobody.invalid")


def test_stop_ends_the_wait(bench: Bench) -> None:
    bench.job["hosts"] = ["localhost", "nobody.invalid"]
    bench.env["JOB_COMPLETION_INDEX"] = "0"
    bench.script("print('started')")
    result = bench.stop_when(b"waiting up to 900 s for the addresses of instances 1")
    assert result.code == causes.STOPPED.code
    assert "started" not in result.log


@pytest.mark.parametrize("index", ["", "2", "-1", "x"])
def test_pod_without_an_index_is_named(bench: Bench, index: str) -> None:
    bench.job["hosts"] = ["localhost", "localhost"]
    bench.env["JOB_COMPLETION_INDEX"] = index
    result = bench.run()
    assert result.code == causes.BROKEN_JOB.code
    assert f"JOB_COMPLETION_INDEX is '{index}', of 2 instances" in result.sentence


SAVES = """
    import os, pathlib
    for name in ("EM_MODEL_DIR", "EM_CHECKPOINT_DIR", "EM_TENSORBOARD_LOG_DIR"):
        (pathlib.Path(os.environ[name]) / "file").write_text("rank " + os.environ["RANK"])
"""


def test_instance_0_keeps_the_model_and_counts_for_all(bench: Bench) -> None:
    bench.job.update(
        hosts=["localhost", "127.0.0.1"],
        peer_seconds=0.5,
        framework="pytorch",
        checkpoint={**bench.job["output"], "path": "b/checkpoints"},
    )
    bench.script(SAVES)
    bench.env["JOB_COMPLETION_INDEX"] = "1"
    assert bench.run().code == 0
    assert not bench.output.exists()
    assert not (bench.bucket / "checkpoints").exists()

    bench.fresh()
    bench.env["JOB_COMPLETION_INDEX"] = "0"
    assert bench.run().code == 0
    assert (bench.output / "model" / "file").read_text() == "rank 0"
    assert len(list((bench.bucket / "checkpoints").glob("*.json"))) == 1
    for index in ("0", "1"):
        assert (bench.events / index / "file").read_text() == f"rank {index}"

    bench.fresh()
    bench.env["JOB_COMPLETION_INDEX"] = "1"
    assert "already complete" in bench.run().log


def test_script_sees_its_rank_beside_the_rest(bench: Bench) -> None:
    bench.job.update(hosts=["localhost", "127.0.0.1"], framework="pytorch", peer_seconds=0.5)
    bench.env["JOB_COMPLETION_INDEX"] = "0"
    found = shown(bench)["env"]
    assert {key for key in found if key in FRAMEWORK_VARIABLES} == set(
        distributed.pytorch(["localhost", "127.0.0.1"], 0, "")
    )
    assert (found["WORLD_SIZE"], found["MASTER_ADDR"]) == ("2", "localhost")
