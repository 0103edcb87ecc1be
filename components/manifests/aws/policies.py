"""IAM policies of the cluster's own: who may do what to which resource."""

from collections.abc import Sequence

from components.manifests.aws.trust import Document, policy
from schemas.partition import partition


def key(region: str, account: str) -> Document:
    """Of the cluster's key: the account's own policies say who uses it, and CloudWatch Logs
    encrypts the account's log groups with it."""
    part = partition(region)
    return policy(
        {
            "Sid": "Account",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{part}:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "Logs",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": [
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:DescribeKey",
            ],
            "Resource": "*",
            "Condition": {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": f"arn:{part}:logs:{region}:{account}:*"
                }
            },
        },
    )


def bucket(arn: str) -> Document:
    """Of a bucket: nobody reads or writes it in clear."""
    return policy(
        {
            "Sid": "EncryptedConnections",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def cluster_autoscaler(cluster_arn: str) -> Document:
    """Looks at all groups, for AWS can't restrict that, and changes those of this cluster."""
    _, part, _, region, account, resource = cluster_arn.split(":")
    cluster = resource.removeprefix("cluster/")
    owned = f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}"
    return policy(
        {
            "Sid": "Look",
            "Effect": "Allow",
            "Action": [
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeTags",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:GetInstanceTypesFromInstanceRequirements",
            ],
            "Resource": "*",
        },
        {
            "Sid": "LookAtPools",
            "Effect": "Allow",
            "Action": "eks:DescribeNodegroup",
            "Resource": f"arn:{part}:eks:{region}:{account}:nodegroup/{cluster}/*/*",
        },
        {
            "Sid": "Scale",
            "Effect": "Allow",
            "Action": [
                "autoscaling:SetDesiredCapacity",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
            ],
            "Resource": (
                f"arn:{part}:autoscaling:{region}:{account}:"
                "autoScalingGroup:*:autoScalingGroupName/*"
            ),
            "Condition": {"StringEquals": {owned: "owned"}},
        },
    )


def write_logs(group_arns: Sequence[str]) -> Document:
    """Adds records to log groups, and makes none."""
    return policy(
        {
            "Sid": "Write",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": [item for arn in group_arns for item in (arn, f"{arn}:*")],
        }
    )


def use_key(arn: str) -> Document:
    """Encrypts volumes with the cluster's key, which EC2 does in its user's name."""
    return policy(
        {
            "Sid": "Encrypt",
            "Effect": "Allow",
            "Action": [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            "Resource": arn,
        },
        {
            "Sid": "Attach",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": arn,
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    )
