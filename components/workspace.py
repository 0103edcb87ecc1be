"""The component of a workspace: what all of its resources stand in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Secret

from components.manifests import Manifest, launcher, stores
from components.manifests import workspace as manifests
from components.objects import KubernetesObject
from schemas import resolved


@dataclass(frozen=True, kw_only=True)
class WorkspaceArgs:
    """`launcher_files` by file name; `kept_launchers` are live ones that older Jobs still mount.

    `credentials` holds, by key of the stack's configuration, what the spec names so.
    """

    spec: resolved.Workspace
    stack: str
    launcher_files: Mapping[str, str]
    kept_launchers: Sequence[Manifest]
    credentials: Mapping[str, pulumi.Input[str]]


class Workspace(pulumi.ComponentResource):
    """Namespace, launcher and credentials.

    Outputs: `namespace`, its name; `launcher`, the name of the launcher's ConfigMap.
    """

    namespace: str
    launcher: str
    owner: pulumi.Resource | None
    """The namespace, if it is ours: with it goes all that is in it."""
    children: list[pulumi.Resource]
    """What resources in the workspace depend on."""

    def __init__(
        self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("easymaker:workspace:Workspace", name, {}, opts)
        spec = args.spec
        self.namespace = spec.name
        self.launcher = launcher.launcher_name(args.launcher_files)
        self.children = []
        self.owner = None
        if spec.platform.create_namespace:
            self.owner = KubernetesObject(
                name,
                manifests.namespace(spec, args.stack),
                pulumi.ResourceOptions(parent=self),
            )
            self.children.append(self.owner)
        inside = pulumi.ResourceOptions(
            parent=self, depends_on=self.children[:], deleted_with=self.owner
        )
        current = launcher.launcher_config_map(args.launcher_files, spec.name)
        kept = [launcher.kept_launcher(live) for live in args.kept_launchers]
        named = {manifest["metadata"]["name"]: manifest for manifest in [*kept, current]}
        self.children += [
            KubernetesObject(f"{name}-{other}", manifest, inside)
            for other, manifest in sorted(named.items())
        ]
        if args.credentials:
            self.children.append(
                Secret(
                    f"{name}-credentials",
                    metadata=stores.credentials_metadata(spec.name),
                    string_data={
                        stores.config_secret_key(key): value
                        for key, value in sorted(args.credentials.items())
                    },
                    opts=inside,
                )
            )
        self.register_outputs({"namespace": self.namespace, "launcher": self.launcher})
