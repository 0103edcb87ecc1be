"""As people write it: the SDK's typed classes, one after the other in a synchronous program."""

import atexit
import importlib
import re
from functools import cache
from typing import Any

import pulumi
from pulumi_kubernetes import KubeClientSettingsArgs, Provider
from pulumi_kubernetes.apiextensions import CustomResource

from benchmarks.programs import NAMESPACE, is_component, read_graph, write_memory


class _Component(pulumi.ComponentResource):
    def __init__(self, token: str, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(token, name, {}, opts)
        self.register_outputs({})


@cache
def _typed(token: str) -> Any:
    """The SDK's class of a type token; None where it has none."""
    _, group, kind = token.split(":")
    package, version = group.split("/")
    name = package.removesuffix(".k8s.io").partition(".")[0]
    try:
        module = importlib.import_module(f"pulumi_kubernetes.{name}.{version}")
    except ModuleNotFoundError:
        return None
    return getattr(module, kind)


@cache
def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def main() -> None:
    """Register the graph."""
    atexit.register(write_memory)
    graph = read_graph()
    cluster = Provider(
        "cluster",
        context=graph.context,
        cluster_identifier=graph.context,
        kube_client_settings=KubeClientSettingsArgs(qps=500, burst=1000, timeout=30),
    )
    components: dict[str, pulumi.Resource] = {}
    needed: list[pulumi.Resource] = []
    for item in graph.registrations:
        parent = components.get(item.parent)
        if is_component(item.type):
            options = pulumi.ResourceOptions(parent=parent, providers=[cluster])
            components[item.key] = _Component(item.type, item.name, options)
            continue
        options = pulumi.ResourceOptions(parent=parent, provider=cluster, depends_on=needed)
        typed = _typed(item.type)
        if typed is None:
            inputs = dict(item.inputs)
            api_version, kind = inputs.pop("apiVersion"), inputs.pop("kind")
            made = CustomResource(item.name, api_version, kind, opts=options, **inputs)
        else:
            fields = {
                _snake(key): value
                for key, value in item.inputs.items()
                if key not in ("apiVersion", "kind")
            }
            made = typed(item.name, opts=options, **fields)
        if item.type == NAMESPACE:
            needed = [made]
