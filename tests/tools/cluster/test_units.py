"""Processes of a node, with real processes and no cgroups."""

import json
import os
import sys
from pathlib import Path
from typing import cast

import pytest

from tools.cluster.cgroups import CgroupRoot
from tools.cluster.units import Unit, Units
from tools.errors import ToolError


class NoCgroup:
    def join(self, unit: str, pid: int) -> None:
        pass


@pytest.fixture
def units(tmp_path: Path) -> Units:
    return Units(tmp_path, cast(CgroupRoot, NoCgroup()), [])


def sleeper(tmp_path: Path, text: str = "one") -> Unit:
    config = tmp_path / "config"
    config.write_text(text)
    code = "import sys, time; print('up', flush=True); time.sleep(600)"
    return Unit(name="sleeper", argv=(sys.executable, "-c", code), files=(config,), inside=False)


def test_a_unit_is_started_once_and_again_when_its_files_change(
    units: Units, tmp_path: Path
) -> None:
    assert units.ensure(sleeper(tmp_path))
    first = units.pid("sleeper")
    try:
        assert first is not None
        assert not units.ensure(sleeper(tmp_path))
        assert units.pid("sleeper") == first
        units.wait("sleeper", lambda: units.last_lines("sleeper") == "up", "its word", 10)
        assert units.ensure(sleeper(tmp_path, "two"))
        assert units.pid("sleeper") not in (None, first)
        assert not Path(f"/proc/{first}").exists()
    finally:
        units.stop("sleeper")
    assert units.pid("sleeper") is None


def test_another_process_under_the_same_number_is_not_the_unit(
    units: Units, tmp_path: Path
) -> None:
    units.ensure(sleeper(tmp_path))
    path = tmp_path / "units" / "sleeper.json"
    record = json.loads(path.read_text())
    try:
        path.write_text(json.dumps({**record, "pid": os.getpid()}))
        assert units.pid("sleeper") is None
        units.stop("sleeper")  # and so it doesn't end this test
    finally:
        path.write_text(json.dumps(record))
        units.stop("sleeper")


def test_a_half_written_record_counts_as_never_started(units: Units, tmp_path: Path) -> None:
    (tmp_path / "units" / "sleeper.json").write_text('{"pid": 1')
    assert units.pid("sleeper") is None


def test_a_unit_that_ends_is_said_with_its_last_lines(units: Units, tmp_path: Path) -> None:
    unit = Unit(name="bad", argv=(sys.executable, "-c", "print('no such flag')"), inside=False)
    units.ensure(unit)
    with pytest.raises(ToolError, match=r"bad ended:\nno such flag \(all of it is in .*bad\.log\)"):
        units.wait("bad", lambda: False, "it", 10)


def test_a_unit_that_stalls_is_said_too(units: Units, tmp_path: Path) -> None:
    units.ensure(sleeper(tmp_path))
    try:
        with pytest.raises(ToolError, match=r"the thing took longer than 0.2 s"):
            units.wait("sleeper", lambda: False, "the thing", 0.2)
    finally:
        units.stop("sleeper")


def test_a_wait_ends_when_it_is_given_up(units: Units, tmp_path: Path) -> None:
    units.ensure(sleeper(tmp_path))
    try:
        units.give_up()
        with pytest.raises(ToolError, match="the thing was given up"):
            units.wait("sleeper", lambda: False, "the thing", 60)
    finally:
        units.stop("sleeper")


def test_a_unit_runs_only_once_it_is_in_its_group(tmp_path: Path) -> None:
    class Refused:
        def join(self, unit: str, pid: int) -> None:
            self.pid = pid
            raise OSError("no such group")

    cgroup = Refused()
    units = Units(tmp_path, cast(CgroupRoot, cgroup), [])
    mark = tmp_path / "mark"
    with pytest.raises(OSError, match="no such group"):
        units.ensure(Unit(name="touch", argv=("touch", str(mark)), inside=False))
    os.waitpid(cgroup.pid, 0)
    assert not mark.exists()
    assert units.pid("touch") is None
