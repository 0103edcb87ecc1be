"""One type of resource: how it is made, found, changed and removed."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.support.aws import clients
from tests.support.aws.provider import typed
from tests.support.aws.provider.template import MISSING, dig, fill, placeholders

Values = dict[str, Any]
_SECONDS = 60
_GONE = ("NotFound", "NoSuch", "NotExist", "404", "UnknownAssociation", "NonExist")


@dataclass(frozen=True)
class Call:
    """A call of the SDK; its parameters are a template. `when` names the property without which
    it is left out."""

    operation: str
    parameters: Mapping[str, Any]
    service: str = ""
    when: str = ""


@dataclass(frozen=True)
class Update:
    """The calls that carry out a change of any of these properties."""

    properties: Sequence[str]
    calls: Sequence[Call] = ()


@dataclass(frozen=True)
class Tags:
    """The calls that change tags: `{put|...}` and `{removed}` are what differs."""

    put: Call
    remove: Call


@dataclass(frozen=True, kw_only=True)
class Row:
    """`id` is a path into the answer of `create`, or a template with the properties.

    `found` is the path of the resource in the answer of `read`, `pick` a key of it with its value
    where there are several; from there `outputs` are, by property. What they name is what a refresh
    sees. `named` is the property that gets a name of its own where none is given. `keys` are the
    properties that an id is made of. `own` are the provider's own affair, of which AWS hears
    nothing; `defaults` are the provider's; `moving` are other ones after any update.
    """

    token: str
    service: str
    create: Call
    id: str
    read: Call
    outputs: Mapping[str, str]
    found: str = ""
    pick: tuple[str, str] = ("", "")
    delete: Call | None = None
    before_delete: Sequence[Call] = ()
    also: Sequence[Call] = ()
    updates: Sequence[Update] = ()
    tags: Tags | None = None
    named: str = ""
    longest: int = 255
    ready: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)
    keys: Sequence[str] = ()
    own: Sequence[str] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    moving: Sequence[str] = ()

    def unknown(self) -> set[str]:
        """What the row names and the provider does not know: a mistake in it."""
        changed = {name for update in self.updates for name in update.properties}
        named = {*changed, *self.own, *self.defaults, *filter(None, [self.named])}
        return ({*self.outputs} - typed.properties(self.token)) | (named - typed.inputs(self.token))

    def untaken(self, given: Mapping[str, Any]) -> set[str]:
        """What was given and no call takes."""
        taken = placeholders([call.parameters for call in (self.create, *self.also)])
        taken |= {call.when for call in self.also} | placeholders(self.id)
        aside = {*self.own, "tags", "region"}
        return {name for name in given if name not in taken | aside}

    def make(self, values: Values) -> tuple[str, Values]:
        """Make one; its id and properties, once it is ready."""
        answer = self.call(self.create, values)
        made = fill(self.id, values) if "{" in self.id else dig(answer, self.id)
        assert isinstance(made, str), f"{self.token}: no id in {answer}"
        values = {**values, "id": made}
        for call in self.also:
            self.call(call, values)
        return made, self.settled(values)

    def look(self, values: Values) -> Values | None:
        """What is to be seen of one, None if it is gone."""
        values = self.identified(values)
        found = self.find(values)
        if found is None:
            return None
        seen = {
            name: fill(path, values) if "{" in path else dig(found, path)
            for name, path in self.outputs.items()
        }
        return {name: value for name, value in seen.items() if value not in (None, MISSING)}

    def find(self, values: Values) -> Any:
        """AWS's own description of one, None if it is gone."""
        try:
            found = dig(self.call(self.read, values), self.found)
        except ClientError as error:
            if _is_gone(error):
                return None
            raise
        key, template = self.pick
        if key:
            value = fill(template, values)
            found = next((each for each in found or [] if each.get(key) == value), None)
        if not found or any(dig(found, path) == value for path, value in self.gone.items()):
            return None
        return found

    def change(self, old: Values, new: Values, changed: set[str]) -> Values:
        """Carry out a change of some properties; all properties afterwards."""
        values = {**new, "id": old["id"]}
        # What is no longer given is not to be taken from before.
        kept = {k: v for k, v in old.items() if k not in typed.inputs(self.token)}
        known = {**kept, **values, **_parts(old, new, changed)}
        undone = changed - {"tags", "tagsAll"} - {*self.own}
        for update in self.updates:
            if changed & {*update.properties}:
                undone -= {*update.properties}
                for call in update.calls:
                    self.call(call, known)
        if undone:
            raise NotImplementedError(f"{self.token}: no call here changes {sorted(undone)}")
        if changed & {"tags", "tagsAll"}:
            self._retag(old, known)
        return self.settled(values)

    def end(self, values: Values) -> None:
        """Remove one; it may be gone already."""
        if self.delete is None:
            return
        values = self.identified(values)
        try:
            for call in (*self.before_delete, self.delete):
                self.call(call, values)
        except ClientError as error:
            if not _is_gone(error):
                raise
        self._await(lambda: self.find(values) is None, f"{values['id']} does not go")

    def identified(self, values: Values) -> Values:
        """The values with those that the id is made of, for one that is only known by it."""
        most = len(self.keys) - 1
        parts = values["id"].split(_separator(self.id), most) if most > 0 else [values["id"]]
        return {**dict(zip(self.keys, parts, strict=False)), **values}

    def call(self, call: Call, values: Values) -> Any:
        """Make a call in the resource's region."""
        if call.when and not values.get(call.when):
            return None
        parameters = fill(call.parameters, values)
        assert parameters is not MISSING, f"{self.token}: {call.operation} lacks a value"
        service = call.service or self.service
        return clients.call(values["region"], service, call.operation, **parameters)

    def settled(self, values: Values) -> Values:
        """All properties of one, once it is ready."""

        def settled() -> bool:
            found = self.find(values)
            return found is not None and all(
                dig(found, path) == value for path, value in self.ready.items()
            )

        self._await(settled, f"{values['id']} does not become {dict(self.ready)}")
        return dict(merged(self.look(values) or {}, values))

    def _await(self, condition: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + _SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.token}: {otherwise}")
            time.sleep(0.1)

    def _retag(self, old: Values, known: Values) -> None:
        if self.tags is None:
            raise NotImplementedError(f"{self.token}: no call here changes tags")
        before, after = old.get("tagsAll") or {}, known.get("tagsAll") or {}
        put = {key: text for key, text in after.items() if before.get(key) != text}
        removed = [key for key in before if key not in after]
        if removed:
            self.call(self.tags.remove, {**known, "removed": removed})
        if put:
            self.call(self.tags.put, {**known, "put": put})


def merged(seen: Any, given: Any) -> Any:
    """What was given, with what AWS has added of its own."""
    if isinstance(seen, dict) and isinstance(given, dict):
        return {**seen, **{name: merged(seen.get(name), value) for name, value in given.items()}}
    return given


def _parts(old: Values, new: Values, changed: set[str]) -> Values:
    """For calls that take only what differs: `removed_` and `added_` of lists and maps."""
    parts: Values = {}
    for name in changed:
        before, after = old.get(name) or [], new.get(name) or []
        if isinstance(before, (list, dict)) and isinstance(after, (list, dict)):
            parts[f"removed_{name}"] = [item for item in before if item not in after]
            parts[f"added_{name}"] = [item for item in after if item not in before]
    return {name: part for name, part in parts.items() if part}


def _separator(template: str) -> str:
    return next(mark for mark in ":/_#," if f"}}{mark}{{" in template)


def _is_gone(error: ClientError) -> bool:
    code = str(error.response.get("Error", {}).get("Code"))
    return any(word in code for word in _GONE)
