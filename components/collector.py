"""The component of a workspace's log collector."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.manifests import collector as manifests
from components.manifests import stores
from components.objects import KubernetesObject, Secret
from schemas import resolved
from schemas.logs import Logs
from schemas.text import to_json


@dataclass(frozen=True, kw_only=True)
class CollectorArgs:
    """`credentials` holds, by key of the stack's configuration, what the sink names so.
    `depends_on` is what pods need and the cluster does not have."""

    workspace: resolved.Workspace
    spec: Logs
    stack: str
    credentials: Mapping[str, pulumi.Input[str]]
    depends_on: tuple[pulumi.Resource, ...] = ()


class Collector(pulumi.ComponentResource):
    """Fluent Bit in a namespace of its own. `pulumi up` does not wait for its pods.

    Output: `namespace`.
    """

    namespace: str
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: CollectorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {"spec": to_json(args.spec.model_dump(mode="json", exclude_none=True))}
        super().__init__("easymaker:collector:Collector", name, props, opts)
        self.namespace = manifests.namespace_name(args.workspace)
        home = KubernetesObject(
            f"{name}-{self.namespace}",
            manifests.namespace(args.workspace, args.stack),
            pulumi.ResourceOptions(parent=self),
        )
        inside = pulumi.ResourceOptions(
            parent=self, depends_on=[home, *args.depends_on], deleted_with=home
        )
        self.children = [home]
        if args.credentials:
            values = {
                stores.config_secret_key(key): value
                for key, value in sorted(args.credentials.items())
            }
            metadata = manifests.secret_metadata(args.workspace)
            secret = Secret(
                f"{name}-credentials", metadata=metadata, string_data=values, opts=inside
            )
            self.children.append(secret)
        self.children += [
            KubernetesObject(f"{name}-{manifest['metadata']['name']}", manifest, inside)
            for manifest in manifests.objects(args.workspace, args.spec)
        ]
        self.register_outputs({"namespace": self.namespace})
