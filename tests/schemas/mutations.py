"""Ways to break a spec: its values and keys, or its text."""

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from schemas.text import Literal

Draw = Callable[[st.SearchStrategy[Any]], Any]
Document = dict[str, Any]

_NUMBERS = st.sampled_from(
    ["0", "-1", "1", "11", "300", "2050", "1.5", "2.0", "1e3", "1e999", "9" * 50, "-0", "0.0001"]
).map(Literal)
_WORDS = st.sampled_from(
    ["", "no", "iris", "Iris_1", "kube-x", "a" * 51, "x" * 300, "obs://h/b", "nas://models:/x",
     "s3://bucket/x", "1h", "2Gi", "500m", "../x", "a\nb", "\x07", "아이리스", "true", "running",
     "tensorflow", "gpu", "m2.c1m2", "train", "base", "%s", "{x}", "\u2028", "\U0001f600",
     "http://u:p@h", "a b", "-", "null", "1e-4", "/", "base\n"]
)  # fmt: skip
_SCALARS = st.one_of(
    _NUMBERS,
    _WORDS,
    st.sampled_from(["true", "false", "null", "~", "0x10", "010", "1_0", ".5"]).map(Literal),
    st.integers(-20, 5000),
    st.text(max_size=12).filter(lambda text: text.isprintable()),
)
_VALUES = st.one_of(
    _SCALARS,
    st.lists(_SCALARS, max_size=3),
    st.dictionaries(
        st.sampled_from(["a", "copy", "type", "path", "b c", ""]), _SCALARS, max_size=3
    ),
)
_KEYS = st.one_of(
    _WORDS, st.sampled_from(["copy", "include", "kind", "<<x", "type", "experiments", "secret"])
)


def mutated(draw: Draw, spec: Document) -> Document:
    """A document with up to three of its places changed."""
    whole = copy.deepcopy(spec)
    for _ in range(draw(st.integers(1, 3))):
        node = _somewhere(draw, whole)
        if not node:
            continue
        key = draw(st.sampled_from(sorted(node)))
        action = draw(
            st.sampled_from(["value", "value", "rename", "remove", "add", "nest", "move"])
        )
        if action == "value":
            node[key] = draw(_VALUES)
        elif action == "rename":
            value = node.pop(key)
            node[draw(_KEYS)] = value
        elif action == "remove":
            del node[key]
        elif action == "add":
            node[draw(_KEYS)] = draw(_VALUES)
        elif action == "nest":
            for _ in range(draw(st.sampled_from([1, 5, 40]))):
                node[key] = draw(st.sampled_from([{"a": node[key]}, [node[key]]]))
        else:
            node[key] = copy.deepcopy(_somewhere(draw, spec))
    return whole


def _somewhere(draw: Draw, spec: Document) -> Document:
    """A map anywhere in the document."""
    found = []

    def walk(node: Document) -> None:
        found.append(node)
        for value in node.values():
            if isinstance(value, dict):
                walk(value)

    walk(spec)
    chosen: Document = found[draw(st.integers(0, len(found) - 1))]
    return chosen


_SNIPPETS = st.sampled_from(
    [b"\0", b"\xff", b"\xef\xbb\xbf", b"\t", b"\r", b": ", b"- ", b"? ", b"{", b"}", b"[", b"]",
     b"&a ", b"*a ", b"<<: *a0\n", b"!!x ", b"---\n", b"...\n", b"%YAML 1.1\n", b"#", b"'", b'"',
     b"|\n", b">\n", b"\n", b"\xe2\x80\xa8", b"{" * 2000, b"[" * 2000, b"a: &x [*x]\n", b"\x1b[2J",
     b"- " * 500, b"x" * 5000, b"k: [" + b"*a0," * 300 + b"]\n"]
)  # fmt: skip
_BOMB = b"".join(
    b"b%d: &b%d [%s]\n" % (n, n, b",".join([b"*b%d" % (n - 1) if n else b"x"] * 10))
    for n in range(8)
)


def broken_text(draw: Draw, text: bytes) -> bytes:
    """A file's bytes cut, mixed up, or with what YAML and terminals find hard."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        action = draw(
            st.sampled_from(
                ["cut", "insert", "insert", "delete", "double", "byte", "random", "bomb"]
            )
        )
        if action == "cut":
            text = text[:at]
        elif action == "insert":
            text = text[:at] + draw(_SNIPPETS) + text[at:]
        elif action == "delete":
            text = text[:at] + text[at + draw(st.integers(1, 40)) :]
        elif action == "double":
            lines = text.splitlines(keepends=True)
            first = draw(st.integers(0, max(0, len(lines) - 1)))
            text = b"".join([*lines[: first + 5], *lines[first:]])
        elif action == "byte":
            text = text[:at] + bytes([draw(st.integers(0, 255))]) + text[at + 1 :]
        elif action == "random":
            text = text[:at] + draw(st.binary(max_size=40)) + text[at:]
        else:
            text = _BOMB + text
    return text
