"""Several instances and processes: what frameworks are told."""

import json

import pytest
from launcher import causes, distributed
from launcher import job as jobs

from .conftest import Bench

HOSTS = ["t-0.t.iris.svc", "t-1.t.iris.svc", "t-2.t.iris.svc"]


def job(framework: str, hosts: list[str], processes: int | None = None) -> jobs.Job:
    nowhere = jobs.Place("", "", "")
    return jobs.Job(
        training="t",
        revision="r",
        training_id="t-r",
        region="",
        app_key="",
        framework=framework,
        hosts=hosts,
        processes=processes,
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
        peer_seconds=10,
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
    ((label, found),) = distributed.processes(job("tensorflow", HOSTS), index)
    assert (label, set(found)) == ("", {"TF_CONFIG"})
    assert json.loads(found["TF_CONFIG"]) == {
        "cluster": {
            "chief": ["t-0.t.iris.svc:2222"],
            "worker": ["t-1.t.iris.svc:2222", "t-2.t.iris.svc:2222"],
        },
        "task": task,
    }


def test_pytorch_has_what_torchrun_sets() -> None:
    ((label, found),) = distributed.processes(job("pytorch", HOSTS), 2)
    assert label == ""
    assert found == {
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
    first, second = distributed.processes(job("pytorch", HOSTS[:2], processes=2), 1)
    assert (first[0], second[0]) == ("rank2", "rank3")
    ranks = {"RANK": "3", "LOCAL_RANK": "1", "GROUP_RANK": "1", "ROLE_RANK": "3"}
    sizes = {"WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2", "GROUP_WORLD_SIZE": "2"}
    assert {**second[1], **ranks, **sizes, "OMP_NUM_THREADS": "1"} == second[1]


def test_one_process_that_was_asked_for_has_torchruns_variables() -> None:
    ((label, found),) = distributed.processes(job("pytorch", [], processes=1), 0)
    assert label == ""
    assert (found["RANK"], found["WORLD_SIZE"], found["MASTER_ADDR"]) == ("0", "1", "127.0.0.1")
    assert "OMP_NUM_THREADS" not in found


@pytest.mark.parametrize("framework", ["tensorflow", "pytorch"])
def test_one_instance_is_told_nothing(framework: str) -> None:
    assert distributed.processes(job(framework, []), 0) == [("", {})]


def test_other_frameworks_are_told_nothing() -> None:
    assert distributed.processes(job("sklearn", HOSTS), 1) == [("", {})]


@pytest.mark.parametrize("index", ["", "2", "-1", "x"])
def test_pod_without_an_index_is_named(bench: Bench, index: str) -> None:
    bench.job["hosts"] = ["localhost", "localhost"]
    bench.env["JOB_COMPLETION_INDEX"] = index
    result = bench.run()
    assert result.code == causes.BROKEN_JOB.code
    assert f"JOB_COMPLETION_INDEX is '{index}', of 2 instances" in result.sentence
