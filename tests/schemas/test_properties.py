"""Properties of the whole way from text to resolved spec, over generated specs.

The fast layer runs a few hundred cases of each, the end-to-end layer more, `make soak` thousands.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import SpecError, kinds, load, load_any, resolved
from schemas.document import workspace_document
from schemas.text import Literal, to_yaml
from schemas.tree import LINE_BREAKS
from tests.schemas import specs
from tests.schemas.mutations import broken_text, mutated
from tests.support.soak import CASES, ROUNDS

FEW = 300
SECONDS = 1.0
"""Within which every answer comes."""
EXAMPLES = Path(__file__).parents[2] / "examples" / "spec"

_HARD = ["no", "yes", "null", "~", "010", "22:22", ".5", "2001-01-01", "<<", "-", "#x", "a:b", "%x"]

Property = Callable[..., None]
T = TypeVar("T")
_SETTINGS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


def few(check: Property) -> Property:
    return settings(max_examples=FEW, **_SETTINGS)(check)


def many(check: Property) -> Property:
    long = settings(max_examples=CASES, **_SETTINGS)(check)
    for mark in (pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(900 + 60 * ROUNDS)):
        long = mark(long)
    return long


def valid_or_placed(load_it: Callable[[], T], file: Path, raw: bytes) -> T | None:
    """What a text is loaded as, or every problem has a place inside its file; at once."""
    start = time.process_time()
    try:
        return load_it()
    except SpecError as error:
        issues = error.issues
    finally:
        assert time.process_time() - start < SECONDS
    lines = LINE_BREAKS.split(raw.decode("utf-8-sig", "replace"))
    assert issues
    for issue in issues:
        for at in (issue.position, *issue.related):
            assert at.file == str(file)
            assert 1 <= at.line <= len(lines)
            assert 1 <= at.column <= len(lines[at.line - 1]) + 1
        assert issue.message
        assert str(issue).isprintable()
    return None


def answers(folder: Path, content: str | bytes) -> resolved.Workspace | None:
    """Load a text: it is valid, or every problem has a place inside the file."""
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return valid_or_placed(lambda: specs.load_text(folder, content), folder / "spec.yaml", raw)


def _mutated(tmp_path: Path, data: st.DataObject) -> None:
    spec = mutated(data.draw, specs.document())
    found = answers(tmp_path, specs.flow(spec))
    if found is not None:
        assert specs.load_text(tmp_path, to_yaml(workspace_document(found))) == found


@few
@given(data=st.data())
def test_mutated_spec_is_valid_or_says_where_not(tmp_path: Path, data: st.DataObject) -> None:
    _mutated(tmp_path, data)


@many
@given(data=st.data())
def test_mutated_spec_is_valid_or_says_where_not_long(tmp_path: Path, data: st.DataObject) -> None:
    _mutated(tmp_path, data)


def _broken(tmp_path: Path, data: st.DataObject) -> None:
    text = specs.Writer(random.Random(data.draw(st.integers(0, 9)))).text(specs.document())
    answers(tmp_path, broken_text(data.draw, text.encode()))


@few
@given(data=st.data())
def test_broken_text_is_valid_or_says_where_not(tmp_path: Path, data: st.DataObject) -> None:
    _broken(tmp_path, data)


@many
@given(data=st.data())
def test_broken_text_is_valid_or_says_where_not_long(tmp_path: Path, data: st.DataObject) -> None:
    _broken(tmp_path, data)


def _rewritten(tmp_path: Path, seed: int) -> None:
    expected = specs.load_document(tmp_path, specs.document())
    choice = random.Random(seed)
    assert specs.load_text(tmp_path, specs.Writer(choice).text(specs.document())) == expected
    assert load(_split(tmp_path, choice)) == expected


def _split(folder: Path, choice: random.Random) -> Path:
    """The document in several files: each section, and each entry of it, in any of them."""
    parts: list[dict[str, Any]] = [{} for _ in range(3)]
    header = {}
    for section, value in specs.document().items():
        if isinstance(value, str):
            header[section] = value
            continue
        for key, entry in value.items():
            entries = section == "platform" and key in ("images", "flavors")
            for name, inner in entry.items() if entries else [(None, entry)]:
                node = choice.choice(parts).setdefault(section, {})
                if name is None:
                    node[key] = inner
                else:
                    node.setdefault(key, {})[name] = inner
    main = folder / "main.yaml"
    second = folder / "parts" / "second.yaml"
    second.parent.mkdir(exist_ok=True)
    writer = specs.Writer(choice)
    # Included from two files, one of which includes it twice: it counts once.
    third = "include: [second.yaml]\n" + specs.Writer(choice).text(parts[2])
    (folder / "parts" / "third.yaml").write_text(third)
    second.write_text(
        "# nothing but what follows\n" + specs.Writer(choice).text(parts[1] or {"models": {}})
    )
    first = {**header, **parts[0], "include": ["parts/second.yaml", "./parts/third.yaml"]}
    main.write_text(writer.text(first))
    return main


@few
@given(seed=st.integers(0, 10**9))
def test_order_anchors_and_files_change_nothing(tmp_path: Path, seed: int) -> None:
    _rewritten(tmp_path, seed)


@many
@given(seed=st.integers(0, 10**9))
def test_order_anchors_and_files_change_nothing_long(tmp_path: Path, seed: int) -> None:
    _rewritten(tmp_path, seed)


@few
@given(
    values=st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True),
        st.one_of(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80),
            st.sampled_from(["60", "1e-4", "2.10", "true", "false", "-0", "9" * 40]).map(Literal),
            st.sampled_from(_HARD),
        ),
        max_size=8,
    )
)
def test_hyperparameters_arrive_as_typed_and_are_shown_the_same(
    tmp_path: Path, values: dict[str, str]
) -> None:
    spec = specs.changed(("trainings", "base", "hyperparameters"), values)
    found = specs.load_document(tmp_path, spec)
    held = found.trainings["base"].hyperparameters
    assert {key: value.text for key, value in held.items()} == dict(values)
    for key, value in values.items():
        assert held[key].is_text is not isinstance(value, Literal)
    assert specs.load_text(tmp_path, to_yaml(workspace_document(found))) == found


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_example_is_shown_as_the_same_spec(tmp_path: Path, example: Path) -> None:
    found = load_any(example)
    shown = to_yaml(kinds.document(found))
    file = tmp_path / "shown.yaml"
    file.write_text(shown, encoding="utf-8")
    assert load_any(file) == found
    assert to_yaml(kinds.document(load_any(file))) == shown
