"""The plugin's side of what the engine asks."""

import hashlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tests.support.aws.provider import DEATH, diff, functions, typed
from tests.support.aws.provider.row import Row, Values, merged
from tests.support.aws.provider.rows import ROWS
from tests.support.aws.provider.values import UNKNOWN, without_notes
from tests.support.aws.provider.wire import decode, encode

VERSION = "7.51.1"
_DEFAULTS = "__defaults"
_KINDS = provider_pb2.PropertyDiff.Kind
# Properties whose keys are a person's own, so that one more is a change.
_MAPS = ("labels", "requestParameters", "stageVariables", "tags", "tagsAll")


class Aws(provider_pb2_grpc.ResourceProviderServicer):
    """The provider `aws`, in one region with its default tags."""

    def __init__(self) -> None:
        self._region = ""
        self._tags: dict[str, str] = {}

    # --- itself -------------------------------------------------------------------------------

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        given = decode(request.news)
        failures = [_failure(*fault) for fault in typed.config_faults(given)]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = _config(request.old_inputs), _config(request.news)
        kinds = provider_pb2.DiffResponse
        if old == new:
            return kinds(changes=kinds.DIFF_NONE)
        names = [name for name in {*old, *new} if old.get(name) != new.get(name)]
        # Resources of another region are other resources.
        return kinds(
            changes=kinds.DIFF_SOME, diffs=names, replaces=[n for n in names if n == "region"]
        )

    def Configure(self, request: Any, context: Any) -> Any:
        given = _config(request.args)
        self._region = given["region"]
        self._tags = (given.get("defaultTags") or {}).get("tags") or {}
        # Of secrets the engine keeps account itself for a provider that does not know them.
        return provider_pb2.ConfigureResponse(supportsPreview=True, acceptSecrets=False)

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    # --- resources ----------------------------------------------------------------------------

    def Check(self, request: Any, context: Any) -> Any:
        row, new, old = _row(request.urn), decode(request.news), decode(request.olds)
        failures = [_failure(*fault) for fault in typed.faults(row.token, new)]
        new = {key: value for key, value in new.items() if value is not None}
        if not failures:
            untaken = sorted(row.untaken(without_notes(new)))
            failures = [_failure(name, "is taken by no call of this plugin") for name in untaken]
        new = {**row.defaults, **new}
        if row.named and not new.get(row.named):
            if row.named in old.get(_DEFAULTS, []):
                new[row.named] = old[row.named]
            else:
                stem = f"{request.urn.split('::')[-1]}-"
                seed = hashlib.sha256(request.randomSeed or os.urandom(8)).hexdigest()
                if len(stem) + 7 > row.longest:  # which the provider does not cut
                    failures += [_failure(row.named, f"{stem!r} plus 7 is over {row.longest}")]
                new[row.named] = f"{stem}{seed[:7]}"
            new[_DEFAULTS] = [row.named]
        return provider_pb2.CheckResponse(inputs=encode(new), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        row, old, new = _row(request.urn), decode(request.old_inputs), decode(request.news)
        change = diff.compare(row.token, old, new)
        kinds = dict(change.kinds)
        if self._tags_of(row, new) != (decode(request.olds).get("tagsAll") or {}):
            kinds.setdefault("tagsAll", "update")
        kept = [path for path in kinds if _is_ignored(path, request.ignoreChanges)]
        for path in kept:
            del kinds[path]
        replacing = change.replacing - {*kept}
        own_name = row.named and row.named not in new.get(_DEFAULTS, [])
        answer = provider_pb2.DiffResponse
        return answer(
            changes=answer.DIFF_SOME if kinds else answer.DIFF_NONE,
            diffs=sorted({path.split(".")[0].split("[")[0] for path in kinds}),
            replaces=sorted(replacing),
            # Two cannot have one name.
            deleteBeforeReplace=bool(
                replacing and own_name and old.get(row.named) == new.get(row.named)
            ),
            detailedDiff={
                path: provider_pb2.PropertyDiff(
                    kind=_kind(kind, path in replacing), inputDiff=path != "tagsAll"
                )
                for path, kind in kinds.items()
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:
        row, given = _row(request.urn), decode(request.properties)
        values = self._complete(row, without_notes(given))
        if request.preview:
            return provider_pb2.CreateResponse(properties=encode(_known_later(row, values)))
        _die(context, "before", row)
        made, state = _or_abort(context, row, lambda: row.make(values))
        _die(context, "after", row)
        return provider_pb2.CreateResponse(id=made, properties=encode(state))

    def Update(self, request: Any, context: Any) -> Any:
        row, old, new = _row(request.urn), decode(request.olds), decode(request.news)
        values = self._complete(row, without_notes(new))
        before = without_notes(decode(request.old_inputs))
        if request.preview:
            moves = diff.compare(row.token, before, values).properties - {"tags", "region"}
            later = dict.fromkeys(row.moving, UNKNOWN) if moves else {}
            # What AWS has added to what was given stays as it is.
            kept = {k: v for k, v in old.items() if k not in _MAPS}
            known = {**merged(kept, values), **later}
            return provider_pb2.UpdateResponse(properties=encode(known))
        changed = diff.compare(row.token, before, values).properties - {"region", "tagsAll"}
        changed -= {n for n in {*changed} if _is_ignored(n, request.ignoreChanges)}
        if values.get("tagsAll", {}) != (old.get("tagsAll") or {}):
            changed.add("tagsAll")
        old["id"] = request.id
        state = _or_abort(context, row, lambda: row.change(old, values, changed))
        outputs = {k: v for k, v in old.items() if k in typed.properties(row.token)}
        stale = {name for name in typed.inputs(row.token) if name not in values}
        kept = {k: v for k, v in outputs.items() if k not in stale or k == "region"}
        return provider_pb2.UpdateResponse(properties=encode({**kept, **state}))

    def Read(self, request: Any, context: Any) -> Any:
        row, old, given = _row(request.urn), decode(request.properties), decode(request.inputs)
        values = {**self._complete(row, without_notes(given)), **old, "id": request.id}
        seen = _or_abort(context, row, lambda: row.look(values))
        if seen is None:
            return provider_pb2.ReadResponse()
        names = typed.inputs(row.token)
        if "tagsAll" in seen:
            seen["tags"] = self._own_tags(seen["tagsAll"], given.get("tags") or {})
        if given:
            both = {name for name in seen if name in names and (given.get(name) or name == "tags")}
            inputs = given | {n: _projected(seen[n], given.get(n), n) for n in both}
            inputs = {name: value for name, value in inputs.items() if value != {}}
        else:
            inputs = {k: v for k, v in {**row.identified(values), **seen}.items() if k in names}
            inputs.pop("region", None)
        state = {"region": self._region, **old, **inputs, **seen}
        return provider_pb2.ReadResponse(
            id=request.id, properties=encode(without_notes(state)), inputs=encode(inputs)
        )

    def Delete(self, request: Any, context: Any) -> Any:
        row = _row(request.urn)
        values = {"region": self._region, **decode(request.properties), "id": request.id}
        _or_abort(context, row, lambda: row.end(values))
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        given = {"region": self._region, **decode(request.args)}
        try:
            answer = functions.FUNCTIONS[request.tok](given)
        except KeyError:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{request.tok} is not known here")
        return provider_pb2.InvokeResponse(**{"return": encode(answer)})

    def _own_tags(self, seen: dict[str, str], given: dict[str, str]) -> dict[str, str]:
        """The tags of a resource's own: those of all that the provider has not of its own will."""
        return {
            key: text for key, text in seen.items() if key in given or self._tags.get(key) != text
        }

    def _complete(self, row: Row, given: Values) -> Values:
        values = {"region": self._region, **given}
        if "tagsAll" in typed.properties(row.token):
            values["tagsAll"] = self._tags_of(row, given)
        return values

    def _tags_of(self, row: Row, given: Values) -> dict[str, Any]:
        if "tagsAll" not in typed.properties(row.token):
            return {}
        return {**self._tags, **(given.get("tags") or {})}


def _row(urn: str) -> Row:
    token = urn.split("::")[2].rpartition("$")[2]
    found = ROWS.get(token)
    if found is None:
        raise NotImplementedError(f"{token} has no row in the test provider")
    assert not found.unknown(), f"{token} has no {sorted(found.unknown())}"
    return found


def _config(given: Any) -> Values:
    """The provider's inputs: all but texts come as JSON."""
    found = {}
    for key, value in decode(given).items():
        nested = isinstance(value, str) and value[:1] in ("{", "[")
        found[key] = json.loads(value) if nested else value
    return found


def _failure(path: str, reason: str) -> Any:
    return provider_pb2.CheckFailure(property=path, reason=f"{path} {reason}")


def _known_later(row: Row, values: Values) -> Values:
    later = typed.properties(row.token) - typed.inputs(row.token)
    # AWS fills in of itself what was left open and is to be seen.
    later |= {*row.outputs} - {*values}
    return {**dict.fromkeys(later, UNKNOWN), **values}


def _is_ignored(path: str, ignored: Any) -> bool:
    return any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in ignored)


def _kind(kind: str, replaces: bool) -> Any:
    return _KINDS.Value(f"{kind.upper()}{'_REPLACE' if replaces else ''}")


def _projected(seen: Any, given: Any, name: str = "") -> Any:
    """What is seen of what was given: what AWS adds of its own is no change of it."""
    if isinstance(seen, dict) and isinstance(given, dict) and name not in _MAPS:
        return {key: _projected(seen.get(key, item), item, key) for key, item in given.items()}
    if isinstance(seen, list) and isinstance(given, list):
        if sorted(map(str, seen)) == sorted(map(str, given)):
            return given
        if len(seen) == len(given) and all(isinstance(item, dict) for item in [*seen, *given]):
            return [_projected(*pair) for pair in zip(seen, given, strict=True)]
    if isinstance(seen, str) and isinstance(given, str) and _same_document(seen, given):
        return given
    return seen


def _same_document(seen: str, given: str) -> bool:
    try:
        return bool(json.loads(seen) == json.loads(given))
    except ValueError:
        return False


def _die(context: Any, when: str, row: Row) -> None:
    """Kill the engine in the middle of a creation, where a test asks for it."""
    if os.environ.get(DEATH) == f"{when} {row.token}":
        os.kill(os.getppid(), signal.SIGKILL)
        context.abort(grpc.StatusCode.ABORTED, "nobody listens")


def _or_abort(context: Any, row: Row, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception as error:  # noqa: BLE001
        # Whatever it is, the engine is to say it.
        traceback.print_exc()
        context.abort(grpc.StatusCode.UNKNOWN, f"{row.token}: {type(error).__name__}: {error}")


def main(environment: dict[str, str]) -> None:
    """Serve until told to end."""
    os.environ.update(environment)
    server = grpc.server(futures.ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Aws(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    # An engine that was killed ends nobody.
    engine = os.getppid()
    while os.getppid() == engine and not over.wait(1):
        pass
    server.stop(None)
