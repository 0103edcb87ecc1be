"""The emulators: on loopback alone, empty when asked, gone at the end."""

import contextlib
import os
from pathlib import Path

import pytest

from tests.support import aws
from tests.support.aws import Emulators

pytestmark = pytest.mark.e2e

CREATES = """
import json
from tests.support.aws.clients import client
for name in ("moto", "ministack"):
    client("ec2", "us-east-1", name).create_vpc(CidrBlock="10.9.0.0/16")
"""
LISTS = """
import json
from tests.support.aws.clients import client
found = {}
for name in ("moto", "ministack"):
    vpcs = client("ec2", "us-east-1", name).describe_vpcs()["Vpcs"]
    found[name] = [vpc["CidrBlock"] for vpc in vpcs if not vpc["IsDefault"]]
print(json.dumps(found))
"""
WHO = """
import json
from tests.support.aws.clients import client
found = {n: client("sts", "us-east-1", n).get_caller_identity() for n in ("moto", "ministack")}
print(json.dumps({name: answer["Account"] for name, answer in found.items()}))
"""


def listening(processes: tuple[int, ...]) -> set[str]:
    """The addresses, in hexadecimal as the kernel writes them, at which processes listen."""
    sockets = set()
    for process in processes:
        for entry in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                sockets.add(os.readlink(entry).removeprefix("socket:[").removesuffix("]"))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and rest[5] in sockets:
                found.add(local.rpartition(":")[0])
    return found


def test_they_listen_on_loopback_alone(emulators: Emulators) -> None:
    assert listening(emulators.processes) == {"0100007F"}


def test_both_are_the_same_account(emulators: Emulators) -> None:
    assert emulators.run(WHO) == {"moto": aws.ACCOUNT, "ministack": aws.ACCOUNT}


def test_a_reset_empties_both(emulators: Emulators) -> None:
    emulators.run(CREATES)
    assert emulators.run(LISTS) == {"moto": ["10.9.0.0/16"], "ministack": ["10.9.0.0/16"]}
    emulators.reset()
    assert emulators.run(LISTS) == {"moto": [], "ministack": []}


def test_both_are_gone_at_the_end(tmp_path: Path) -> None:
    with aws.serve(aws.install(), tmp_path) as made:
        pass
    assert [process for process in made.processes if Path(f"/proc/{process}").exists()] == []


def test_nothing_of_a_persons_own_account_reaches_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    with aws.serve(aws.install(), tmp_path) as made:
        environments = [Path(f"/proc/{p}/environ").read_bytes() for p in made.processes]
    assert not [each for each in environments if b"AWS_PROFILE" in each]
