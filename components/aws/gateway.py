"""The component of the way from API Gateway to the Gateway inside the cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import apigatewayv2, autoscaling, ec2, lb, vpc

from components.manifests.aws.names import shortened
from schemas.addons import NODE_PORT

PORT = 80
_NAME_LENGTH = 32


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """`subnets` are one a zone. `groups` are the autoscaling groups whose nodes the load balancer
    calls, `callers` the ranges that reach it inside the network, beside nodes and pods."""

    vpc: pulumi.Input[str]
    subnets: Sequence[pulumi.Input[str]]
    security_group: pulumi.Input[str]
    groups: Mapping[str, pulumi.Input[str]]
    callers: Sequence[str]


class Gateway(pulumi.ComponentResource):
    """An internal load balancer before the nodes' port, and a VPC link to it.

    Nodes register by their autoscaling group: nothing inside the cluster calls AWS for it.

    Outputs: `load_balancer_arn`, `listener_arn`, `target_group_arn`, `vpc_link`, and `host`, where
    it answers inside the network.
    """

    load_balancer_arn: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    target_group_arn: pulumi.Output[str]
    vpc_link: pulumi.Output[str]
    host: pulumi.Output[str]

    def __init__(
        self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("easymaker:cluster:Gateway", name, {"node_port": NODE_PORT}, opts)
        self._args = args
        own = pulumi.ResourceOptions(parent=self)
        group = self._group(f"{name}-balancer", "Load balancer before the Gateway")
        link = self._group(f"{name}-link", "VPC link of API Gateway")
        self._rule(f"{name}-link", link.id, group.id, PORT, "API Gateway to the load balancer")
        self._rule(
            f"{name}-nodes", args.security_group, group.id, PORT, "Pods and nodes to their Gateway"
        )
        self._rule(
            f"{name}-target", group.id, args.security_group, NODE_PORT, "Load balancer to nodes"
        )
        for cidr in args.callers:
            vpc.SecurityGroupIngressRule(
                f"{name}-callers-{cidr}",
                security_group_id=group.id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=PORT,
                to_port=PORT,
                description="Callers inside the network",
                opts=own,
            )
        balancer = lb.LoadBalancer(
            name,
            name=shortened(name, _NAME_LENGTH),
            internal=True,
            load_balancer_type="network",
            subnets=args.subnets,
            security_groups=[group.id],
            enable_cross_zone_load_balancing=True,
            opts=own,
        )
        targets = lb.TargetGroup(
            name,
            name=shortened(name, _NAME_LENGTH),
            vpc_id=args.vpc,
            target_type="instance",
            protocol="TCP",
            port=NODE_PORT,
            # A pod that calls its own node would otherwise answer itself, and be refused.
            preserve_client_ip="false",
            deregistration_delay=30,
            health_check=lb.TargetGroupHealthCheckArgs(
                protocol="TCP", interval=10, healthy_threshold=2, unhealthy_threshold=2
            ),
            opts=own,
        )
        listener = lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            protocol="TCP",
            port=PORT,
            default_actions=[
                lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)
            ],
            opts=own,
        )
        for key, autoscaling_group in args.groups.items():
            autoscaling.Attachment(
                key,
                autoscaling_group_name=autoscaling_group,
                lb_target_group_arn=targets.arn,
                opts=own,
            )
        connected = apigatewayv2.VpcLink(
            name,
            name=name,
            subnet_ids=args.subnets,
            security_group_ids=[link.id],
            opts=own,
        )
        self.load_balancer_arn = balancer.arn
        self.listener_arn = listener.arn
        self.target_group_arn = targets.arn
        self.vpc_link = connected.id
        self.host = balancer.dns_name
        self.register_outputs(self.outputs)

    @property
    def outputs(self) -> dict[str, pulumi.Output[str]]:
        """By name."""
        return {
            "load_balancer_arn": self.load_balancer_arn,
            "listener_arn": self.listener_arn,
            "target_group_arn": self.target_group_arn,
            "vpc_link": self.vpc_link,
            "host": self.host,
        }

    def _group(self, name: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            name,
            description=description,
            vpc_id=self._args.vpc,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _rule(
        self,
        name: str,
        source: pulumi.Input[str],
        target: pulumi.Input[str],
        port: int,
        description: str,
    ) -> None:
        """Let one group call another: out of the one, into the other."""
        own = pulumi.ResourceOptions(parent=self)
        vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source,
            referenced_security_group_id=target,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
            opts=own,
        )
        vpc.SecurityGroupIngressRule(
            name,
            security_group_id=target,
            referenced_security_group_id=source,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
            opts=own,
        )
