"""The component of a workspace: what all of its resources stand in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.manifests import (
    Manifest,
    certificate,
    identity,
    launcher,
    nas,
    policies,
    stores,
)
from components.manifests import workspace as manifests
from components.objects import KubernetesObject, Secret
from schemas import resolved
from schemas.document import platform_document
from schemas.text import to_json


@dataclass(frozen=True, kw_only=True)
class WorkspaceArgs:
    """`launcher_files` by file name; `kept_launchers` are live ones that older Jobs still mount.
    `cleaner` is the script that deletes pods.

    `credentials` holds, by key of the stack's configuration, what the spec names so. `jobs` are
    the trainings' Jobs that stay: what NAS they mount stays too. `depends_on` is what
    pods need.
    """

    spec: resolved.Workspace
    stack: str
    launcher_files: Mapping[str, str]
    cleaner: str
    kept_launchers: Sequence[Manifest]
    credentials: Mapping[str, pulumi.Input[str]]
    jobs: Sequence[Manifest] = ()
    depends_on: Sequence[pulumi.Resource] = ()


class Workspace(pulumi.ComponentResource):
    """Namespace with its bounds, NetworkPolicies, launcher, credentials, NAS, Roles for people and
    the reader of archived logs.

    Outputs: `namespace`, its name; `launcher`, the name of the launcher's ConfigMap; `viewer`, the
    name of the Role.
    """

    namespace: str
    launcher: str
    viewer: str
    owner: pulumi.Resource | None
    """The namespace, if it is ours: with it goes all that is in it."""
    children: list[pulumi.Resource]
    ready: list[pulumi.Resource]
    """What resources in the workspace depend on: with these all of `children` are there."""

    def __init__(
        self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        spec = args.spec
        props = {"spec": to_json(platform_document(spec.platform))}
        super().__init__("easymaker:workspace:Workspace", name, props, opts)
        self.namespace = spec.name
        self.launcher = launcher.launcher_name(args.launcher_files)
        viewer = manifests.viewer(spec)
        self.viewer = viewer["metadata"]["name"]
        shares = nas.volumes(spec, args.jobs)
        # Volumes stand in no namespace and end after their claims: with the namespace, or before.
        volumes: list[pulumi.Resource] = [
            KubernetesObject(
                manifest["metadata"]["name"], manifest, pulumi.ResourceOptions(parent=self)
            )
            for manifest in shares
            if manifest["kind"] == "PersistentVolume"
        ]
        self.owner = None
        if spec.platform.create_namespace:
            self.owner = KubernetesObject(
                name,
                manifests.namespace(spec, args.stack),
                pulumi.ResourceOptions(parent=self, depends_on=volumes),
            )
        first = volumes if self.owner is None else [self.owner]

        def inside(*needed: pulumi.Resource) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(
                parent=self,
                depends_on=[*first, *args.depends_on, *needed],
                deleted_with=self.owner,
            )

        kept = [launcher.kept_launcher(live) for live in args.kept_launchers]
        current = launcher.launcher_config_map(args.launcher_files, spec.name)
        launchers = {manifest["metadata"]["name"]: manifest for manifest in [*kept, current]}
        quota, opener = manifests.quota(spec), manifests.opener(spec)
        parts: list[pulumi.Resource] = [
            KubernetesObject(f"{name}-{manifest['metadata']['name']}", manifest, inside())
            for manifest in (
                *(launchers[key] for key in sorted(launchers)),
                manifests.limit_range(spec),
                *([] if quota is None else [quota]),
                *policies.policies(spec),
                *certificate.manifests(spec),
                *identity.service_accounts(spec),
                *(claim for claim in shares if claim["kind"] == "PersistentVolumeClaim"),
                viewer,
                *([] if opener is None else [opener]),
                *manifests.upkeep(spec, args.cleaner),
            )
        ]
        if args.credentials:
            parts.append(
                Secret(
                    f"{name}-credentials",
                    metadata=stores.credentials_metadata(spec.name),
                    string_data={
                        stores.config_secret_key(key): value
                        for key, value in sorted(args.credentials.items())
                    },
                    opts=inside(),
                )
            )
        # Last of all: it says what was applied.
        record = KubernetesObject(
            f"{name}-{manifests.OWNER}", manifests.owner(spec, args.stack), inside(*parts)
        )
        self.children = [*volumes, *([self.owner] if self.owner else []), *parts, record]
        self.ready = [*([self.owner] if self.owner else []), record]
        self.register_outputs(
            {"namespace": self.namespace, "launcher": self.launcher, "viewer": self.viewer}
        )
