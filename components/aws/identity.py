"""The component of a role that pods of one service account have."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import eks, iam

from components.manifests.aws import trust
from components.manifests.aws.names import managed_policy, shortened
from schemas.text import to_json

_NAME_LENGTH = 64 - len("-0123456")
"""Of a role, without what Pulumi adds: it refuses longer names, and cuts none."""


@dataclass(frozen=True, kw_only=True)
class PodRoleArgs:
    """`managed` are names of AWS's policies, `policy` is one of ours."""

    cluster: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    region: str
    namespace: str
    service_account: str
    managed: Sequence[str] = field(default=())
    policy: pulumi.Input[dict[str, Any]] | None = None
    settle: Callable[[], Awaitable[None]] | None = None
    """Waits until pods that start are sure to get a new association, and what its role may do."""


class PodRole(pulumi.ComponentResource):
    """A role, what it may do, and its association, which gives it to the pods.

    Output: `arn`.
    """

    arn: pulumi.Output[str]
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: PodRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        of = {"namespace": args.namespace, "service_account": args.service_account}
        super().__init__("easymaker:cluster:PodRole", name, dict(of), opts)
        own = pulumi.ResourceOptions(parent=self)
        hook = _hook(name, args.settle)
        role = iam.Role(
            shortened(name, _NAME_LENGTH),
            assume_role_policy=pulumi.Output.from_input(args.cluster_arn).apply(
                lambda arn: to_json(trust.of_pods(arn, args.namespace, args.service_account))
            ),
            description=f"Pods of {args.namespace}/{args.service_account}",
            opts=own,
        )
        granted: list[pulumi.Resource] = [
            iam.RolePolicyAttachment(
                f"{name}-{policy.rpartition('/')[2]}",
                role=role.name,
                policy_arn=managed_policy(args.region, policy),
                opts=own,
            )
            for policy in args.managed
        ]
        if args.policy is not None:
            document = pulumi.Output.from_input(args.policy).apply(to_json)
            granted.append(
                iam.RolePolicy(
                    name,
                    role=role.name,
                    policy=document,
                    # Of a new one the association waits.
                    opts=pulumi.ResourceOptions(
                        parent=self, hooks=pulumi.ResourceHookBinding(after_update=hook)
                    ),
                )
            )
        association = eks.PodIdentityAssociation(
            name,
            cluster_name=args.cluster,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            # Pods get the role when they start: it can do all that it may by then.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=granted,
                hooks=pulumi.ResourceHookBinding(after_create=hook),
            ),
        )
        self.children = [role, *granted, association]
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def _hook(
    name: str, settle: Callable[[], Awaitable[None]] | None
) -> list[pulumi.ResourceHook | pulumi.ResourceHookFunction]:
    if settle is None:
        return []

    async def after(_: pulumi.ResourceHookArgs) -> None:
        await settle()

    return [pulumi.ResourceHook(f"{name}-settles", after)]
