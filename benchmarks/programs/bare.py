"""The least that can be done: one generic class, nothing computed."""

import asyncio
import atexit
from importlib.metadata import version
from typing import Any

import pulumi

from benchmarks.programs import NAMESPACE, is_component, read_graph, write_memory

_VERSION = version("pulumi-kubernetes")
_BATCH = 32


class _Object(pulumi.CustomResource):
    def __init__(
        self, token: str, name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__(token, name, inputs, opts)


class _Component(pulumi.ComponentResource):
    def __init__(self, token: str, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(token, name, {}, opts)
        self.register_outputs({})


async def _register() -> None:
    graph = read_graph()
    settings = {"qps": 500, "burst": 1000, "timeout": 30}
    cluster = pulumi.ProviderResource(
        "kubernetes",
        "cluster",
        {
            "context": graph.context,
            "clusterIdentifier": graph.context,
            "kubeClientSettings": settings,
        },
        pulumi.ResourceOptions(version=_VERSION),
    )
    components: dict[str, pulumi.Resource] = {}
    objects: list[pulumi.Resource] = []
    needed: list[pulumi.Resource] = []
    for number, item in enumerate(graph.registrations):
        if number % _BATCH == 0:
            await asyncio.sleep(0)
        parent = components.get(item.parent)
        if is_component(item.type):
            options = pulumi.ResourceOptions(parent=parent, providers=[cluster])
            components[item.key] = _Component(item.type, item.name, options)
            continue
        options = pulumi.ResourceOptions(
            parent=parent, provider=cluster, version=_VERSION, depends_on=needed
        )
        objects.append(_Object(item.type, item.name, item.inputs, options))
        if item.type == NAMESPACE:
            needed = [objects[-1]]
    await asyncio.gather(*(made.urn.future() for made in objects), return_exceptions=True)


def main() -> None:
    """Register the graph."""
    atexit.register(write_memory)
    pulumi.run(_register)
