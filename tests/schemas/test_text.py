"""Documents as text read back the same, by this language and by any other reader of YAML."""

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.parse import decode, parse
from schemas.text import Literal, to_json, to_yaml

HARD = [
    *(
        "no",
        "yes",
        "on",
        "off",
        "y",
        "n",
        "Y",
        "N",
        "True",
        "TRUE",
        "null",
        "~",
        "Null",
        "1",
        "1.0",
    ),
    *("010", "0x1F", "1_000", "22:22", "2001-01-01", ".inf", ".nan", "-", "--", "---", "...", "?"),
    *(":", "::", "a:b", "a:", ":a", "#a", "a#b", "<<", "=", "!", "&", "*", "|", ">", "%", "@", "`"),
    *("'", '"', ",", "[", "]", "{", "}", "2h", "2Gi", "1e5", "1e", "0o7", "+1"),
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.sampled_from([*HARD, "", " ", "a ", " a", "a b", "a: b", "a #b", "a\nb", "\t", "x\\y",
                     "\x85", "\u2028", "\ufeff", "\U0001f600", "아이리스", "\x07", "\x7f"]),
)  # fmt: skip
DOCUMENTS = st.recursive(
    st.dictionaries(TEXTS, st.one_of(TEXTS, st.booleans(), st.integers(0, 10**6)), max_size=4),
    lambda inner: st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def read(text: str) -> Any:
    tree, issues = parse(decode(text.encode(), "f.yaml"))
    assert not issues
    return tree


@given(DOCUMENTS)
def test_yaml_reads_back_here(document: dict[str, Any]) -> None:
    if document:
        assert read(to_yaml(document)) == document


@given(DOCUMENTS)
def test_yaml_reads_back_with_the_rules_of_1_1(document: dict[str, Any]) -> None:
    """What needs quotes for any reader has them: `no` is text for PyYAML too."""
    assert (yaml.safe_load(to_yaml(document)) or {}) == document


@given(DOCUMENTS)
def test_json_reads_back(document: dict[str, Any]) -> None:
    assert json.loads(to_json(document)) == document
    if document:
        assert read(to_json(document)) == document


def test_numbers_stand_as_they_were_typed() -> None:
    document = {
        "a": Literal("2.10"),
        "b": "2.10",
        "c": Literal("true"),
        "d": [Literal("1e-4"), "x"],
    }
    assert to_yaml(document) == 'a: 2.10\nb: "2.10"\nc: true\nd: [1e-4, x]\n'
    assert to_json(document) == '{"a": 2.10, "b": "2.10", "c": true, "d": [1e-4, "x"]}'


def test_json_has_sorted_keys() -> None:
    assert to_json({"b": 1, "a": {"d": 2, "c": 3}}) == '{"a": {"c": 3, "d": 2}, "b": 1}'
