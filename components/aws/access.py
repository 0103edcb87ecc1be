"""The component of what a workspace's pods may do on AWS."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.aws.identity import PodRole, PodRoleArgs
from components.manifests.aws.access import account
from components.manifests.aws.trust import Document
from schemas import resolved

SETTLE_SECONDS = 15
"""AWS says that an association, and what a role may do, count after several seconds, and not when:
a pod that starts before gets no role, as long as it lives, or may not do what is new."""


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """`policies` are what each use may do: see `components.manifests.aws.access`."""

    workspace: resolved.Workspace
    policies: Mapping[str, Document]


class Access(pulumi.ComponentResource):
    """A role for each use of the workspace's pods that calls AWS without keys.

    Output: `roles`, their ARNs by use.
    """

    roles: dict[str, pulumi.Output[str]]
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("easymaker:workspace:Access", name, {}, opts)
        spec = args.workspace
        cluster = spec.platform.outputs
        self.roles, self.children = {}, []
        for use, policy in args.policies.items():
            namespace, service_account = account(spec, use)
            made = PodRole(
                f"{spec.name}-{use}",
                PodRoleArgs(
                    cluster=cluster.name,
                    cluster_arn=cluster.arn,
                    region=cluster.region,
                    namespace=namespace,
                    service_account=service_account,
                    policy=policy,
                    settle=_settle,
                ),
                pulumi.ResourceOptions(parent=self),
            )
            self.roles[use] = made.arn
            self.children += made.children
        self.register_outputs({"roles": self.roles})


async def _settle() -> None:
    await asyncio.sleep(SETTLE_SECONDS)
