"""What Karpenter may do: make and end nodes of its own cluster, and hear of those about to go."""

from dataclasses import dataclass
from typing import Any

from components.manifests.aws.trust import Document, policy
from schemas.partition import partition

_LAUNCHED = (
    *("fleet", "instance", "volume", "network-interface", "launch-template"),
    "spot-instances-request",
)
_GIVEN = ("security-group", "subnet", "capacity-reservation")
_POOL_TAG = "karpenter.sh/nodepool"
EVENTS = {
    "spot": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state": ("aws.ec2", "EC2 Instance State-change Notification"),
    "reservation": ("aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning"),
    "health": ("aws.health", "AWS Health Event"),
}
"""Source and type of each kind of event that ends a node."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The cluster that it works for."""

    cluster: str
    cluster_arn: str
    region: str
    account: str


def controller(place: Place, node_role: str, queue: str) -> Document:
    """Of its pods. What it makes carries the cluster's tag, and only that may it change or end."""
    region, account = place.region, place.account
    part = partition(region)
    ec2 = f"arn:{part}:ec2:{region}:"
    owned = f"kubernetes.io/cluster/{place.cluster}"
    asked = {
        "StringEquals": {f"aws:RequestTag/{owned}": "owned"},
        "StringLike": {f"aws:RequestTag/{_POOL_TAG}": "*"},
    }
    there = {
        "StringEquals": {f"aws:ResourceTag/{owned}": "owned"},
        "StringLike": {f"aws:ResourceTag/{_POOL_TAG}": "*"},
    }
    launched = [f"{ec2}*:{kind}/*" for kind in _LAUNCHED]
    profile = f"arn:{part}:iam::{account}:instance-profile/*"
    return policy(
        _statement(
            "Launch",
            ["ec2:RunInstances", "ec2:CreateFleet"],
            [
                # Images are AWS's own, and so of no account.
                *(f"{ec2}:{kind}/*" for kind in ("image", "snapshot")),
                *(f"{ec2}*:{kind}/*" for kind in _GIVEN),
            ],
        ),
        _statement(
            "LaunchFromOwnTemplates",
            ["ec2:RunInstances", "ec2:CreateFleet"],
            [f"{ec2}*:launch-template/*"],
            there,
        ),
        _statement(
            "LaunchTagged",
            ["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"],
            launched,
            asked,
        ),
        _statement(
            "TagWhatIsMade",
            ["ec2:CreateTags"],
            launched,
            {
                "StringEquals": {
                    f"aws:RequestTag/{owned}": "owned",
                    "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"],
                }
            },
        ),
        _statement("TagNodes", ["ec2:CreateTags"], [f"{ec2}*:instance/*"], there),
        _statement(
            "End",
            ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"],
            [f"{ec2}*:instance/*", f"{ec2}*:launch-template/*"],
            there,
        ),
        _statement(
            "Look",
            [
                "ec2:DescribeCapacityReservations",
                "ec2:DescribeImages",
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceStatus",
                "ec2:DescribeInstanceTypeOfferings",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplates",
                "ec2:DescribePlacementGroups",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSpotPriceHistory",
                "ec2:DescribeSubnets",
                "pricing:GetProducts",
            ],
            ["*"],
        ),
        _statement(
            "Images",
            ["ssm:GetParameter"],
            [f"arn:{part}:ssm:{region}::parameter/aws/service/*"],
        ),
        _statement(
            "Events",
            ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
            [queue],
        ),
        _statement(
            "GiveNodesTheirRole",
            ["iam:PassRole"],
            [node_role],
            {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        ),
        _statement(
            "MakeProfiles",
            ["iam:CreateInstanceProfile", "iam:TagInstanceProfile"],
            [profile],
            {"StringEquals": {f"aws:RequestTag/{owned}": "owned"}},
        ),
        _statement(
            "ChangeProfiles",
            [
                "iam:AddRoleToInstanceProfile",
                "iam:DeleteInstanceProfile",
                "iam:RemoveRoleFromInstanceProfile",
            ],
            [profile],
            {"StringEquals": {f"aws:ResourceTag/{owned}": "owned"}},
        ),
        _statement("LookAtProfiles", ["iam:GetInstanceProfile"], [profile]),
        _statement("ListProfiles", ["iam:ListInstanceProfiles"], ["*"]),
        _statement("Cluster", ["eks:DescribeCluster"], [place.cluster_arn]),
    )


def send_to(queue: str) -> Document:
    """Of the queue: EventBridge writes to it, and nobody in clear."""
    return policy(
        {
            "Sid": "Events",
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "sqs.amazonaws.com"]},
            "Action": "sqs:SendMessage",
            "Resource": queue,
        },
        {
            "Sid": "EncryptedConnections",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


def pattern(source: str, kind: str) -> dict[str, Any]:
    """Which events a rule is about."""
    return {"source": [source], "detail-type": [kind]}


def _statement(
    sid: str, actions: list[str], resources: list[str], condition: Document | None = None
) -> Document:
    found: Document = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    if condition:
        found["Condition"] = condition
    return found
