"""What a script is given: every argument and variable, byte for byte."""

import json
from typing import Any

import pytest
from launcher import causes, environment, job
from launcher.layout import Inputs, Layout

from .conftest import Bench, place

SHOWS_ALL = """
    import json, os, sys
    json.dump(
        {
            "argv": [os.fsencode(a).hex() for a in sys.argv[1:]],
            "script": sys.argv[0],
            "cwd": os.getcwd(),
            "env": {os.fsdecode(k): v.hex() for k, v in os.environb.items()},
            "is_dir": {k: os.path.isdir(v) for k, v in os.environ.items() if k.endswith("_DIR")},
            "parent_writable": os.access(os.path.dirname(os.environ["EM_MODEL_DIR"]), os.W_OK),
        },
        open(os.environ["EM_MODEL_DIR"] + "/shown.json", "w"),
    )
"""

HOSTILE = {
    "blank": "a b",
    "quotes": 'it\'s "fine" \\ `id` $(rm -rf /) ; & | > *',
    "expansions": "$(EM_REGION) $(HOSTNAME) $$ ${HOME} %d {x}",
    "json": '{"layers":[64,32],"act":"relu"}',
    "pairs": "lr=0.1,mom=0.9",
    "lines": "one\n\ttwo\n",
    "spaces": "  x  ",
    "empty": "",
    "no": "no",
    "exponent": "1e-4",
    "version": "2.10",
    "digits": "123456789012345678901234567890",
    "hangul": "붓꽃 ü ☕",
    "negative": "-1e-4",
    "option": "--fast",
}


def shown(bench: Bench) -> dict[str, Any]:
    bench.script(SHOWS_ALL)
    result = bench.run()
    assert result.code == 0, result.log
    data = json.loads((bench.output / "model" / "shown.json").read_text())
    assert isinstance(data, dict)
    data["env"] = {key: bytes.fromhex(value).decode() for key, value in data["env"].items()}
    data["argv"] = [bytes.fromhex(value).decode() for value in data["argv"]]
    return data


@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "POSIX"])
def test_values_arrive_byte_for_byte(bench: Bench, locale: str) -> None:
    bench.job.update(hyperparameters=HOSTILE, hyperparameters_json=json.dumps(HOSTILE))
    bench.env["LC_ALL"] = locale
    data = shown(bench)
    expected: list[str] = []
    for key, value in HOSTILE.items():
        if value.startswith("-"):
            expected.append(f"--{key}={value}")
        else:
            expected += [f"--{key}", value]
    assert data["argv"] == expected
    for key, value in HOSTILE.items():
        assert data["env"]["EM_HP_" + key.upper()] == value
    assert json.loads(data["env"]["EM_HPS"]) == HOSTILE


def test_every_variable_of_the_contract(bench: Bench) -> None:
    bench.server.put("b/data/x.csv", "1")
    bench.job.update(
        hyperparameters={"batch-size": "16", "lr": "0.10", "a.b": "c"},
        hyperparameters_json='{"batch-size": 16, "lr": 0.10, "a.b": "c"}',
        datasets={"train": place("b/data"), "hold-out": place("b/data")},
        region="kr1",
        app_key="key",
    )
    data = shown(bench)
    run = str(bench.home / "run")
    ours = {key: value for key, value in data["env"].items() if key.startswith("EM_")}
    datasets = {"train": f"{run}/datasets/train", "hold-out": f"{run}/datasets/hold-out"}
    assert json.loads(ours.pop("EM_DATASETS")) == datasets
    assert ours == {
        "EM_HPS": '{"batch-size": 16, "lr": 0.10, "a.b": "c"}',
        "EM_SOURCE_DIR": f"{run}/code",
        "EM_ENTRY_POINT": "train.py",
        "EM_MODEL_DIR": f"{run}/output/model",
        "EM_CHECKPOINT_DIR": f"{run}/checkpoint",
        "EM_TENSORBOARD_LOG_DIR": f"{run}/tensorboard",
        "EM_REGION": "kr1",
        "EM_APPKEY": "key",
        "EM_PROFILE": "local",
        "EM_DATASET_TRAIN": f"{run}/datasets/train",
        "EM_DATASET_HOLD-OUT": f"{run}/datasets/hold-out",
        "EM_DATASET_HOLD_OUT": f"{run}/datasets/hold-out",
        "EM_HP_BATCH-SIZE": "16",
        "EM_HP_BATCH_SIZE": "16",
        "EM_HP_LR": "0.10",
        "EM_HP_A.B": "c",
        "EM_HP_A_B": "c",
    }
    assert data["script"] == f"{run}/code/train.py"
    assert data["cwd"] == f"{run}/code"
    assert all(data["is_dir"].values())
    assert data["parent_writable"]
    # One instance is no cluster: scripts go distributed as soon as one of these is set.
    assert not {"TF_CONFIG", "WORLD_SIZE", "RANK", "MASTER_ADDR"} & data["env"].keys()


def test_credentials_stay_with_the_launcher(bench: Bench) -> None:
    data = shown(bench)
    assert not [key for key in data["env"] if key.startswith("RCLONE")]
    assert data["env"]["PATH"] == bench.env["PATH"]


def test_input_checkpoint_is_fetched_and_named(bench: Bench) -> None:
    bench.server.put("b/old/cp-1.ckpt", "weights")
    bench.job["checkpoint_input"] = place("b/old")
    bench.script("""
        import os
        assert open(os.environ["EM_CHECKPOINT_INPUT_DIR"] + "/cp-1.ckpt").read() == "weights"
    """)
    assert bench.run().code == 0


def test_a_clear_name_wins_over_a_rewritten_one() -> None:
    document = {"a-b": "rewritten", "a_b": "own"}
    nowhere = job.Place("", "", "")
    loaded = job.Job(
        training="t",
        revision="r",
        training_id="t-r",
        region="",
        app_key="",
        framework="",
        hosts=[],
        processes=None,
        code=nowhere,
        entry_point="train.py",
        hyperparameters=document,
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
        peer_seconds=1,
        stores={},
        retry_seconds={},
    )
    found = environment.variables(loaded, Layout("/home"), Inputs({}, ""))
    assert (found["EM_HP_A_B"], found["EM_HP_A-B"]) == ("own", "rewritten")


def test_largest_set_of_hyperparameters_arrives(bench: Bench) -> None:
    values = {f"{'k' * 200}{i:03}": "v" * 1000 for i in range(100)}
    bench.job.update(hyperparameters=values, hyperparameters_json=json.dumps(values))
    assert len(shown(bench)["argv"]) == 200


def test_more_than_the_system_takes_is_named(bench: Bench) -> None:
    bench.job["hyperparameters_json"] = " " * (128 << 10)  # one variable holds less
    bench.script("")
    result = bench.run()
    assert result.code == causes.NOT_STARTED.code
    assert "Argument list too long" in result.sentence
