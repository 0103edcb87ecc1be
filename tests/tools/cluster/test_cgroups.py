"""Cgroup roots on made-up trees of both versions; the end-to-end tests see real ones."""

from pathlib import Path

import pytest

from tools.cluster.cgroups import CgroupRoot
from tools.errors import ToolError


def v1(mount: Path, *controllers: str) -> Path:
    for name in controllers:
        folder = mount / name
        folder.mkdir()
        (folder / "cgroup.procs").touch()
        (folder / "tasks").touch()
        if name == "cpuset":
            (folder / "cpuset.cpus").write_text("0-1\n")
            (folder / "cpuset.mems").write_text("0\n")
            # The kernel makes these two in every new group.
            child = folder / "em0"
            child.mkdir()
            (child / "cpuset.cpus").write_text("\n")
            (child / "cpuset.mems").write_text("\n")
    return mount


def v2(mount: Path, controllers: str) -> Path:
    (mount / "cgroup.controllers").write_text(controllers)
    (mount / "cgroup.subtree_control").write_text("cpu\n")
    (mount / "em0").mkdir()
    (mount / "em0" / "cgroup.subtree_control").write_text("")
    return mount


def test_version_1_makes_a_group_in_every_hierarchy_and_fills_the_cpuset(tmp_path: Path) -> None:
    CgroupRoot("em0", v1(tmp_path, "cpu", "cpuset", "memory", "pids", "blkio")).create()
    assert {p.parent.name for p in tmp_path.glob("*/em0")} == {
        "cpu",
        "cpuset",
        "memory",
        "pids",
        "blkio",
    }
    assert (tmp_path / "cpuset" / "em0" / "cpuset.cpus").read_text() == "0-1\n"
    assert (tmp_path / "cpuset" / "em0" / "cpuset.mems").read_text() == "0\n"


def test_version_1_names_the_controllers_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cgroup controllers memory, pids are not mounted"):
        CgroupRoot("em0", v1(tmp_path, "cpu", "cpuset")).create()


def test_version_1_looks_for_leftovers_in_a_version_2_mount_beside(tmp_path: Path) -> None:
    v1(tmp_path, "cpu", "cpuset", "memory", "pids")
    unified = tmp_path / "unified"
    (unified / "em0" / "pod").mkdir(parents=True)
    (unified / "cgroup.controllers").touch()
    (unified / "cgroup.procs").touch()
    (unified / "em0" / "pod" / "cgroup.procs").write_text("4194999\n")
    root = CgroupRoot("em0", tmp_path)
    assert root.processes() == {4194999}
    root.create()
    assert not (unified / "em0" / "node").exists()


def test_version_2_hands_down_what_is_not_yet(tmp_path: Path) -> None:
    mount = v2(tmp_path, "cpuset cpu io memory hugetlb pids\n")
    CgroupRoot("em0", mount).create()
    assert (mount / "cgroup.subtree_control").read_text() == "+cpuset +io +memory +hugetlb +pids"
    handed = (mount / "em0" / "cgroup.subtree_control").read_text()
    assert handed == "+cpuset +cpu +io +memory +hugetlb +pids"
    # Processes of the node lie in a child: a group with processes can hand nothing down.
    assert (mount / "em0" / "node").is_dir()


def test_version_2_names_the_controllers_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="controllers memory, pids are not available"):
        CgroupRoot("em0", v2(tmp_path, "cpuset cpu io\n")).create()
