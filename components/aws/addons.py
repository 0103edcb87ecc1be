"""The component of a cluster's EKS add-ons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import eks

from components.aws.identity import PodRole, PodRoleArgs
from components.manifests.aws import policies
from components.manifests.aws.addons import NAMESPACE, Addon


@dataclass(frozen=True, kw_only=True)
class AddonsArgs:
    """`versions` are by add-on; names of roles start with `prefix`. `key_arn` is the key of
    volumes. Add-ons come after all of `depends_on`."""

    prefix: str
    cluster: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    region: str
    addons: Sequence[Addon]
    versions: Mapping[str, str]
    depends_on: Sequence[pulumi.Resource] = ()


class Addons(pulumi.ComponentResource):
    """Add-ons, each with the role of its pods where it calls AWS.

    Output: `roles`, ARNs by add-on.
    """

    roles: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        names = [addon.name for addon in args.addons]
        super().__init__("easymaker:cluster:Addons", name, {"addons": names}, opts)
        self.roles = {}
        for addon in args.addons:
            needed = list(args.depends_on)
            if addon.policies:
                role = PodRole(
                    f"{args.prefix}-{addon.name}",
                    PodRoleArgs(
                        cluster=args.cluster,
                        cluster_arn=args.cluster_arn,
                        region=args.region,
                        namespace=NAMESPACE,
                        service_account=addon.service_account,
                        managed=addon.policies,
                        policy=pulumi.Output.from_input(args.key_arn).apply(policies.use_key)
                        if addon.encrypts
                        else None,
                    ),
                    pulumi.ResourceOptions(parent=self),
                )
                self.roles[addon.name] = role.arn
                needed.append(role)
            eks.Addon(
                addon.name,
                cluster_name=args.cluster,
                addon_name=addon.name,
                addon_version=args.versions[addon.name],
                configuration_values=addon.configuration,
                resolve_conflicts_on_create="OVERWRITE",
                resolve_conflicts_on_update="OVERWRITE",
                opts=pulumi.ResourceOptions(parent=self, depends_on=needed),
            )
        self.register_outputs({"roles": self.roles})
