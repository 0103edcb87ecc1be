"""Turns the parser's events into a tree, bounded in depth and in what aliases repeat."""

from collections.abc import Callable
from typing import Any, NoReturn

import yaml

from schemas.errors import Issue, SpecError, dotted
from schemas.tree import Map, Mark, Seq, Source, Value, plain

MAX_DEPTH = 32
TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"
# Aliases may repeat this many values, or this many times what the file itself holds.
MAX_ALIASED = 10_000
MAX_ALIASED_RATIO = 20

# libyaml's parser where PyYAML was built with it (its wheels are), else the same in Python.
EVENT_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_Event = Any  # yaml.Event: types-PyYAML says too little about each kind's attributes


class _Frame:
    """A mapping or sequence that is being read."""

    __slots__ = ("anchor", "is_merge", "key", "merged_at", "merges", "node", "place", "size")

    def __init__(self, node: Map | Seq, anchor: str | None, place: tuple[int, int]) -> None:
        self.node = node
        self.anchor = anchor
        self.place = place
        self.size = 1
        self.key: tuple[str, int, int] | None = None
        self.merges: list[tuple[Value, tuple[int, int]]] | None = None
        self.merged_at = (0, 0)
        self.is_merge = False


class Builder:
    """Turns events into a tree. `frames` is the way from the root to where the parser is."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.loader: Any = EVENT_LOADER(source.text)
        self.frames: list[_Frame] = []
        self.anchors: dict[str, tuple[Value, int] | None] = {}
        self.issues: list[Issue] = []
        self.values = 0
        self.aliased = 0

    def build(self) -> tuple[Map, list[Issue]]:
        documents = 0
        root: Value = None
        kinds: dict[type, Callable[[_Event], None]] = {
            yaml.ScalarEvent: self.scalar,
            yaml.MappingStartEvent: self.open_mapping,
            yaml.SequenceStartEvent: self.open_sequence,
            yaml.AliasEvent: self.alias,
        }
        while (event := self.loader.get_event()) is not None:
            kind = type(event)
            if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                root = self.close()
            elif kind in kinds:
                kinds[kind](event)
                if not self.frames:  # a document that is a single scalar or alias
                    root = None
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self.refuse(
                        "several-documents", event, "a second document starts here",
                        "a spec is one document; put it into a file of its own and include it",
                    )  # fmt: skip
        if not documents:
            self.refuse_root("empty-file", "the file is empty", "it must be a mapping")
        if not isinstance(root, Map):
            self.refuse_root("not-a-mapping", "the file is not a mapping of keys")
        return root, self.issues

    def refuse(self, rule: str, event: _Event, message: str, hint: str = "") -> NoReturn:
        mark = event.start_mark
        at = self.source.position(mark.line, mark.column)
        raise SpecError([Issue(rule, at, self.path(), message, hint)])

    def refuse_root(self, rule: str, message: str, hint: str = "") -> NoReturn:
        raise SpecError([Issue(rule, self.source.position(0, 0), "", message, hint)])

    def path(self) -> str:
        parts: list[str | int] = []
        for frame in self.frames:
            if isinstance(frame.node, Seq):
                parts.append(len(frame.node))
            elif frame.key is not None:
                parts.append(frame.key[0])
        return dotted(parts)

    def scalar(self, event: _Event) -> None:
        text: str = event.value
        mark = event.start_mark
        if event.tag is not None:
            self.refuse_tag(event)
        frame = self.frames[-1] if self.frames else None
        is_plain = event.style is None or event.style == ""
        if frame is not None and frame.key is None and isinstance(frame.node, Map):
            frame.key = (text, mark.line, mark.column)
            frame.is_merge = is_plain and text == "<<"
            if frame.is_merge and frame.merges is not None:
                self.twice(self.path(), (mark.line, mark.column), frame.merged_at)
            elif frame.is_merge:
                frame.merges, frame.merged_at = [], (mark.line, mark.column)
            if event.anchor is not None:
                self.anchors[event.anchor] = (plain(text) if is_plain else text, 1)
            return
        value = plain(text) if is_plain else text
        if frame is None and value is None:
            self.refuse_root("empty-file", "the file is empty", "it must be a mapping")
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        self.add(value, mark.line, mark.column, 1)

    def open_mapping(self, event: _Event) -> None:
        self.open(Map(), event)

    def open_sequence(self, event: _Event) -> None:
        self.open(Seq(), event)

    def open(self, node: Map | Seq, event: _Event) -> None:
        if event.tag is not None:
            self.refuse_tag(event)
        if self.frames and self.frames[-1].key is None and isinstance(self.frames[-1].node, Map):
            self.refuse("key-type", event, "a key must be text, not a mapping or a list")
        if len(self.frames) >= MAX_DEPTH:
            del self.frames[3:]  # the rest of the path says nothing
            self.refuse("depth", event, TOO_DEEP)
        if event.anchor is not None:
            self.anchors[event.anchor] = None  # open: an alias to it would contain itself
        mark = event.start_mark
        self.frames.append(_Frame(node, event.anchor, (mark.line, mark.column)))

    def alias(self, event: _Event) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame is not None and frame.key is None and isinstance(frame.node, Map):
            self.refuse("key-type", event, "a key must be text, not an alias")
        if event.anchor not in self.anchors:
            self.refuse(
                "unknown-anchor", event, f"no anchor &{event.anchor} stands before this alias"
            )
        anchored = self.anchors[event.anchor]
        if anchored is None:
            self.refuse(
                "self-alias", event, f"*{event.anchor} stands inside the value that it names"
            )
        value, size = anchored
        self.aliased += size
        if self.aliased > max(MAX_ALIASED, MAX_ALIASED_RATIO * self.values):
            message = f"aliases repeat {self.aliased:,} values, far more than the file holds"
            self.refuse("alias-bound", event, message, "write fewer, or nest them less")
        mark = event.start_mark
        self.add(value, mark.line, mark.column, size)

    def refuse_tag(self, event: _Event) -> NoReturn:
        tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
        hint = "leave it out; quotes keep a value text"
        self.refuse("yaml-tag", event, f"the tag {tag} is not allowed", hint)

    def close(self) -> Value:
        frame = self.frames.pop()
        if frame.merges is not None:
            assert isinstance(frame.node, Map)  # noqa: S101
            self.merge(frame.node, frame.merges)
        if frame.anchor is not None:
            self.anchors[frame.anchor] = (frame.node, frame.size)
        if self.frames:
            self.add(frame.node, *frame.place, frame.size)
        return frame.node

    def add(self, value: Value, line: int, column: int, size: int) -> None:
        """Put a value into the innermost open mapping or sequence."""
        self.values += 1
        if not self.frames:
            return
        if value is None:
            at = self.source.position(line, column)
            hint = 'give one or remove the key; {} is an empty map, "" an empty text'
            self.issues.append(Issue("no-value", at, self.path(), "has no value", hint))
        frame = self.frames[-1]
        frame.size += size
        node = frame.node
        if isinstance(node, Seq):
            node.append(value)
            node.marks.append(Mark(self.source, line, column, line, column))
            return
        assert frame.key is not None  # noqa: S101
        key, key_line, key_column = frame.key
        if frame.is_merge:
            assert frame.merges is not None  # noqa: S101
            frame.merges.append((value, (line, column)))
        elif key in node:
            first = node.marks[key]
            path = self.path()
            self.twice(path, (key_line, key_column), (first.key_line, first.key_column))
            self.absorb(node[key], value, path)
        else:
            node[key] = value
            node.marks[key] = Mark(self.source, key_line, key_column, line, column)
        frame.key = None

    def twice(self, path: str, at: tuple[int, int], first: tuple[int, int]) -> None:
        where = self.source.position(*first)
        message = f"this key is declared twice, first at {where}"
        at_ = self.source.position(*at)
        self.issues.append(Issue("duplicate-key", at_, path, message, "remove one", (where,)))

    def absorb(self, first: Value, second: Value, path: str) -> None:
        """Keep what a section that is declared again holds: what refers to it finds it."""
        if not isinstance(first, Map) or not isinstance(second, Map):
            return
        for key, item in second.items():
            mark = second.marks[key]
            if key not in first:
                first[key] = item
                first.marks[key] = mark
            elif len(self.frames) == 1:
                old = first.marks[key]
                at = (mark.key_line, mark.key_column)
                self.twice(f"{path}.{key}", at, (old.key_line, old.key_column))

    def merge(self, node: Map, merges: list[tuple[Value, tuple[int, int]]]) -> None:
        """`<<: *name`: the keys that the mapping has not itself; of several, the first counts."""
        for value, place in merges:
            for base in value if isinstance(value, Seq) else [value]:
                if not isinstance(base, Map):
                    message = "'<<' takes a mapping or a list of mappings"
                    at = self.source.position(*place)
                    raise SpecError([Issue("merge-key", at, "", message, "such as <<: *name")])
                for key, item in base.items():
                    if key not in node:
                        node[key] = item
                        node.marks[key] = base.marks[key]
