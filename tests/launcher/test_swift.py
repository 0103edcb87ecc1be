"""The launcher on a real OpenStack Swift, what NHN Cloud's Object Storage is."""

import hashlib
import json
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from launcher import causes

from components.manifests import stores
from schemas import load
from schemas.address import parse_address
from schemas.storage import SwiftStorage
from tests.support import swift
from tests.support.objects import ObjectServer

from .conftest import HOST, Bench, Result, place

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
RESULTS = "b/results/iris-0a1b2c3d"
CHECKPOINTS = "b/checkpoints/iris-0a1b2c3d"
SEGMENT = 100_000  # bytes; NHN Cloud and rclone allow 5 GB
LISTS = """
    import os, pathlib
    top = pathlib.Path(os.environ["EM_DATASET_TRAIN"])
    found = sorted(str(p.relative_to(top)) for p in top.rglob("*") if p.is_file())
    (pathlib.Path(os.environ["EM_MODEL_DIR"]) / "found.txt").write_text(repr(found))
"""
LARGE = """
    import os, pathlib
    folder = pathlib.Path(os.environ["EM_CHECKPOINT_DIR"])
    step = folder / "step.txt"
    before = int(step.read_text()) if step.exists() else 0
    print("begins at", before, flush=True)
    step.write_text(str(before + 1))
    (folder / "weights.bin").write_bytes(b"w" * 250_000)
    (pathlib.Path(os.environ["EM_MODEL_DIR"]) / "model.bin").write_bytes(b"m" * 350_000)
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return swift.install(tmp_path_factory.mktemp("swift") / "venv")


@pytest.fixture(scope="module")
def server(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[swift.SwiftServer]:
    with swift.serve(programs, tmp_path_factory.mktemp("swift-server")) as server:
        yield server


class SwiftBench(Bench):
    """A bench whose only store is Swift, with the settings that a Job gets."""

    def use(self, server: swift.SwiftServer, user: tuple[str, str], **changes: str) -> None:
        given = {
            "type": "swift",
            "endpoint": server.endpoint,
            "tenant": swift.TENANT,
            "region": swift.REGION,
            "credentials": {key: {"secret": "x"} for key in ("access_key", "secret_key")},
            **changes,
        }
        platform = replace(
            load(ROOT / "stacks" / "local.yaml").platform,
            object_storage={HOST: SwiftStorage.model_validate(given)},
        )
        address = parse_address(f"obs://{HOST}/b/d")
        assert address
        found = stores.stores(platform, [address])
        self.job["stores"] = {store.remote: store.settings for store in found.values()}
        names = [entry["name"] for entry in stores.environment(found)]
        self.env = {"PATH": self.env["PATH"], **dict(zip(names, user, strict=True))}
        self.env.update(RCLONE_LOW_LEVEL_RETRIES="1")

    def put(self, path: str, content: str) -> None:
        self.rclone("rcat", f"S0:{path}", content=textwrap.dedent(content))

    def read(self, path: str) -> bytes:
        return self.rclone("cat", f"S0:{path}")

    def sizes(self, path: str) -> dict[str, int]:
        text = self.rclone("lsjson", "--recursive", "--files-only", "--no-modtime", f"S0:{path}")
        return {entry["Path"]: entry["Size"] for entry in json.loads(text)}

    def again(self) -> Result:
        """One more attempt, in another pod."""
        if (self.home / "run").exists():
            self.fresh()
        return self.run()


@pytest.fixture
def bench(server: swift.SwiftServer, tmp_path: Path) -> Iterator[SwiftBench]:
    made = SwiftBench(ObjectServer("", tmp_path / "none"), tmp_path / "easymaker")
    made.use(server, swift.WRITER)
    made.rclone("mkdir", "S0:b")
    made.put("b/code/train.py", LISTS)
    yield made
    made.use(server, swift.WRITER)
    made.rclone("purge", "S0:b")
    # Nothing else was made: no container for parts, none for a typing error.
    assert made.rclone("lsf", "S0:") == b""


def test_code_data_and_model_travel_and_a_second_run_finds_the_record(bench: SwiftBench) -> None:
    for key in ("iris/train.csv", "iris/sub/붓꽃 (1)+%20.csv", "iris-old/train.csv", "iris.csv"):
        bench.put(f"b/d/{key}", key)
    bench.job["datasets"] = {"train": place("b/d/iris")}
    result = bench.run()
    assert result.code == 0, result.log
    found = bench.read(f"{RESULTS}/model/found.txt")
    assert found.decode() == repr(["sub/붓꽃 (1)+%20.csv", "train.csv"])
    record = json.loads(bench.read(f"{RESULTS}/completion.json"))
    assert record["files"] == {
        "model/found.txt": {"sha256": hashlib.sha256(found).hexdigest(), "size": len(found)}
    }
    again = bench.again()
    assert again.code == 0, again.log
    assert "already complete" in again.log
    assert "running train.py" not in again.log


def test_an_address_may_be_one_object(bench: SwiftBench) -> None:
    bench.put("b/d/iris.csv", "1,2")
    bench.put("b/d/iris.csv.old", "1,2")
    bench.job["datasets"] = {"train": place("b/d/iris.csv")}
    assert bench.run().code == 0
    assert bench.read(f"{RESULTS}/model/found.txt").decode() == "['iris.csv']"


def test_checkpoints_go_on_and_the_oldest_leave_large_objects_too(
    bench: SwiftBench, server: swift.SwiftServer
) -> None:
    """Files larger than a segment are several objects to Swift, and one to everybody else."""
    bench.job["checkpoint"] = place(CHECKPOINTS)
    bench.job["stores"]["S0"]["chunk_size"] = f"{SEGMENT}B"
    bench.put("b/code/train.py", LARGE)
    for number in range(4):
        bench.job["output"] = place(f"{RESULTS}-{number}")
        result = bench.again()
        assert result.code == 0, result.log
        assert f"begins at {number}" in result.log
    kept = bench.sizes(CHECKPOINTS)
    names = sorted(path.removesuffix(".json") for path in kept if path.endswith(".json"))
    assert [name[:6] for name in names] == ["000003", "000004"]
    assert {path: size for path, size in kept.items() if "/" in path} == {
        f"{name}/{file}": size
        for name in names
        for file, size in (("step.txt", 1), ("weights.bin", 250_000))
    }
    assert bench.sizes(f"{RESULTS}-0/model") == {"model.bin": 350_000}
    held = server.request("GET", "/b?prefix=.file-segments/").decode().split()
    assert len(held) == 4 * 4 + 2 * 3  # of all models, and of the checkpoints that are left
    # What is damaged counts for nothing.
    bench.put(f"{CHECKPOINTS}/{names[1]}/step.txt", "9")
    bench.job["output"] = place(f"{RESULTS}-more")
    damaged = bench.again()
    assert f"checkpoint {names[1]} is not what its manifest says" in damaged.log
    assert "begins at 3" in damaged.log


def ended(bench: Bench, cause: causes.Cause, **values: str) -> None:
    result = bench.run()
    assert (result.code, result.sentence) == (cause.code, cause.sentence.format(**values))
    assert "running train.py" not in result.log


@pytest.mark.parametrize("path", ["d/iri", "d/none", "d/marker"])
def test_nothing_there_is_named(bench: SwiftBench, server: swift.SwiftServer, path: str) -> None:
    bench.put("b/d/iris/train.csv", "1")
    server.request("PUT", "/b/d/marker", Content_Type="application/directory")
    bench.job["datasets"] = {"train": place(f"b/{path}")}
    ended(bench, causes.NOTHING_THERE, address=f"obs://{HOST}/b/{path}", what="data set train")


@pytest.mark.parametrize(
    ("field", "path", "what"),
    [
        ("code", "d", "code"),
        ("output", "d/completion.json", "output data"),
        ("checkpoint", "d", "checkpoint"),
    ],
)
def test_missing_container_is_named(bench: SwiftBench, field: str, path: str, what: str) -> None:
    bench.job[field] = place("missing/d")
    ended(bench, causes.NO_BUCKET, address=f"obs://{HOST}/missing/{path}", what=what)


def test_wrong_password_is_no_permission(bench: SwiftBench, server: swift.SwiftServer) -> None:
    bench.use(server, (swift.WRITER[0], "wrong"))
    address = f"obs://{HOST}/{RESULTS}/completion.json"
    ended(bench, causes.DENIED, verb="read", address=address, what="output data")


def test_who_may_only_read_is_told_what_could_not_be_written(
    bench: SwiftBench, server: swift.SwiftServer
) -> None:
    bench.put("b/code/train.py", "open(__import__('os').environ['EM_MODEL_DIR'] + '/m', 'w')")
    lists = f"{swift.TENANT}:{swift.READER[0]},.rlistings"
    server.request("POST", "/b", X_Container_Read=lists)
    bench.use(server, swift.READER)
    result = bench.run()
    denied = causes.DENIED.sentence.format(
        verb="write", address=f"obs://{HOST}/{RESULTS}/model", what="model"
    )
    sentence = causes.UPLOAD_FAILED.sentence.format(entry_point="train.py", why=denied)
    assert (result.code, result.sentence) == (causes.UPLOAD_FAILED.code, sentence), result.log


def test_who_may_read_nothing_is_told_so(bench: SwiftBench, server: swift.SwiftServer) -> None:
    bench.use(server, swift.READER)
    address = f"obs://{HOST}/{RESULTS}/completion.json"
    ended(bench, causes.DENIED, verb="read", address=address, what="output data")


def test_identity_service_that_does_not_answer_is_waited_for(
    bench: SwiftBench, server: swift.SwiftServer
) -> None:
    bench.use(server, swift.WRITER, endpoint="http://127.0.0.1:1/v2.0")
    bench.job["retry_seconds"] = {"S0": 1}
    result = bench.run()
    assert result.code == causes.STORAGE_SILENT.code
    assert "trying again: " in result.log
    assert result.sentence.endswith("connection refused")


def test_region_that_the_catalogue_does_not_have_says_so(
    bench: SwiftBench, server: swift.SwiftServer
) -> None:
    bench.use(server, swift.WRITER, region="JP1")
    result = bench.run()
    assert result.code == causes.STORAGE_FAILED.code
    assert result.sentence.endswith("Response didn't have storage url and auth token")
