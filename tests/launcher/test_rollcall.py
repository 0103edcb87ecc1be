"""An instance stays until all others have found it."""

import socket
from collections.abc import Iterator

import pytest
from launcher.rollcall import RollCall

from tests.launcher.conftest import Bench
from tests.support.cluster import free_port, until

HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


@pytest.fixture(name="port")
def _port() -> int:
    return free_port()


@pytest.fixture(name="calls")
def _calls() -> Iterator[list[RollCall]]:
    found: list[RollCall] = []
    yield found
    for call in found:
        call.close()


def test_all_are_heard_in_whatever_order_they_begin(calls: list[RollCall], port: int) -> None:
    calls.append(RollCall(HOSTS, 0, HOSTS[0], port))
    calls[0].tell()  # nobody is there yet
    assert calls[0].absent() == [1, 2]
    calls.append(RollCall(HOSTS, 2, HOSTS[2], port))
    calls[1].tell()
    until(lambda: calls[0].absent() == [1], "the third")
    until(lambda: calls[1].absent() == [1], "the first, which tries again")
    calls.append(RollCall(HOSTS, 1, HOSTS[1], port))
    until(lambda: calls[2].absent() == [], "both, which try again")
    assert calls[0].absent() == [1], "it listens, and has not found all others yet"
    calls[2].tell()
    until(lambda: all(call.absent() == [] for call in calls), "all")


def test_one_instance_waits_for_nobody() -> None:
    call = RollCall([], 0)
    call.tell()
    assert call.absent() == []


def test_port_that_is_taken_costs_no_run(port: int) -> None:
    with socket.create_server((HOSTS[0], port)):
        assert RollCall(HOSTS, 0, HOSTS[0], port).absent() == []


@pytest.mark.parametrize("said", [b"", b"x\n", b"\xff\n", b"1" * 100])
def test_nonsense_is_nobody(calls: list[RollCall], port: int, said: bytes) -> None:
    calls.append(RollCall(HOSTS, 0, HOSTS[0], port))
    with socket.create_connection((HOSTS[0], port)) as caller:
        caller.sendall(said)
        caller.shutdown(socket.SHUT_WR)
        caller.recv(1)
    assert calls[0].absent() == [1, 2]


def test_run_stays_for_one_that_begins_later_and_keeps_its_model_then(bench: Bench) -> None:
    """With the time for peers over it goes on all the same."""
    bench.job.update(hosts=["localhost", "127.0.0.1"], framework="pytorch", peer_seconds=0.5)
    bench.env["JOB_COMPLETION_INDEX"] = "0"
    bench.script("print('short')")
    result = bench.run()
    assert result.code == 0
    assert "staying for instances 1, which begin later" in result.log
    assert result.log.index("staying for") < result.log.index("complete: ")


def test_stop_ends_the_stay(bench: Bench) -> None:
    bench.job.update(hosts=["localhost", "127.0.0.1"], framework="pytorch")
    bench.env["JOB_COMPLETION_INDEX"] = "0"
    bench.script("print('short')")
    result = bench.stop_when(b"staying for instances 1")
    assert result.code == 0
    assert (bench.output / "completion.json").exists()
