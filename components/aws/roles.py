"""The component of the roles of what runs beside workloads."""

from dataclasses import dataclass

import pulumi

from components.aws.identity import PodRole, PodRoleArgs
from components.manifests.aws import policies
from components.manifests.aws.trust import Document


@dataclass(frozen=True, kw_only=True)
class RolesArgs:
    """`log_group_arn` is the group of pods' logs."""

    cluster: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    region: str
    name: str
    autoscaler: bool
    log_group_arn: pulumi.Input[str]


class Roles(pulumi.ComponentResource):
    """Roles of the cluster autoscaler and of what ships logs.

    Output: `arns` by use.
    """

    arns: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: RolesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("easymaker:cluster:Roles", name, {"autoscaler": args.autoscaler}, opts)
        self._args = args
        logs = pulumi.Output.from_input(args.log_group_arn).apply(
            lambda arn: policies.write_logs([arn])
        )
        self.arns = {"logs": self._role("logs", "easymaker-logs", "fluent-bit", logs)}
        if args.autoscaler:
            self.arns["cluster_autoscaler"] = self._role(
                "cluster-autoscaler",
                "kube-system",
                "cluster-autoscaler",
                pulumi.Output.from_input(args.cluster_arn).apply(policies.cluster_autoscaler),
            )
        self.register_outputs({"arns": self.arns})

    def _role(
        self,
        use: str,
        namespace: str,
        service_account: str,
        policy: pulumi.Output[Document],
    ) -> pulumi.Output[str]:
        args = self._args
        return PodRole(
            f"{args.name}-{use}",
            PodRoleArgs(
                cluster=args.cluster,
                cluster_arn=args.cluster_arn,
                region=args.region,
                namespace=namespace,
                service_account=service_account,
                policy=policy,
            ),
            pulumi.ResourceOptions(parent=self),
        ).arn
