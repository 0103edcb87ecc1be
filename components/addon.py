"""The components of what a cluster has inside, whichever add-on it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.manifests import Manifest
from components.objects import KubernetesObject

_WITH_PODS = ("DaemonSet", "Deployment")


@dataclass(frozen=True, kw_only=True)
class AddonArgs:
    """`manifests` with their namespace first. `after` is what must be there before, and goes
    later. `outputs` is what others need to know."""

    manifests: Sequence[Manifest]
    after: Sequence[pulumi.Resource] = ()
    outputs: Mapping[str, object] = field(default_factory=dict)


class Addon(pulumi.ComponentResource):
    """Objects that make one add-on, `easymaker:addons:<kind>`.

    Outputs: `objects`, how many they are, and what the arguments say.
    """

    children: list[pulumi.Resource]

    def __init__(
        self, kind: str, name: str, args: AddonArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(f"easymaker:addons:{kind}", name, dict(args.outputs), opts)
        self.children = []
        home: pulumi.Resource | None = None
        for manifest in args.manifests:
            owner = home if manifest["metadata"].get("namespace") else None
            # Pods come after what they mount and what lets them work, and go before it.
            before = self.children if manifest["kind"] in _WITH_PODS else [home] if home else []
            made = KubernetesObject(
                _logical_name(manifest),
                manifest,
                pulumi.ResourceOptions(
                    parent=self,
                    # What a component depends on its children don't inherit.
                    depends_on=[*args.after, *before],
                    deleted_with=owner,
                ),
            )
            if manifest["kind"] == "Namespace":
                home = made
            self.children.append(made)
        self.register_outputs({"objects": len(self.children), **args.outputs})


def _logical_name(manifest: Manifest) -> str:
    """Of an object: kinds are part of the type, names are an add-on's own in a namespace."""
    metadata = manifest["metadata"]
    namespace = metadata.get("namespace")
    name: str = metadata["name"]
    return f"{namespace}-{name}" if namespace else name
