"""The table for readers is the launcher's."""

import re
from pathlib import Path

from launcher import causes

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "container-contract.md"


def test_documented_causes_are_the_launchers() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \| (yes|no) \|$", PAGE.read_text(), re.MULTILINE)
    expected = {
        (str(cause.code), cause.sentence, "yes" if cause.retried else "no")
        for cause in causes.ALL.values()
    }
    assert set(rows) == expected


def test_every_cause_has_a_code_of_its_own() -> None:
    codes = [cause.code for cause in causes.ALL.values()]
    assert len(set(codes)) == len(codes)
