"""A cgroup's counters, as the kernel writes them in both of its versions."""

from pathlib import Path

import pytest
from launcher.causes import OUT_OF_MEMORY, of_script
from launcher.memory import Memory

V1 = ("memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill {}\n")
V2 = ("memory.events", "low 0\nhigh 0\nmax 12\noom 1\noom_kill {}\noom_group_kill 0\n")


@pytest.mark.parametrize(
    ("counter", "limit"),
    [(V1, "memory/memory.limit_in_bytes"), (V2, "memory.max")],
    ids=["version 1", "version 2"],
)
@pytest.mark.parametrize(
    ("content", "said"),
    [("2147483648\n", "2Gi"), ("67108864\n", "64Mi"), ("5000\n", "5000"), ("max\n", "no limit")],
)
def test_process_ended_for_want_of_memory_is_seen(
    tmp_path: Path, counter: tuple[str, str], limit: str, content: str, said: str
) -> None:
    name, text = counter
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text.format(1))
    (tmp_path / limit).write_text(content)
    memory = Memory(str(tmp_path))
    assert memory.shortage() == ""
    (tmp_path / name).write_text(text.format(2))
    assert memory.shortage() == said


def test_without_a_cgroup_nothing_is_said(tmp_path: Path) -> None:
    assert Memory(str(tmp_path)).shortage() == ""


@pytest.mark.parametrize("status", [-9, 137], ids=["itself", "in a shell"])
def test_script_killed_for_want_of_memory_ran_out_of_it(status: int) -> None:
    assert of_script("train.py", status, "step 3", "2Gi") == (
        OUT_OF_MEMORY.code,
        "the script ran out of memory (the flavor has 2Gi)",
    )


def test_script_that_lost_a_process_to_it_keeps_its_own_code() -> None:
    assert of_script("train.py", 1, "RuntimeError: worker died", "2Gi") == (
        1,
        "train.py exited with code 1 after a process of it ran out of memory "
        "(the flavor has 2Gi): RuntimeError: worker died",
    )
