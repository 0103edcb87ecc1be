"""Several instances, each a process of its own: who waits, who keeps what, who is blamed."""

import contextlib
import hashlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from launcher import causes, together
from launcher.logs import Log
from launcher.peers import PORT, Loss, Peers
from launcher.together import Together

from tests.launcher.conftest import Bench, Result, place
from tests.launcher.test_distributed import job
from tests.support import objects

Process = subprocess.Popen[bytes]
PEER_LOST = causes.PEER_LOST.code


class Group:
    """Instances that share a store, each at a loopback address of its own."""

    def __init__(self, server: objects.ObjectServer, folder: Path, count: int) -> None:
        net = f"127.{random.randrange(1, 255)}.{random.randrange(255)}"
        self.folder = folder
        self.benches = [Bench(server, folder / f"easymaker{index}") for index in range(count)]
        for index, bench in enumerate(self.benches):
            bench.job["hosts"] = [f"{net}.{number + 1}" for number in range(count)]
            bench.job["framework"] = "pytorch"
            bench.job["checkpoint"] = place("b/checkpoints")
            bench.env |= {"JOB_COMPLETION_INDEX": str(index), "GO": str(folder / "go")}
        self.processes: list[Process] = []

    def script(self, text: str) -> None:
        self.benches[0].script(PRELUDE + text)

    def start(self, *indexes: int) -> list[Process]:
        made = [self.benches[index].start() for index in indexes]
        self.processes += made
        return made

    def go(self) -> None:
        """What the scripts' `wait` waits for."""
        (self.folder / "go").touch()

    def finish(self, index: int, process: Process) -> Result:
        return self.benches[index].finish(process)

    def read(self, index: int, process: Process, text: str) -> None:
        self.benches[index].read_until(process, text.encode())


PRELUDE = """
import os, pathlib, signal, socket, sys, time
rank = int(os.environ["RANK"])
parent = os.getppid()
def wait():
    while not os.path.exists(os.environ["GO"]) and os.getppid() == parent:
        time.sleep(0.02)
"""


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Group]:
    yield from group(tmp_path, 2)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Group]:
    yield from group(tmp_path, 3)


def group(folder: Path, count: int) -> Iterator[Group]:
    with objects.serve(folder / "objects") as server:
        made = Group(server, folder, count)
        yield made
        for process in made.processes:
            process.kill()
            assert process.stdout is not None
            process.stdout.close()
            process.wait()


def test_both_begin_together_and_instance_0_keeps_the_model(pair: Group) -> None:
    pair.script("""
for name in ("EM_MODEL_DIR", "EM_CHECKPOINT_DIR", "EM_TENSORBOARD_LOG_DIR"):
    (pathlib.Path(os.environ[name]) / "file").write_text(f"rank {rank}")
""")
    # What instance 0 fetches is a hundred times as much, and it begins later.
    for index, size in ((0, 10_000_000), (1, 100_000)):
        bench = pair.benches[index]
        bench.server.put(f"b/data{index}/rows", b"x" * size)
        bench.job["datasets"] = {"train": place(f"b/data{index}")}
    (late,) = pair.start(1)
    pair.read(1, late, "waiting for instances 0, up to 900 s for a sign of one that gives none")
    (first,) = pair.start(0)
    results = [pair.finish(0, first), pair.finish(1, late)]
    assert [result.code for result in results] == [0, 0], results
    bench = pair.benches[0]
    assert (bench.output / "model" / "file").read_text() == "rank 0"
    assert ["complete: " in result.log for result in results] == [True, False]
    assert len(list((bench.bucket / "checkpoints").glob("*.json"))) == 1
    for rank in ("0", "1"):
        assert (bench.events / rank / "file").read_text() == f"rank {rank}"
    pair.benches[1].fresh()
    (again,) = pair.start(1)
    assert "already complete" in pair.finish(1, again).log


def test_failure_of_one_ends_the_other_with_its_last_checkpoint(pair: Group) -> None:
    pair.script("""
def save(*_):
    (pathlib.Path(os.environ["EM_CHECKPOINT_DIR"]) / "step").write_text("1")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("step", flush=True)
wait()
if rank == 1:
    raise ValueError("bad")
while True:
    signal.pause()
""")
    processes = pair.start(0, 1)
    for index in (0, 1):
        pair.read(index, processes[index], "step")
    pair.go()
    other, one = (pair.finish(index, process) for index, process in enumerate(processes))
    assert (one.code, one.sentence) == (1, "train.py exited with code 1: ValueError: bad")
    assert other.code == PEER_LOST
    assert other.sentence.startswith("peer lost: instance 1: train.py exited with code 1")
    assert list((pair.benches[0].bucket / "checkpoints").glob("*/step"))


def test_one_that_dies_of_the_others_death_does_not_take_the_blame(pair: Group) -> None:
    """As gloo and gRPC do: the connection breaks, and after a while the script raises."""
    pair.script("""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
host = os.environ["MASTER_ADDR"]
if rank == 0:
    with socket.create_server((host, 29500)) as server:
        talk, _ = server.accept()
        assert talk.recv(9) == b"step"
        talk.recv(9)
        time.sleep(1)
        raise ConnectionError("closed by peer")
while True:
    try:
        talk = socket.create_connection((host, 29500))
        break
    except OSError:
        time.sleep(0.05)
talk.sendall(b"step")
os._exit(3)
""")
    processes = pair.start(0, 1)
    codes = [pair.finish(index, process).code for index, process in enumerate(processes)]
    assert codes == [PEER_LOST, 3]


class Stops:
    """Of a supervisor what is asked of it."""

    is_stopping = False

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def stop(self, reason: causes.Ended, grace_seconds: float) -> None:
        self.reasons.append(str(reason))


@pytest.mark.parametrize(
    ("seconds", "reasons"), [(-0.001, ["peer lost: instance 1: no luck"]), (0.001, [])]
)
def test_who_failed_first_has_the_blame(
    monkeypatch: pytest.MonkeyPatch, seconds: float, reasons: list[str]
) -> None:
    host = f"127.{random.randrange(1, 255)}.{random.randrange(255)}"
    stops: Any = Stops()
    own = Together(job("pytorch", [f"{host}.1", f"{host}.2"]), 0, stops, Log(io.BytesIO()))
    peers = Peers([f"{host}.1", f"{host}.2"], 1, Log(io.BytesIO()))
    stops.pause = time.sleep
    ready = threading.Thread(target=peers.await_ready, args=(time.sleep, 9, lambda _: None))
    ready.start()
    monkeypatch.setattr(together, "time", SimpleNamespace(time=lambda: 1000.0))
    try:
        own.begin()
        ready.join()
        own.script_ended(1, "no luck, either")
        peers.ended(1000.0 + seconds, "no luck")
        peers.done()
        own._peers.await_done(1, time.sleep)  # the last word: the others are here
        assert stops.reasons == reasons
    finally:
        own.close()
        peers.close()


WAITS = 'print("step", flush=True)\nwait()\n'


def test_one_that_is_killed_is_missed_at_once(pair: Group) -> None:
    pair.script(WAITS)
    first, other = pair.start(0, 1)
    pair.read(0, first, "step")
    other.kill()
    result = pair.finish(0, first)
    sentence = "peer lost: instance 1: it is gone without a word"
    assert (result.code, result.sentence) == (PEER_LOST, sentence)


def test_one_that_is_stopped_says_so(pair: Group) -> None:
    pair.script(WAITS)
    first, other = pair.start(0, 1)
    pair.read(0, first, "step")
    pair.read(1, other, "step")
    other.send_signal(signal.SIGTERM)
    assert pair.finish(1, other).code == causes.STOPPED.code
    assert pair.finish(0, first).sentence == "peer lost: instance 1: stopped before it ended"


EARLY = """
if rank == 0:
    print("step", flush=True)
    wait()
"""


def test_one_that_ends_early_and_well_is_no_failure(pair: Group) -> None:
    pair.script(EARLY)
    first, other = pair.start(0, 1)
    pair.read(1, other, "done here; instance 0 keeps the model")
    pair.go()
    assert [pair.finish(0, first).code, pair.finish(1, other).code] == [0, 0]


def test_one_that_ended_early_is_there_for_the_next_attempt(pair: Group) -> None:
    """It begins anew with instance 0, which else would wait for it in vain."""
    pair.script(EARLY)
    first, other = pair.start(0, 1)
    pair.read(1, other, "done here")
    first.kill()
    assert pair.finish(1, other).code == PEER_LOST
    for bench in pair.benches:
        bench.fresh()
    pair.go()
    processes = pair.start(0, 1)
    assert [pair.finish(i, process).code for i, process in enumerate(processes)] == [0, 0]


def test_record_counts_also_where_instance_0_could_not_say_so(pair: Group) -> None:
    pair.script(EARLY)
    first, other = pair.start(0, 1)
    pair.read(1, other, "done here")
    record = {"status": "COMPLETE", "training": "iris", "revision": "0a1b2c3d"}
    path = "S0:b/results/iris-0a1b2c3d/completion.json"
    pair.benches[0].rclone("rcat", path, content=json.dumps(record))
    first.kill()
    assert pair.finish(1, other).code == 0


def test_one_that_begins_anew_before_the_start_is_waited_for(three: Group) -> None:
    three.script("")
    first, second = three.start(0, 1)
    three.read(0, first, "waiting for instances")
    three.read(1, second, "waiting for instances")
    second.kill()
    second.communicate()
    three.benches[1].fresh()
    rest = three.start(1, 2)
    ended = [three.finish(index, p).code for index, p in enumerate([first, *rest])]
    assert ended == [0, 0, 0]


def test_all_go_on_from_the_same_checkpoint(pair: Group) -> None:
    """Also from one that instance 0 of the last attempt keeps while another begins anew."""
    pair.script("""
print("goes on at", (pathlib.Path(os.environ["EM_CHECKPOINT_DIR"]) / "step").read_text())
""")
    (other,) = pair.start(1)
    pair.read(1, other, "waiting for instances 0")
    name, digest = "000001-20260131T120000Z", hashlib.sha256(b"7").hexdigest()
    manifest = {"files": {"step": {"sha256": digest, "size": 1}}}
    for path, content in ((f"{name}/step", "7"), (f"{name}.json", json.dumps(manifest))):
        pair.benches[0].rclone("rcat", f"S0:b/checkpoints/{path}", content=content)
    (first,) = pair.start(0)
    results = [pair.finish(0, first), pair.finish(1, other)]
    assert [result.code for result in results] == [0, 0], results
    assert "goes on at 7" in results[1].log


def test_waiting_has_an_end_that_names_the_instance(pair: Group) -> None:
    bench = pair.benches[0]
    bench.job["peer_seconds"] = 0.5
    pair.script("")
    result = bench.run()
    assert result.code == causes.NO_PEER.code
    host = bench.job["hosts"][1]
    assert result.sentence == f"instance 1 gave no sign for 0.5 s ({host})"


def test_stop_ends_the_wait(pair: Group) -> None:
    pair.script("print('started')")
    result = pair.benches[1].stop_when(b"waiting for instances 0")
    assert result.code == causes.STOPPED.code
    assert "started" not in result.log


def test_one_that_is_about_to_end_is_not_begun_with() -> None:
    hosts = [f"127.{random.randrange(1, 255)}.{random.randrange(255)}.{n}" for n in (1, 2)]
    first, other = (Peers(hosts, index, Log(io.BytesIO())) for index in (0, 1))
    try:
        losses: list[Loss] = []
        with pytest.raises(TimeoutError):  # once all is said, and nobody has heard of the first
            other.await_ready(no_time, 1, losses.append)
        other.ended(time.time(), "stopped")
        other.done()  # the last word: when it is here the others are
        first.await_done(1, time.sleep)
        with pytest.raises(TimeoutError):
            first.await_ready(a_second(), 9, losses.append)
        assert losses == []
    finally:
        first.close()
        other.close()


def test_one_that_is_slow_to_begin_begins_after_the_end_of_the_other() -> None:
    hosts = [f"127.{random.randrange(1, 255)}.{random.randrange(255)}.{n}" for n in (1, 2)]
    first, other = (Peers(hosts, index, Log(io.BytesIO())) for index in (0, 1))
    losses: list[Loss] = []
    try:
        with pytest.raises(TimeoutError):
            other.await_ready(no_time, 1, losses.append)
        first.await_ready(time.sleep, 9, losses.append)
        first.done()
        first.close()
        other.await_done(0, time.sleep)
        other.await_ready(a_second(), 9, losses.append)
        assert losses == []
    finally:
        first.close()
        other.close()


def no_time(seconds: float) -> None:
    raise TimeoutError(seconds)


def a_second() -> Callable[[float], None]:
    end = time.monotonic() + 1

    def pause(seconds: float) -> None:
        if time.monotonic() > end:
            raise TimeoutError(seconds)
        time.sleep(seconds)

    return pause


def test_address_of_the_pod_before_is_not_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    own = f"127.{random.randrange(1, 255)}.{random.randrange(255)}.1"
    monkeypatch.setattr(socket, "gethostname", lambda: own)
    gone = "192.0.2.1"
    peers = Peers([gone, gone], 0, Log(io.BytesIO()))
    try:
        with socket.create_connection((own, PORT)):
            pass
    finally:
        peers.close()
    with (
        socket.create_server((own, PORT)),
        pytest.raises(causes.Ended, match=f"port {PORT}: .*in use"),
    ):
        Peers([own, gone], 0, Log(io.BytesIO()))


def test_nonsense_is_nobody(pair: Group) -> None:
    pair.script("")
    (first,) = pair.start(0)
    pair.read(0, first, "waiting for instances 1")
    host = pair.benches[0].job["hosts"][0]
    for said in (b"", b"x\n", b"\xff\n", b"1" * 9000, b"hello 0\n", b"hello 7\n", b"hello x\n"):
        with socket.create_connection((host, PORT)) as caller:
            caller.sendall(said)
            caller.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                while caller.recv(99):
                    pass
    (other,) = pair.start(1)
    assert [pair.finish(0, first).code, pair.finish(1, other).code] == [0, 0]


# --- several processes of one instance ---------------------------------------------------------


def test_processes_of_an_instance_are_ranks_whose_lines_are_told_apart(bench: Bench) -> None:
    bench.job.update(framework="pytorch", processes=2)
    bench.script("""
        import os
        names = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
        print("has", *[os.environ[name] for name in names])
        if os.environ["RANK"] == "1":
            print("[rank1]: Traceback as PyTorch writes it")
        open(os.environ["EM_MODEL_DIR"] + "/" + os.environ["RANK"], "w").close()
    """)
    result = bench.run()
    assert result.code == 0, result.log
    assert {"[rank0]: has 0 0 2 2", "[rank1]: has 1 1 2 2"} <= set(result.log.splitlines())
    assert "[rank1]: Traceback as PyTorch writes it" in result.log.splitlines()
    assert bench.record["files"].keys() == {"model/0", "model/1"}


def test_first_process_that_fails_ends_the_others_and_is_the_cause(bench: Bench) -> None:
    bench.job.update(framework="pytorch", processes=3, grace_seconds=1)
    bench.script("""
        import os, signal, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.environ["RANK"] == "1":
            sys.exit("no luck")
        print("pid", os.getpid(), flush=True)
        while True:
            time.sleep(9)
    """)
    result = bench.run()
    assert (result.code, result.sentence) == (1, "train.py (rank1) exited with code 1: no luck")
    pids = [line.split()[-1] for line in result.log.splitlines() if "pid" in line]
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


def test_stop_reaches_every_process(bench: Bench) -> None:
    bench.job.update(framework="pytorch", processes=2)
    bench.script("""
        import signal, sys
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("got it", flush=True)))
        print("waits", flush=True)
        while True:
            signal.pause()
    """)
    process = bench.start()
    seen = bench.read_until(process, b"waits")
    seen += bench.read_until(process, b"waits")
    process.send_signal(signal.SIGTERM)
    result = bench.finish(process, seen)
    assert result.code == causes.STOPPED.code
    assert {"[rank0]: got it", "[rank1]: got it"} <= set(result.log.splitlines())
