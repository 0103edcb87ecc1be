"""Every rule has a wrong spec, with the exact text that a user gets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import SpecError, load
from schemas.catalog import RULES
from schemas.files import MAX_FILES
from schemas.parse import MAX_BYTES
from tests.schemas import invalid


@pytest.mark.parametrize("case", invalid.cases())
def test_wrong_spec_gives_the_expected_text(case: str) -> None:
    expected = (invalid.FOLDER / f"{case}.txt").read_text(encoding="utf-8")
    assert f"{invalid.problems(case)}\n" == expected


def test_every_text_belongs_to_a_case() -> None:
    texts = {path.stem for path in invalid.FOLDER.glob("*.txt")}
    assert texts == set(invalid.cases())


@pytest.mark.parametrize("case", invalid.cases())
def test_case_is_named_after_a_rule_that_it_breaks(case: str) -> None:
    broken = {issue.rule for issue in invalid.problems(case).issues}
    if case.startswith("all-at-once"):
        assert len(broken) >= 5
    else:
        assert any(case == rule or case.startswith(f"{rule}-") for rule in broken)


def test_rules_and_cases_are_the_same() -> None:
    """A rule without a case, or an issue with a rule that the catalogue does not list, fails."""
    broken = {issue.rule for case in invalid.cases() for issue in invalid.problems(case).issues}
    # Two need more than fits into a repository and are below; one needs what was applied before.
    assert broken | {"file-size", "include-count", "transition"} == set(RULES)


@pytest.mark.parametrize("case", invalid.cases())
def test_every_position_is_inside_its_file(case: str) -> None:
    for issue in invalid.problems(case).issues:
        for at in (issue.position, *issue.related):
            content = (invalid.FOLDER / at.file).read_bytes().decode("utf-8-sig", "replace")
            lines = content.splitlines() or [""]
            assert 1 <= at.line <= len(lines)
            assert 1 <= at.column <= len(lines[at.line - 1]) + 1


@pytest.mark.parametrize("case", invalid.cases())
def test_message_reads_like_the_others(case: str) -> None:
    for issue in invalid.problems(case).issues:
        assert not issue.message.endswith(".")
        assert not issue.hint.endswith(".")
        assert "\n" not in str(issue)
        first = issue.message[0]
        assert first.islower() or not first.isalpha()


def test_file_above_the_size_is_refused(tmp_path: Path) -> None:
    spec = tmp_path / "big.yaml"
    spec.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(SpecError) as caught:
        load(spec)
    assert str(caught.value) == (
        f"{spec}:1:1: the file is longer than 16 MiB (split the spec into files that it includes)"
    )
    assert [issue.rule for issue in caught.value.issues] == ["file-size"]


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for name in _names():
        (tmp_path / name).write_text("experiments: {}\n")
    spec = tmp_path / "main.yaml"
    listed = "".join(f"- {name}\n" for name in _names())
    spec.write_text(f"api_version: easymaker/v1\nkind: Workspace\nworkspace: a\ninclude:\n{listed}")
    with pytest.raises(SpecError) as caught:
        load(spec)
    last = f"{MAX_FILES - 1}.yaml"
    assert str(caught.value) == (
        f"{spec}:{MAX_FILES + 4}:3: include.{MAX_FILES - 1}: '{last}' is one file more than 1000"
    )
    assert [issue.rule for issue in caught.value.issues] == ["include-count"]


def _names() -> Iterator[str]:
    return (f"{n}.yaml" for n in range(MAX_FILES))
