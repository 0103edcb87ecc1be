"""Statuses from live objects, and that their page says the same."""

import re

import pytest

from tests.cli.statuses import cases
from tests.support.live_objects import Object
from tests.support.status_page import tables

GUIDE = {
    "experiment": "CREATE IN PROGRESS, CREATE RESOURCE IN PROGRESS, CREATE EXPERIMENT IN PROGRESS, "
    "ACTIVE, FAILED TO CREATE RESOURCE, FAILED TO CREATE EXPERIMENT, CREATE REQUESTED, "
    "CREATE FAILED",
    "training": "CREATE REQUESTED, CREATE IN PROGRESS, RUNNING, STOP IN PROGRESS, STOPPED, "
    "COMPLETE IN PROGRESS, FAIL TRAIN IN PROGRESS, COMPLETE, FAIL TRAIN, CREATE FAILED",
    "model": "CREATE REQUESTED, CREATE IN PROGRESS, ACTIVE, DELETE IN PROGRESS, CREATE FAILED, "
    "DELETE FAILED",
    "endpoint": "CREATE REQUESTED, CREATE IN PROGRESS, UPDATE IN PROGRESS, ACTIVE, "
    "DELETE IN PROGRESS, CREATE FAILED, UPDATE FAILED",
    "api gateway": "CREATE IN PROGRESS, STAGE DEPLOYING, ACTIVE, NOT FOUND: STAGE, "
    "NOT FOUND: STAGE DEPLOY RESULT, STAGE DEPLOY FAIL",
    "stage": "CREATE REQUESTED, CREATE IN PROGRESS, DEPLOY IN PROGRESS, ACTIVE, "
    "DELETE IN PROGRESS, CREATE FAILED, DEPLOY FAILED",
    "notebook": "CREATE REQUESTED, CREATE IN PROGRESS, ACTIVE (HEALTHY), ACTIVE (UNHEALTHY), "
    "STOP IN PROGRESS, STOPPED, START IN PROGRESS, DELETE IN PROGRESS, CREATE FAILED, STOP FAILED, "
    "START FAILED, DELETE FAILED, REBOOT IN PROGRESS, REBOOT FAILED",
}
EVERY = [(kind, *case) for kind, listed in cases.ALL.items() for case in listed]


@pytest.mark.parametrize(("kind", "given", "word", "cause"), EVERY)
def test_objects_have_the_word_and_its_cause(
    kind: str, given: list[Object], word: str, cause: str
) -> None:
    found = cases.status(kind, given)
    assert (found.word, found.cause) == (word, cause)


@pytest.mark.parametrize("kind", cases.ALL)
def test_page_code_and_cases_have_the_same_words(kind: str) -> None:
    words = [row[0] for row in tables()[kind]]
    assert len(words) == len(set(words))
    assert set(words) == set(cases.WORDS[kind])
    assert set(words) == {word for _, word, _ in cases.ALL[kind]}


@pytest.mark.parametrize("kind", cases.ALL)
def test_every_word_of_the_guide_has_a_situation_or_a_reason(kind: str) -> None:
    known = set(GUIDE[kind.lower()].split(", "))
    without = {
        row[1]
        for row in tables()["Words of the guide without a situation here"]
        if row[0] == kind.lower()
    }
    assert set(cases.WORDS[kind]) == known - without
    assert without <= known


@pytest.mark.parametrize(("kind", "given", "word", "cause"), EVERY)
def test_what_failed_says_why(kind: str, given: list[Object], word: str, cause: str) -> None:
    if re.search("FAIL|UNHEALTHY", word):
        assert cause
