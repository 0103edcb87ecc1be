"""The line with a caret: widths, tabs, long lines, and what is never shown."""

import click
import pytest

from cli.issues import excerpt, hidden


def shown(line: str, column: int) -> str:
    return click.unstyle(excerpt([line], 1, column))


def test_caret_stands_under_the_column() -> None:
    assert shown("key: value", 6) == "    1 | key: value\n      |      ^"


def test_caret_stands_behind_the_end() -> None:
    assert shown("key:", 5).endswith("\n      |     ^")


def test_tabs_stay_tabs() -> None:
    assert shown("\tkey: x", 2).endswith("\n      | \t^")


def test_wide_characters_take_two_columns() -> None:
    assert shown("꽃: x", 4) == "    1 | 꽃: x\n      |     ^"


def test_long_line_is_cut_around_the_column() -> None:
    text, caret = shown("x" * 500 + "!" + "y" * 500, 501).split("\n")
    assert len(text) < 120
    assert text[caret.index("^")] == "!"


def test_what_a_terminal_would_obey_is_replaced() -> None:
    assert "\x1b" not in excerpt(["a\x1b[2Jb"], 1, 1).replace("\x1b[31m", "").replace("\x1b[0m", "")


@pytest.mark.parametrize("line", [0, 2, 99])
def test_line_that_is_not_there_shows_nothing(line: int) -> None:
    assert excerpt(["a"], line, 1) == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("secret_key: hunter2", 1),
        ("  - secret_key: hunter2", 1),
        ("a: {secret_key: hunter2, b: 1}", 1),
        ('"secret_key": hunter2', 1),
        ("password: hunter2", 1),
        ("hyperparameters: {hf_token: hunter2}", 1),
        ("apiKey: hunter2", 1),
        ("endpoint: http://user:hunter2@example.com", 1),
        ("secret_key:\n  hunter2", 2),
        ("secret_key: |\n  one\n\n  hunter2", 4),
        ("credentials:\n  access_key: a\n  other:\n    deeper: hunter2", 4),
        ("a: {secret_key: [\n hunter2\n]}", 2),
        ("secret_key: 'one\n  hunter2'", 2),
        ("key: &secret_anchor_value\npassword:\n    hunter2: [", 3),
    ],
)
def test_line_that_may_hold_a_secret_is_hidden(text: str, line: int) -> None:
    assert hidden(text.split("\n"), line)
    assert excerpt(text.split("\n"), line, 1) == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("epochs: 5", 1),
        ("secret_key: x\nepochs: 5", 2),
        ("a:\n  secret_key: x\n  epochs: 5", 3),
        ("credentials:\n  access_key: a\nepochs: 5", 3),
        ("description: a secret garden", 1),
    ],
)
def test_other_lines_are_shown(text: str, line: int) -> None:
    assert not hidden(text.split("\n"), line)
