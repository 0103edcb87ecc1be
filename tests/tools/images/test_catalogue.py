"""The names of images: what changes them, what does not, and that the catalogue is whole."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools.images import catalogue
from tools.images.catalogue import (
    FOLDER,
    IMAGES,
    Image,
    Input,
    build_order,
    context,
    references,
)

CATALOGUE = {
    "below": Image("below", space_mb=1),
    "above": Image("above", space_mb=1, base="below"),
    "apart": Image("apart", space_mb=1, code=("code",)),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images = tmp_path / "images"
    for name in CATALOGUE:
        (images / name / "part").mkdir(parents=True)
        (images / name / "Dockerfile").write_text("FROM scratch\n")
        (images / name / "part" / "run").write_text("true\n")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text("pass\n")
    return images


@pytest.mark.parametrize(
    "change",
    [
        lambda image: (image / "Dockerfile").write_text("FROM scratch\nCMD []\n"),
        lambda image: (image / "part" / "run").write_text("false\n"),
        lambda image: (image / "part" / "new").touch(),
        lambda image: (image / "part" / "run").rename(image / "part" / "start"),
        lambda image: (image / "part" / "run").unlink(),
        lambda image: (image / "part" / "run").chmod(0o755),
    ],
)
def test_each_input_changes_its_image_and_what_stands_on_it(
    folder: Path, change: Callable[[Path], object]
) -> None:
    before = references(CATALOGUE, folder)
    change(folder / "below")
    after = references(CATALOGUE, folder)
    assert {name for name in CATALOGUE if before[name] != after[name]} == {"below", "above"}


def test_code_changes_the_images_that_run_it_and_is_in_their_context(folder: Path) -> None:
    before = references(CATALOGUE, folder)
    (folder.parent / "code" / "main.py").write_text("print()\n")
    after = references(CATALOGUE, folder)
    assert {name for name in CATALOGUE if before[name] != after[name]} == {"apart"}
    assert context(CATALOGUE["apart"], folder) == [
        Input("Dockerfile", False, b"FROM scratch\n"),
        Input("code/main.py", False, b"print()\n"),
        Input("part/run", False, b"true\n"),
    ]


def test_moving_bytes_between_name_and_content_changes_the_image(folder: Path) -> None:
    (folder / "apart" / "a").write_text("bc")
    before = references(CATALOGUE, folder)
    (folder / "apart" / "a").unlink()
    (folder / "apart" / "ab").write_text("c")
    assert references(CATALOGUE, folder)["apart"] != before["apart"]


@pytest.mark.parametrize("change", [{"suite": "forky"}, {"variant": "apt"}, {"recipe": 2}])
def test_another_base_changes_every_image(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    before = references(CATALOGUE, folder)
    monkeypatch.setattr(catalogue, "DEBIAN", replace(catalogue.DEBIAN, **change))
    after = references(CATALOGUE, folder)
    assert all(before[name] != after[name] for name in CATALOGUE)


def test_what_no_build_sees_changes_nothing(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = references(CATALOGUE, folder)
    os.utime(folder / "below" / "Dockerfile", (1, 1))
    (folder / "below" / "part" / "run").chmod(0o600)
    (folder / "below" / ".Dockerfile.swp").touch()
    (folder / "below" / "Dockerfile~").touch()
    (folder / "below" / "part" / "__pycache__").mkdir()
    (folder / "below" / "part" / "__pycache__" / "x.pyc").touch()
    (folder / "below" / "empty").mkdir()
    (folder / "README").touch()
    (folder.parent / "code" / "__pycache__").mkdir()
    (folder.parent / "code" / "__pycache__" / "main.pyc").touch()
    copy = tmp_path_factory.mktemp("other") / "elsewhere"
    shutil.copytree(folder.parent, copy)
    assert references(CATALOGUE, copy / "images") == before


def test_a_reference_names_the_image_and_twelve_digits(folder: Path) -> None:
    found = references(CATALOGUE, folder)
    assert list(found) == list(CATALOGUE)
    assert re.fullmatch(r"easymaker\.local/above:[0-9a-f]{12}", found["above"])


def test_naming_images_runs_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a program was run")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert set(catalogue.refs()) == set(IMAGES)


def test_references_lead_back_to_the_images_that_are_ours() -> None:
    refs = catalogue.refs()
    asked = ["nginx:1", refs["tools"], f"{catalogue.REPOSITORY}/tools:0123456789ab", refs["pause"]]
    assert catalogue.names_of(asked) == ["pause", "tools"]


def test_what_an_image_stands_on_is_built_before_it_and_once() -> None:
    assert build_order(CATALOGUE, ["above", "apart", "below"]) == ["below", "above", "apart"]


def test_the_catalogue_has_each_folder_and_no_other() -> None:
    assert {path.parent.name for path in FOLDER.glob("*/Dockerfile")} == set(IMAGES)
    assert all(name == image.name for name, image in IMAGES.items())


@pytest.mark.parametrize("image", [i for i in IMAGES.values() if i.base is None])
def test_dockerfiles_begin_with_one_step_on_one_base(image: Image) -> None:
    # Else plain Docker would build on something else, and no build step would be shared.
    def beginning(name: str) -> str:
        return (FOLDER / name / "Dockerfile").read_text().partition("\nCOPY ")[0]

    assert beginning(image.name) == beginning("python")
    assert beginning(image.name).startswith(f"ARG BASE={catalogue.DEBIAN.pulled}\n")


LOCKED = sorted(path.parent for path in FOLDER.parent.rglob("requirements.in"))


@pytest.mark.parametrize("folder", LOCKED, ids=lambda folder: folder.name)
def test_packages_are_pinned_by_hash_and_name_no_index(folder: Path) -> None:
    path = folder / "requirements.txt"
    requirements = path.read_text().replace("\\\n", " ").splitlines()
    assert requirements
    for requirement in requirements:
        assert re.fullmatch(r"[a-z0-9-]+==[^ ]+( +--hash=sha256:[0-9a-f]{64})+ *", requirement)
    pinned = {requirement.split()[0] for requirement in requirements}
    asked = (path.parent / "requirements.in").read_text().splitlines()
    without_extras = {re.sub(r"\[.*\]", "", line) for line in asked if not line.startswith("#")}
    assert without_extras <= pinned
