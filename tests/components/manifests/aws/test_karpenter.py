"""What Karpenter may do: simulated calls, as EC2 asks IAM of each resource that a call touches."""

import pytest

from components.manifests.aws import karpenter
from schemas.addons import KARPENTER
from tests.support.iam import allowed

REGION, ACCOUNT = "ap-northeast-2", "123456789012"
NODE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/dev-node"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dev-karpenter"
CLUSTER = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/dev"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/dev-nodes"
POLICY = karpenter.controller(
    karpenter.Place(cluster="dev", cluster_arn=CLUSTER, region=REGION, account=ACCOUNT),
    NODE_ROLE,
    QUEUE,
)
OWN = {"kubernetes.io/cluster/dev": "owned", "karpenter.sh/nodepool": "gpu"}
ANOTHERS = {"kubernetes.io/cluster/prod": "owned", "karpenter.sh/nodepool": "gpu"}
OF_A_NODE_GROUP = {"kubernetes.io/cluster/dev": "owned", "eks:nodegroup-name": "cpu-1"}
NOT_ITS_OWN = pytest.mark.parametrize("tags", [{}, ANOTHERS, OF_A_NODE_GROUP])
Tags = dict[str, str]


def asks(tags: Tags) -> Tags:
    """The tags of a request, as conditions see them."""
    return {f"aws:RequestTag/{key}": text for key, text in tags.items()}


def has(tags: Tags) -> Tags:
    """The tags of what there is."""
    return {f"aws:ResourceTag/{key}": text for key, text in tags.items()}


def launches(tags: Tags, template: Tags, region: str = REGION) -> bool:
    """Instances with these tags, from a launch template that has those."""
    ec2 = f"arn:aws:ec2:{region}"
    mine = f"{ec2}:{ACCOUNT}"
    given = (f"{mine}:subnet/subnet-1", f"{mine}:security-group/sg-1", f"{ec2}::image/ami-1")
    made = ("instance/*", "volume/*", "network-interface/*")
    return all(
        [
            *(allowed(POLICY, "ec2:RunInstances", arn, asks(tags)) for arn in given),
            *(allowed(POLICY, "ec2:RunInstances", f"{mine}:{kind}", asks(tags)) for kind in made),
            allowed(
                POLICY, "ec2:RunInstances", f"{mine}:launch-template/lt-1", asks({}) | has(template)
            ),
        ]
    )


def test_it_launches_nodes_of_its_own() -> None:
    assert launches(OWN, OWN)
    assert allowed(POLICY, "ec2:CreateLaunchTemplate", f"{EC2}:launch-template/*", asks(OWN))
    assert allowed(POLICY, "ec2:CreateFleet", f"{EC2}:fleet/*", asks(OWN))
    for kind in ("instance", "volume", "spot-instances-request"):
        made = {**asks(OWN), "ec2:CreateAction": "RunInstances"}
        assert allowed(POLICY, "ec2:CreateTags", f"{EC2}:{kind}/x", made)


@NOT_ITS_OWN
def test_it_launches_none_of_anybody_elses(tags: Tags) -> None:
    assert not launches(tags, OWN)
    assert not launches(OWN, tags)
    assert not launches(OWN, OWN, region="us-east-1")
    assert not allowed(POLICY, "ec2:CreateLaunchTemplate", f"{EC2}:launch-template/*", asks(tags))


def test_it_ends_its_own_nodes() -> None:
    assert allowed(POLICY, "ec2:TerminateInstances", f"{EC2}:instance/i-1", has(OWN))
    assert allowed(POLICY, "ec2:DeleteLaunchTemplate", f"{EC2}:launch-template/lt-1", has(OWN))
    assert allowed(POLICY, "ec2:CreateTags", f"{EC2}:instance/i-1", has(OWN) | asks({"Name": "n"}))


@NOT_ITS_OWN
def test_it_neither_ends_nor_takes_over_what_is_not_its_own(tags: Tags) -> None:
    for call in ("ec2:TerminateInstances", "ec2:CreateTags"):
        # It may well ask for its own tags: they are not there yet.
        assert not allowed(POLICY, call, f"{EC2}:instance/i-1", has(tags) | asks(OWN))
    assert not allowed(POLICY, "ec2:DeleteLaunchTemplate", f"{EC2}:launch-template/l", has(tags))


def test_it_gives_nodes_their_role_and_no_other() -> None:
    to_nodes = {"iam:PassedToService": "ec2.amazonaws.com"}
    assert allowed(POLICY, "iam:PassRole", NODE_ROLE, to_nodes)
    assert not allowed(POLICY, "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Admin", to_nodes)
    to_others = {"iam:PassedToService": "lambda.amazonaws.com"}
    assert not allowed(POLICY, "iam:PassRole", NODE_ROLE, to_others)
    for call in ("iam:AddRoleToInstanceProfile", "iam:DeleteInstanceProfile"):
        assert allowed(POLICY, call, PROFILE, has(OWN))
        assert not allowed(POLICY, call, PROFILE, has(ANOTHERS))
    assert allowed(POLICY, "iam:CreateInstanceProfile", PROFILE, asks(OWN))
    assert not allowed(POLICY, "iam:CreateInstanceProfile", PROFILE, asks(ANOTHERS))


def test_it_reads_its_own_queue_and_cluster() -> None:
    assert allowed(POLICY, "sqs:ReceiveMessage", QUEUE)
    assert not allowed(POLICY, "sqs:ReceiveMessage", QUEUE.replace("dev-", "prod-"))
    assert not allowed(POLICY, "sqs:SendMessage", QUEUE)
    assert allowed(POLICY, "eks:DescribeCluster", CLUSTER)
    assert not allowed(POLICY, "eks:DescribeCluster", CLUSTER.replace("/dev", "/prod"))


# website/content/en/v1.14/getting-started/getting-started-with-karpenter/cloudformation.yaml of
# aws/karpenter-provider-aws at e0834c2bd02e: what its controller may do, and hears of.
RELEASE = "1.14."
ACTIONS = """
    arc-zonal-shift:GetManagedResource ec2:CreateFleet ec2:CreateLaunchTemplate ec2:CreateTags
    ec2:DeleteLaunchTemplate ec2:DescribeCapacityReservations ec2:DescribeImages
    ec2:DescribeInstanceStatus ec2:DescribeInstanceTypeOfferings ec2:DescribeInstanceTypes
    ec2:DescribeInstances ec2:DescribeLaunchTemplates ec2:DescribePlacementGroups
    ec2:DescribeSecurityGroups ec2:DescribeSpotPriceHistory ec2:DescribeSubnets ec2:RunInstances
    ec2:TerminateInstances eks:DescribeCluster iam:AddRoleToInstanceProfile
    iam:CreateInstanceProfile iam:DeleteInstanceProfile iam:GetInstanceProfile
    iam:ListInstanceProfiles iam:PassRole iam:RemoveRoleFromInstanceProfile iam:TagInstanceProfile
    pricing:GetProducts sqs:DeleteMessage sqs:GetQueueUrl sqs:ReceiveMessage ssm:GetParameter
"""
UNUSED = {"arc-zonal-shift:GetManagedResource"}
"""Asked for with ENABLE_ZONAL_SHIFT alone, which is off."""
HEARD = {
    ("aws.health", "AWS Health Event"),
    ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    ("aws.ec2", "EC2 Instance State-change Notification"),
    ("aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning"),
}


def test_rights_and_events_are_those_of_the_release() -> None:
    """Another release may need others: read its template, and take over what it has."""
    assert KARPENTER.partition("@")[0].rpartition(":")[2].startswith(RELEASE)
    actions = [action for statement in POLICY["Statement"] for action in statement["Action"]]
    assert {*actions} == {*ACTIONS.split()} - UNUSED
    assert {*karpenter.EVENTS.values()} == HEARD
