"""Names of objects and hosts: valid, short enough, unlike each other."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import names

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
NAMES = st.from_regex(r"[a-z](?:-?[a-z0-9]){0,49}", fullmatch=True).filter(names.is_name)
KINDS = st.sampled_from(["experiment", "training", "model", "endpoint", "stage", "notebook"])
LIMITS = {"training": 60, "notebook": 52}


@given(kind=KINDS, name=NAMES, suffix=st.sampled_from(["", "0123456789"]))
def test_object_name_is_a_label_of_its_kind(kind: str, name: str, suffix: str) -> None:
    made = names.object_name(kind, name, suffix)
    assert LABEL.fullmatch(made)
    assert len(made) <= LIMITS.get(kind, 63)
    assert made.startswith(kind)
    whole = f"{kind}-{name}" + (f"-{suffix}" if suffix else "")
    assert (made == whole) is (len(whole) <= LIMITS.get(kind, 63))


@given(kind=KINDS, one=NAMES, two=NAMES)
def test_different_names_make_different_objects(kind: str, one: str, two: str) -> None:
    assert (names.object_name(kind, one) == names.object_name(kind, two)) is (one == two)


def test_long_name_keeps_its_revision_and_gets_a_hash() -> None:
    made = names.object_name("training", "a" * 50, "0123456789")
    assert made == "training-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-0123456789-3c50a4a4" or len(made) == 60
    assert "-0123456789-" in made


def test_name_of_fifty_characters_leaves_room_for_what_controllers_add() -> None:
    """Pods of an Indexed Job are hosts `<job>-<index>`; a StatefulSet labels its revision."""
    job = names.object_name("training", "a" * 50, "0123456789")
    assert len(f"{job}-9") <= 63
    stateful_set = names.object_name("notebook", "a" * 50)
    assert len(f"{stateful_set}-0123456789") <= 63


def test_hosts_are_one_label_below_the_workspace() -> None:
    place = ("team", "example.com")
    assert names.endpoint_host(*place, "iris") == "iris.team.example.com"
    assert names.stage_host(*place, "iris", "blue") == "blue-iris.team.example.com"
    assert names.notebook_host(*place, "explore") == "notebook-explore.team.example.com"
    assert names.tensorboard_host(*place, "iris") == "tensorboard-iris.team.example.com"


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("Iris", "iris"),
        ("iris_v1", "iris-v1"),
        ("iris.v1", "iris-v1"),
        ("1iris", "iris-1"),
        ("2024-run", "run-2024"),
        ("-iris", "iris"),
        ("iris-", "iris"),
        ("iris--x", "iris-x"),
        ("kube-system", "system"),
        ("kube-kube-x", "x"),
        ("easymaker_sample_training_iris", "easymaker-sample-training-iris"),
        ("2024", "n2024"),
        ("아이리스", ""),
        ("", ""),
        ("a" * 60, "a" * 50),
    ],
)
def test_suggestion_is_close(typed: str, near: str) -> None:
    assert names.suggestion(typed) == near


@given(st.text())
def test_suggestion_is_a_name_or_nothing(typed: str) -> None:
    near = names.suggestion(typed)
    assert near == "" or names.is_name(near)
    if names.is_name(typed):
        assert near == typed
