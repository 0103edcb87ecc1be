"""The component of what Karpenter needs of AWS."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, sqs

from components.aws.identity import PodRole, PodRoleArgs
from components.manifests.aws import karpenter as manifests
from components.manifests.aws.trust import Document
from schemas.text import to_json


@dataclass(frozen=True, kw_only=True)
class KarpenterArgs:
    """`node_role_arn` is the role of the nodes that it makes: that of all nodes."""

    cluster: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    account: pulumi.Input[str]
    region: str
    node_role_arn: pulumi.Input[str]


class Karpenter(pulumi.ComponentResource):
    """The role of its pods, and a queue of events about nodes that are about to go.

    Outputs: `role_arn`, and `queue`, its name.
    """

    role_arn: pulumi.Output[str]
    queue: pulumi.Output[str]

    def __init__(
        self, name: str, args: KarpenterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("easymaker:cluster:Karpenter", name, {}, opts)
        own = pulumi.ResourceOptions(parent=self)
        queue = sqs.Queue(
            name,
            name=name,
            message_retention_seconds=300,  # later, the node is gone
            sqs_managed_sse_enabled=True,
            opts=own,
        )
        sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=queue.arn.apply(lambda arn: to_json(manifests.send_to(arn))),
            opts=own,
        )
        for key, (source, kind) in manifests.EVENTS.items():
            rule = cloudwatch.EventRule(
                f"{name}-{key}",
                description=f"{kind}, for Karpenter",
                event_pattern=to_json(manifests.pattern(source, kind)),
                opts=own,
            )
            cloudwatch.EventTarget(
                f"{name}-{key}", rule=rule.name, target_id="queue", arn=queue.arn, opts=own
            )
        policy = pulumi.Output.all(
            cluster=args.cluster,
            cluster_arn=args.cluster_arn,
            account=args.account,
            node_role=args.node_role_arn,
            queue=queue.arn,
        ).apply(lambda known: _policy(args.region, known))
        role = PodRole(
            name,
            PodRoleArgs(
                cluster=args.cluster,
                cluster_arn=args.cluster_arn,
                region=args.region,
                namespace="kube-system",
                service_account="karpenter",
                policy=policy,
            ),
            own,
        )
        self.role_arn = role.arn
        self.queue = queue.name
        self.register_outputs({"role_arn": self.role_arn, "queue": self.queue})


def _policy(region: str, known: Mapping[str, str]) -> Document:
    place = manifests.Place(
        cluster=known["cluster"],
        cluster_arn=known["cluster_arn"],
        region=region,
        account=known["account"],
    )
    return manifests.controller(place, known["node_role"], known["queue"])
