"""One file to a tree: what scalars mean, what is refused, where things stand."""

from typing import Any

import pytest
import yaml

from schemas import events
from schemas import parse as parser
from schemas.errors import Issue, SpecError
from schemas.tree import Map, Number, Seq, Source, scalar_text


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """libyaml's parser, and the one in Python that takes its place where it is missing."""
    monkeypatch.setattr(events, "EVENT_LOADER", getattr(yaml, request.param))


def tree(text: str | bytes) -> tuple[Map, list[Issue]]:
    content = text.encode() if isinstance(text, str) else text
    return parser.parse(parser.decode(content, "f.yaml"))


def rule(text: str | bytes) -> str:
    with pytest.raises(SpecError) as caught:
        tree(text)
    return caught.value.issues[0].rule


def test_libyaml_is_there() -> None:
    """Without it a spec of 1,000 resources takes seconds."""
    assert yaml.__with_libyaml__


@pytest.mark.parametrize(
    "text",
    """no yes on off No NO Yes YES y n Y N On OFF True TRUE False FALSE Null NULL 2001-12-14
    2001-12-14t21:59:43.10-05:00 12:30:45 22:22 1:20 010 0o10 0x1F 0b11 1_000 +5 +1.5 .5 5. 1e 1e+
    .inf -.inf .nan .NaN -- 1.2.3 v1 =""".split(),  # noqa: SIM905
)
def test_everything_that_json_does_not_have_is_text(text: str) -> None:
    assert tree(f"k: {text}\n")[0]["k"] == text
    assert tree(f"{text}: k\n")[0] == {text: "k"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("0", 0),
        ("7", 7),
        ("-12", -12),
        ("123456789012345678", 123456789012345678),
    ],
)
def test_booleans_and_short_integers_are_themselves(text: str, value: object) -> None:
    found = tree(f"k: {text}\n")[0]["k"]
    assert found == value
    assert type(found) is type(value)
    assert scalar_text(found) == text


@pytest.mark.parametrize(
    "text",
    [
        "2.10",
        "1e-4",
        "1E5",
        "1e+5",
        "-0",
        "0.0",
        "-0.0",
        "1" * 400,
        "1.0",
        "1e999",
        "3.141592653589793238",
    ],
)
def test_other_numbers_keep_their_text(text: str) -> None:
    found = tree(f"k: {text}\n")[0]["k"]
    assert isinstance(found, Number)
    assert scalar_text(found) == text


@pytest.mark.parametrize("text", ["'5'", '"5"', "'true'", '"null"', "'1e-4'", "''"])
def test_quotes_make_text(text: str) -> None:
    assert tree(f"k: {text}\n")[0]["k"] == text[1:-1]


@pytest.mark.parametrize("text", ["k:\n", "k: ~\n", "k: null\n", "k: [~]\n", "k: {a: }\n"])
def test_nothing_is_reported_as_no_value(text: str) -> None:
    assert [issue.rule for issue in tree(text)[1]] == ["no-value"]


def test_block_scalars_keep_their_lines() -> None:
    found, _ = tree("literal: |\n  a\n  b\nfolded: >-\n  c\n  d\nnumber: |-\n  5\n")
    assert found == {"literal": "a\nb\n", "folded": "c d", "number": "5"}


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"])
def test_positions_count_every_line_break(line_break: str) -> None:
    found, _ = tree(f"a: 1{line_break}b:{line_break}  c: x{line_break}")
    inner = found["b"]
    assert isinstance(inner, Map)
    mark = inner.marks["c"]
    assert (mark.key_line, mark.key_column, mark.line, mark.column) == (2, 2, 2, 5)


def test_columns_count_characters() -> None:
    found, _ = tree("아이리스: {설명: 꽃}\n".encode())
    inner = found["아이리스"]
    assert isinstance(inner, Map)
    assert inner.marks["설명"].column == 11


def test_byte_order_mark_is_no_part_of_the_text() -> None:
    assert tree(b"\xef\xbb\xbfa: 1\n")[0] == {"a": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "empty-file"),
        (b"\xef\xbb\xbf", "empty-file"),
        (b"# only\n", "empty-file"),
        (b"---\n...\n", "empty-file"),
        (b"~\n", "empty-file"),
        (b"5\n", "not-a-mapping"),
        (b"[]\n", "not-a-mapping"),
        (b"a: 1\n---\nb: 1\n", "several-documents"),
        (b"a: 1\n...\n---\n", "several-documents"),
        (b"a: 1\x00\n", "control-character"),
        (b"a: \x1b[31m\n", "control-character"),
        (b"a: \xc2\x9f\n", "control-character"),
        (b"\xff\xfea\x00:\x00", "not-utf8"),
        (b"a: \xed\xa0\x80\n", "not-utf8"),
        (b"a: \xc0\xaf\n", "not-utf8"),
        (b"a: !x 1\n", "yaml-tag"),
        (b"a: ! 1\n", "yaml-tag"),
        (b"a: !!str 1\n", "yaml-tag"),
        (b"a: !!binary aGk=\n", "yaml-tag"),
        (b"a: !!set {b}\n", "yaml-tag"),
        (b"!!map {a: 1}\n", "yaml-tag"),
        (b"!a b: 1\n", "yaml-tag"),
        (b"a: *b\n", "unknown-anchor"),
        (b"a: &b [*b]\n", "self-alias"),
        (b"? {a: 1}\n: 1\n", "key-type"),
        (b"? [a]\n: 1\n", "key-type"),
        (b"[a]: 1\n", "key-type"),
        (b"a: &x k\n*x : 1\n", "key-type"),
        (b"a: {<<: 1}\n", "merge-key"),
        (b"a: {<<: [1]}\n", "merge-key"),
        (b"a: {<<: {b: 1}, <<: [{c: 1}, x]}\n", "merge-key"),
        (b"a: " + b"[" * 33 + b"]" * 33, "depth"),
        (b"a: " + b"[" * 200_000, "depth"),
        (b"a: " + b"{b: " * 50_000, "depth"),
        (b"%YAML 3.0\n---\na: 1\n", "yaml-syntax"),
        (b"a: b: c\n", "yaml-syntax"),
        (b"a: 'x\n", "yaml-syntax"),
        (b"a:\n\tb: 1\n", "yaml-syntax"),
        (b"a: [1, 2\n", "yaml-syntax"),
        (b"a: }\n", "yaml-syntax"),
        (b"a: `x`\n", "yaml-syntax"),
        (b"a: 1\n b: 2\n", "yaml-syntax"),
    ],
)
def test_file_that_is_no_plain_document_is_refused(text: bytes, expected: str) -> None:
    assert rule(text) == expected


def test_alias_bomb_is_refused_before_it_grows() -> None:
    levels = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 20)
    )
    assert rule(levels) == "alias-bound"


def test_many_small_aliases_are_fine() -> None:
    text = "base: &b {x: 1, y: 2}\n" + "".join(f"k{n}: *b\n" for n in range(5_000))
    assert len(tree(text)[0]) == 5_001


def test_anchor_of_a_key_is_an_anchor() -> None:
    assert tree("&a 5: *a\n")[0] == {"5": 5}


def test_merge_takes_what_the_mapping_has_not() -> None:
    found, issues = tree(
        "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\n"
        "before: {<<: *a, x: 3}\nafter: {x: 3, <<: *a}\n"
        "list: {<<: [*a, *b]}\nnested: {<<: {q: 1}}\n"
        "again: {<<: *a, x: 9}\n'<<': text\n"
    )
    assert not issues
    assert found["before"] == found["after"] == {"x": 3, "y": 1}
    assert found["list"] == {"x": 1, "y": 1, "z": 2}
    assert found["nested"] == {"q": 1}
    assert found["again"] == {"x": 9, "y": 1}
    assert found["a"] == {"x": 1, "y": 1}


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("{a: 1, a: 2}", [(1, 8)]),
        ("{'a': 1, \"a\": 2, a: 3}", [(1, 10), (1, 18)]),
        ("{1: x, '1': y}", [(1, 8)]),
        ("{a: {b: 1, b: 2}, a: 3}", [(1, 12), (1, 19)]),
        ("{x: &x {q: 1}, y: {<<: *x, <<: *x}}", [(1, 28)]),
    ],
)
def test_duplicate_keys_are_all_reported(text: str, columns: list[tuple[int, int]]) -> None:
    issues = tree(text)[1]
    assert [(i.position.line, i.position.column) for i in issues] == columns
    assert {i.rule for i in issues} == {"duplicate-key"}


def test_first_of_two_sections_counts_and_the_second_is_known() -> None:
    found, issues = tree("s: {a: 1, b: 1}\ns: {b: 2, c: 2}\n")
    assert found == {"s": {"a": 1, "b": 1, "c": 2}}
    assert [issue.path for issue in issues] == ["s", "s.b"]


def test_sequences_keep_the_place_of_each_item() -> None:
    found, _ = tree("a:\n- 1\n-  x\n")
    items = found["a"]
    assert isinstance(items, Seq)
    assert [(mark.line, mark.column) for mark in items.marks] == [(1, 2), (2, 3)]


def test_position_stays_inside_the_file() -> None:
    source = Source("f", "a\nbc\n")
    assert source.position(9, 9)[1:] == (2, 3)
    assert source.position(0, 99)[1:] == (1, 2)
    assert Source("f", "").position(0, 0)[1:] == (1, 1)


def test_events_are_those_that_are_known() -> None:
    """Each kind of event that a parser gives is either handled or says nothing of the content."""
    silent = {yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentEndEvent}
    loader: Any = events.EVENT_LOADER("a: &b [1, {c: d}]\ne: *b\n")
    seen = set()
    while (event := loader.get_event()) is not None:
        seen.add(type(event))
    assert silent <= seen
    assert len(seen - silent) == 7
