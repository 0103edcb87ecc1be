"""Specs in several files: merging, and what may be read."""

import os
import threading
from pathlib import Path

import pytest

from schemas import SpecError, load
from schemas.files import Disk, Unreadable, read_spec
from schemas.workspace import MERGED
from tests.schemas import specs

HEADER = "api_version: easymaker/v1\nkind: Workspace\nworkspace: team\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def problems(main: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(main)
    root = f"{main.parent}/"
    return [str(issue).replace(root, "") for issue in caught.value.issues]


def platform() -> str:
    return specs.flow({"platform": specs.platform()}) + "\n"


def test_paths_are_relative_to_the_including_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.yaml": f"{HEADER}include: [a/one.yaml]\n",
            "a/one.yaml": "include: [b/two.yaml, ../three.yaml]\nexperiments: {one: {}}\n",
            "a/b/two.yaml": "experiments: {two: {}}\n",
            "three.yaml": platform(),
        },
    )
    assert set(load(tmp_path / "main.yaml").experiments) == {"one", "two"}


def test_platform_may_come_in_parts(tmp_path: Path) -> None:
    ground = specs.platform()
    images = ground.pop("images")
    write(
        tmp_path,
        {
            "main.yaml": f"{HEADER}include: [p.yaml, train.yaml, lock.yaml]\n"
            + specs.flow({"platform": {"images": {"note": images["note"], "gpu": images["gpu"]}}})[
                1:-1
            ],
            "p.yaml": specs.flow({"platform": ground}),
            "train.yaml": specs.flow({"platform": {"images": {"train": images["train"]}}}),
            "lock.yaml": "platform: {built_images: {other: 'registry.example.com/other:1'}}\n",
        },
    )
    found = load(tmp_path / "main.yaml").platform
    assert set(found.images) == {"note", "gpu", "train"}
    assert set(found.built_images) == {"train", "tools", "tensorboard", "other"}


def test_value_of_the_platform_is_declared_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.yaml": f"{HEADER}include: [p.yaml]\nplatform: {{domain: example.org}}\n",
            "p.yaml": platform(),
        },
    )
    (problem,) = problems(tmp_path / "main.yaml")
    assert problem.endswith(
        "platform.domain: this key is declared twice, first at main.yaml:5:12 (remove one)"
    )


def test_file_reached_on_two_ways_counts_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.yaml": f"{HEADER}include: [a.yaml, b.yaml, ./p.yaml, p.yaml]\n",
            "a.yaml": "include: [p.yaml]\n",
            "b.yaml": "include: [p.yaml]\nexperiments: {one: {}}\n",
            "p.yaml": platform(),
        },
    )
    assert set(load(tmp_path / "main.yaml").experiments) == {"one"}


def test_link_is_the_file_that_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path, {"main.yaml": f"{HEADER}include: [p.yaml, link.yaml]\n", "p.yaml": platform()})
    (tmp_path / "link.yaml").symlink_to("p.yaml")
    assert load(tmp_path / "main.yaml").name == "team"


def test_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(project, {"main.yaml": f"{HEADER}include: [link.yaml]\n", "Pulumi.yaml": ""})
    (tmp_path / "secret.yaml").write_text("password: hunter2\n")
    (project / "link.yaml").symlink_to("../secret.yaml")
    (problem,) = problems(project / "main.yaml")
    assert problem.startswith("main.yaml:4:11: include.0: 'link.yaml' lies outside of the project")
    assert "hunter2" not in problem


@pytest.mark.parametrize("marker", ["Pulumi.yaml", ".git"])
def test_project_is_the_nearest_folder_with_a_marker(tmp_path: Path, marker: str) -> None:
    write(
        tmp_path,
        {
            f"p/{marker}": "",
            "p/stacks/main.yaml": f"{HEADER}include: [../ground.yaml]\n",
            "p/ground.yaml": platform(),
        },
    )
    assert load(tmp_path / "p/stacks/main.yaml").name == "team"
    (tmp_path / "p" / marker).unlink()
    (problem,) = problems(tmp_path / "p/stacks/main.yaml")
    assert "lies outside of the project" in problem


def test_main_file_may_lie_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a/main.yaml": f"{HEADER}{platform()[1:-2]}\n", "b/x": ""})
    monkeypatch.chdir(tmp_path / "b")
    assert load("../a/main.yaml").name == "team"


def test_every_file_is_read_although_one_is_broken(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.yaml": f"{HEADER}include: [broken.yaml, two.yaml, gone.yaml]\nmodel: {{}}\n",
            "broken.yaml": "a: [\n",
            "two.yaml": "experiments: {Two: {}}\n",
        },
    )
    found = problems(tmp_path / "main.yaml")
    assert [problem.split(": ")[0] for problem in found] == [
        "main.yaml:4:34",
        "main.yaml:5:1",
        "broken.yaml:1:5",
        "two.yaml:1:15",
    ]


def test_errors_stand_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.yaml": f"{HEADER}include: [z.yaml, a.yaml]\n" + "experiments: {B: {}, A: {}}\n",
            "z.yaml": "models:\n  X: 1\n  Y: 1\n",
            "a.yaml": platform() + "\n",
        },
    )
    assert [problem.split(": ")[0] for problem in problems(tmp_path / "main.yaml")] == [
        "main.yaml:5:15",
        "main.yaml:5:22",
        "z.yaml:2:3",
        "z.yaml:2:6",
        "z.yaml:3:3",
        "z.yaml:3:6",
    ]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: path.mkdir(), "is a directory"),
        (lambda path: None, "does not exist"),
        (os.mkfifo, "is no regular file"),
        (lambda path: path.symlink_to(path.name), "cannot be read"),
    ],
    ids=["directory", "missing", "pipe", "endless link"],
)
def test_main_file_that_is_none(tmp_path: Path, make: object, text: str) -> None:
    main = tmp_path / "main.yaml"
    make(main)  # type: ignore[operator]
    (problem,) = problems(main)
    assert problem.startswith(f"main.yaml:1:1: the file {text}")


def test_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "main.yaml").write_text(HEADER)
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(Unreadable) as caught:
        Disk(str(tmp_path / "main.yaml")).read(str(tmp_path / "main.yaml"))
    assert caught.value.message == "cannot be read: permission denied"


def test_name_with_a_nul_is_unreadable() -> None:
    loaded = read_spec("a\0b", Disk("a\0b"), MERGED)
    assert [issue.rule for issue in loaded.issues] == ["file-unreadable"]


def test_pipe_does_not_hang(tmp_path: Path) -> None:
    """A pipe that nobody writes to would wait for ever when opened."""
    os.mkfifo(tmp_path / "main.yaml")
    answer: list[str] = []
    thread = threading.Thread(
        target=lambda: answer.extend(problems(tmp_path / "main.yaml")), daemon=True
    )
    thread.start()
    thread.join(10)
    assert answer
