"""The way from API Gateway to the nodes."""

from tests.support.recorder import Graph

SUBNETS = [f"dev-private-ap-northeast-2{letter}-id" for letter in "ac"]


def test_balancer_is_internal_and_calls_the_port_of_the_nodes(made: Graph) -> None:
    balancer = made.one("aws:lb/loadBalancer:LoadBalancer").inputs
    assert balancer == {
        "name": "dev",
        "internal": True,
        "loadBalancerType": "network",
        "subnets": SUBNETS,
        "securityGroups": ["dev-balancer-id"],
        "enableCrossZoneLoadBalancing": True,
    }
    assert made.one("aws:lb/targetGroup:TargetGroup").inputs == {
        "name": "dev",
        "vpcId": "dev-id",
        "targetType": "instance",
        "protocol": "TCP",
        "port": 30080,
        "preserveClientIp": "false",
        "deregistrationDelay": 30,
        "healthCheck": {
            "protocol": "TCP",
            "interval": 10,
            "healthyThreshold": 2,
            "unhealthyThreshold": 2,
        },
    }
    assert made.one("aws:lb/listener:Listener").inputs == {
        "loadBalancerArn": "arn:dev",
        "protocol": "TCP",
        "port": 80,
        "defaultActions": [{"type": "forward", "targetGroupArn": "arn:dev"}],
    }


def test_nodes_without_gpus_register_by_their_group(made: Graph) -> None:
    attached = made.one("aws:autoscaling/attachment:Attachment")
    assert attached.name == "cpu"
    assert attached.inputs == {
        "autoscalingGroupName": "eks-group",
        "lbTargetGroupArn": "arn:dev",
    }


def test_link_reaches_the_balancer_alone(made: Graph) -> None:
    link = made.one("aws:apigatewayv2/vpcLink:VpcLink").inputs
    assert link == {"name": "dev", "subnetIds": SUBNETS, "securityGroupIds": ["dev-link-id"]}
    allowed = {
        (
            node.type.rpartition(":")[2],
            node.inputs["securityGroupId"],
            node.inputs["referencedSecurityGroupId"],
            node.inputs["fromPort"],
        )
        for node in made.nodes.values()
        if node.type.startswith("aws:vpc/")
        and node.name != "dev-nfs"
        and "cidrIpv4" not in node.inputs
    }
    out, into = "SecurityGroupEgressRule", "SecurityGroupIngressRule"
    assert allowed == {
        (out, "dev-link-id", "dev-balancer-id", 80),
        (into, "dev-balancer-id", "dev-link-id", 80),
        (out, "sg-cluster", "dev-balancer-id", 80),
        (into, "dev-balancer-id", "sg-cluster", 80),
        (out, "dev-balancer-id", "sg-cluster", 30080),
        (into, "sg-cluster", "dev-balancer-id", 30080),
    }
