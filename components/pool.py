"""The component of a pool: nodes that exist."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from schemas import resolved


@dataclass(frozen=True, kw_only=True)
class GpuPoolArgs:
    """`flavors` are the names of those that run on it."""

    spec: resolved.Pool
    flavors: Sequence[str]


class GpuPool(pulumi.ComponentResource):
    """Creates nothing: on Kubernetes the nodes of a pool are there, or come by an autoscaler.

    Outputs: `node_selector`, the labels of its nodes; `flavors`, what runs on them.
    """

    node_selector: dict[str, str]
    flavors: list[str]

    def __init__(
        self, name: str, args: GpuPoolArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        self.node_selector = dict(args.spec.node_selector)
        self.flavors = list(args.flavors)
        outputs = {"node_selector": self.node_selector, "flavors": self.flavors}
        super().__init__("easymaker:pool:GpuPool", name, dict(outputs), opts)
        self.register_outputs(outputs)
