"""Lock files of images."""

import re
from pathlib import Path

import pytest
import yaml

from tools.errors import ToolError
from tools.images import catalogue, lock


def test_the_committed_lock_is_what_the_inputs_give() -> None:
    lock.check(lock.LOCAL, lock.local())
    found = yaml.safe_load(lock.LOCAL.read_text())
    references = catalogue.refs()
    del references["pause"]
    assert found == {"platform": {"built_images": references}}


def test_a_lock_names_its_writer_and_sorts() -> None:
    assert lock.text({"tools": "r/tools@sha256:2", "python": "r/python@sha256:1"}, "emctl x") == (
        "# Written by `emctl x`; do not edit.\n"
        "platform:\n"
        "  built_images:\n"
        "    python: r/python@sha256:1\n"
        "    tools: r/tools@sha256:2\n"
    )


def test_writing_tells_whether_it_changed_the_file(tmp_path: Path) -> None:
    path = tmp_path / "platform" / "lock.yaml"
    content = lock.text({"tools": "a"}, "emctl")
    assert lock.write(path, content)
    assert not lock.write(path, content)
    lock.check(path, content)


def test_a_stale_lock_is_said_with_the_images_that_differ(tmp_path: Path) -> None:
    path = tmp_path / "lock.yaml"
    lock.write(path, lock.text({"tools": "a", "python": "p"}, "emctl"))
    with pytest.raises(ToolError, match=r"inputs give now: s3, tools \(write it anew"):
        lock.check(path, lock.text({"tools": "b", "python": "p", "s3": "s"}, "emctl"))


def test_a_missing_lock_is_stale(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=re.escape(str(tmp_path / "none.yaml"))):
        lock.check(tmp_path / "none.yaml", lock.text({"tools": "a"}, "emctl"))
