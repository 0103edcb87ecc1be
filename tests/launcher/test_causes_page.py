"""The page of causes has the rows that are provoked end to end, and every code of the launcher."""

import re
from pathlib import Path

import pytest
from launcher import causes

from tests.support.causes import CASES

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
ROWS = {
    row[0]: row[1:]
    for row in (
        line.strip("| ").split(" | ")
        for line in (REFERENCE / "causes.md").read_text().splitlines()
        if line.startswith("| ")
    )
    if row[0] != "cause"
}
NOT_PROVOKED = {
    "BROKEN_JOB",  # the launcher and its document come from one commit
    "KILLED",  # tests/e2e/test_training_kills.py
    "LAUNCHER_FAILED",
    "NOT_STARTED",
    "NO_PEER",  # waits 15 minutes; tests/launcher/test_distributed.py
    "STORAGE_FAILED",
}


def test_page_and_cases_are_the_same() -> None:
    assert ROWS.keys() == {name.replace("-", " ") for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_row_says_what_is_provoked(name: str) -> None:
    case = CASES[name]
    word, codes, said = ROWS[name.replace("-", " ")]
    assert word == case.word
    sentence, _, _ = said.partition(" — ")
    pattern = re.sub(r"\b[A-Z]{3,}\b(?!_)", ".+", re.escape(sentence.removeprefix("—")))
    assert re.fullmatch(pattern, case.sentence), case.sentence
    if name != "peer-lost":  # whatever its script ended with
        assert all(str(code) in codes for code in case.codes)
    assert (codes == "none") == (not case.codes)


def test_every_code_of_the_launcher_is_provoked() -> None:
    provoked = {code for case in CASES.values() for code in (*case.codes, *case.also)}
    missing = {name for name, cause in causes.ALL.items() if cause.code not in provoked}
    assert missing == NOT_PROVOKED
