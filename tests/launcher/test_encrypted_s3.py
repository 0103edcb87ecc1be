"""The launcher on S3 that encrypts with KMS, as the buckets of a cluster on AWS do."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from launcher import causes

from components.manifests import stores
from schemas.address import parse_address
from schemas.storage import S3Storage
from tests.support import cluster_stack, objects
from tools.cluster.pki import Authority

from .conftest import HOST, Bench, place

TRAINS = """
    import os, pathlib
    kept = pathlib.Path(os.environ["EM_CHECKPOINT_DIR"]) / "step.txt"
    before = int(kept.read_text()) if kept.exists() else 0
    print("begins at", before, flush=True)
    kept.write_text(str(before + 1))
    data = (pathlib.Path(os.environ["EM_DATASET_TRAIN"]) / "train.csv").read_bytes()
    (pathlib.Path(os.environ["EM_MODEL_DIR"]) / "model.bin").write_bytes(data * 1000)
"""


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[Bench]:
    """A bench with the settings and variables that pods have on AWS."""
    spec = cluster_stack.workspace(tmp_path)
    authority = Authority(tmp_path / "tls")
    authority.issue("server", "objects", hosts=["127.0.0.1"])
    with objects.serve_encrypting(tmp_path / "objects", authority.folder / "server") as server:
        bench = Bench(server, tmp_path / "easymaker")
        there = replace(
            spec.platform, object_storage={HOST: S3Storage(type="s3", endpoint=server.endpoint)}
        )
        address = parse_address(f"obs://{HOST}/b")
        assert address is not None
        bench.job["stores"]["S0"] = stores.stores(there, [address])[HOST].settings
        for name in [name for name in bench.env if name.startswith("RCLONE_CONFIG")]:
            del bench.env[name]
        bench.env |= {
            "AWS_ACCESS_KEY_ID": objects.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": objects.SECRET_KEY,
            "RCLONE_CA_CERT": str(authority.folder / "ca.crt"),
        }
        bench.script(TRAINS)
        server.put("b/data/train.csv", "1,2\n")
        bench.job["datasets"] = {"train": place("b/data")}
        bench.job["checkpoint"] = place("b/checkpoints/iris-0a1b2c3d")
        yield bench


def test_what_others_put_there_is_read_and_what_it_writes_is_kept(encrypted: Bench) -> None:
    first = encrypted.run()
    assert first.code == 0, first.log
    assert "begins at 0" in first.log
    assert (encrypted.output / "model" / "model.bin").read_text() == "1,2\n" * 1000
    assert encrypted.record["files"].keys() == {"model/model.bin"}
    encrypted.rclone("deletefile", "S0:b/results/iris-0a1b2c3d/completion.json")
    encrypted.fresh()
    assert "begins at 1" in encrypted.run().log  # from the checkpoint


def test_etags_taken_for_checksums_would_fail_it(encrypted: Bench) -> None:
    """So it is the setting that the other tests see."""
    del encrypted.job["stores"]["S0"]["directory_bucket"]
    result = encrypted.run()
    assert result.code == causes.STORAGE_FAILED.code
    assert "corrupted on transfer: md5 hashes differ" in result.sentence


def test_what_is_sent_has_a_checksum_and_no_encryption_of_ours(encrypted: Bench) -> None:
    """S3 checks the one, and the bucket says the other."""
    dumped = encrypted.home / "rclone.log"
    encrypted.rclone("rcat", "S0:b/note", "--dump=headers", f"--log-file={dumped}", content="x")
    assert (encrypted.bucket / "note").read_text() == "x"
    sent = dumped.read_text().lower()
    assert "x-amz-trailer: x-amz-checksum-crc32" in sent
    assert "x-amz-server-side-encryption" not in sent
