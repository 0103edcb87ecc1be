"""Run a Pulumi program offline and return what it registered, as plain data.

It proves graph and options, not what the engine or the API server make of them.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import source_pb2


@dataclass(frozen=True)
class Node:
    """One registration. `inputs` are plain: secrets read `<secret>`."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    provider: str
    depends_on: tuple[str, ...]
    deleted_with: str
    ignore_changes: tuple[str, ...]
    protect: bool
    version: str
    before_create: tuple[str, ...]
    """The hooks that run then."""
    before_update: tuple[str, ...]
    after_create: tuple[str, ...]
    after_update: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    aliases: tuple[str, ...]
    """Names that it had before."""
    delete_before_replace: bool
    secret_outputs: tuple[str, ...]
    """Outputs that the state has encrypted, whatever they were made of."""


@dataclass
class Graph:
    nodes: dict[str, Node] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def all(self, type_: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.type == type_]

    def one(self, type_: str) -> Node:
        found = self.all(type_)
        assert len(found) == 1, f"expected one {type_}, got {[node.name for node in found]}"
        return found[0]

    def named(self, type_: str, name: str) -> Node:
        found = [node for node in self.all(type_) if node.name == name]
        assert len(found) == 1, f"expected {name}, got {[node.name for node in self.all(type_)]}"
        return found[0]


@dataclass(frozen=True)
class Answers:
    """What a cloud would say: outputs of a resource beside its inputs, by type and name, and the
    result of an invoke, by token and inputs."""

    outputs: Callable[[str, str], Mapping[str, Any]] = lambda type_, name: {}
    calls: Callable[[str, Mapping[str, Any]], dict[str, Any]] | None = None


class _Echo(mocks.Mocks):
    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        told = self._answers.outputs(args.typ, args.name)
        inputs = dict(args.inputs)
        for key, value in told.items():
            inputs[key] = {**inputs.get(key, {}), **value} if isinstance(value, dict) else value
        return f"{args.name}-id", inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        assert self._answers.calls is not None, f"an invoke: {args.token}"
        return self._answers.calls(args.token, args.args), []


class _Recorder(mocks.MockMonitor):
    def __init__(self, graph: Graph, answers: Answers) -> None:
        super().__init__(_Echo(answers))
        self._graph = graph

    def Invoke(self, request: Any) -> Any:
        with _loop_of_this_thread():
            return super().Invoke(request)  # type: ignore[no-untyped-call]

    def RegisterResource(self, request: Any) -> Any:
        with _loop_of_this_thread():
            response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type == "pulumi:pulumi:Stack":  # once a process, so never in a graph
            return response
        # The engine refuses what mocks accept.
        assert response.urn not in self._graph.nodes, f"duplicate URN: {response.urn}"
        self._graph.nodes[response.urn] = Node(
            urn=response.urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs=_plain(rpc.deserialize_properties(request.object)),
            provider=request.provider or next(iter(request.providers.values()), ""),
            depends_on=tuple(sorted(request.dependencies)),
            deleted_with=request.deletedWith,
            ignore_changes=tuple(request.ignoreChanges),
            protect=request.protect,
            version=request.version,
            before_create=tuple(request.hooks.before_create),
            before_update=tuple(request.hooks.before_update),
            after_create=tuple(request.hooks.after_create),
            after_update=tuple(request.hooks.after_update),
            replace_on_changes=tuple(request.replaceOnChanges),
            aliases=tuple(alias.spec.name for alias in request.aliases),
            delete_before_replace=request.deleteBeforeReplace,
            secret_outputs=tuple(request.additionalSecretOutputs),
        )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:
        self._graph.outputs[request.urn] = _plain(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def _loop_of_this_thread() -> Iterator[None]:
    """The SDK wants a loop in each of its threads, and would leave its own open: whichever test
    runs when that is collected fails."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _no_stack_traces() -> contextlib.AbstractContextManager[object]:
    """No registration says where in the source it was made: a test's stack is so deep that this
    takes a fifth of the whole time."""
    return mock.patch("pulumi.runtime.resource._get_stack_trace", source_pb2.StackTrace)


def record(
    program: Callable[[], Awaitable[object]],
    *,
    preview: bool = False,
    answers: Answers | None = None,
) -> Graph:
    """Run an asynchronous program."""
    graph = Graph()
    monitor = _Recorder(graph, answers or Answers())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.runtime.set_mocks(
            monitor.mocks, project="easymaker", stack="test", preview=preview, monitor=monitor
        )
        with _no_stack_traces():
            pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    finally:
        # What failed is raised here. Whatever else failed with it nobody asks, and the loop would
        # say so when it is collected: at any time, and in the middle of another test.
        loop.set_exception_handler(lambda loop, context: None)
        asyncio.set_event_loop(None)
        loop.close()
    return graph


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return "<secret>"
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
