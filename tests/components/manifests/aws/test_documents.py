"""Kubeconfig, trust, policies and names, each as a whole."""

import json

import pytest

from components.manifests.aws import names, policies, registry, trust
from components.manifests.aws.kubeconfig import kubeconfig

ARN = "arn:aws:eks:ap-northeast-2:123456789012:cluster/dev"
KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/k"


def test_kubeconfig_signs_in_as_the_caller_and_holds_no_credentials() -> None:
    text = kubeconfig(
        name="dev", arn=ARN, endpoint="https://api", authority="Q0E=", region="ap-northeast-2"
    )
    assert json.loads(text) == {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": ARN,
                "cluster": {"server": "https://api", "certificate-authority-data": "Q0E="},
            }
        ],
        "contexts": [{"name": ARN, "context": {"cluster": ARN, "user": ARN}}],
        "current-context": ARN,
        "users": [
            {
                "name": ARN,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "command": "aws",
                        "args": [
                            *("eks", "get-token", "--output", "json"),
                            *("--cluster-name", "dev", "--region", "ap-northeast-2"),
                        ],
                        "interactiveMode": "Never",
                    }
                },
            }
        ],
    }


def test_role_of_pods_is_for_one_service_account_of_one_cluster() -> None:
    assert trust.of_pods(ARN, "kube-system", "aws-node") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {
                    "StringEquals": {
                        "aws:RequestTag/eks-cluster-arn": ARN,
                        "aws:RequestTag/kubernetes-namespace": "kube-system",
                        "aws:RequestTag/kubernetes-service-account": "aws-node",
                    }
                },
            }
        ],
    }


def test_role_of_a_service() -> None:
    assert trust.of_service("ec2.amazonaws.com") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": ["sts:AssumeRole"],
            }
        ],
    }


def test_key_is_the_accounts_and_encrypts_its_logs() -> None:
    assert policies.key("us-gov-west-1", "123456789012") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Account",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws-us-gov:iam::123456789012:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "Logs",
                "Effect": "Allow",
                "Principal": {"Service": "logs.us-gov-west-1.amazonaws.com"},
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
                        "kms:EncryptionContext:aws:logs:arn": (
                            "arn:aws-us-gov:logs:us-gov-west-1:123456789012:*"
                        )
                    }
                },
            },
        ],
    }


def test_bucket_refuses_connections_in_clear() -> None:
    assert policies.bucket("arn:aws:s3:::b") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EncryptedConnections",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def test_autoscaler_changes_the_groups_of_its_cluster_alone() -> None:
    arn = "arn:aws:eks:ap-northeast-2:123456789012:cluster/dev"
    look, pools, scale = policies.cluster_autoscaler(arn)["Statement"]
    assert pools == {
        "Sid": "LookAtPools",
        "Effect": "Allow",
        "Action": "eks:DescribeNodegroup",
        "Resource": "arn:aws:eks:ap-northeast-2:123456789012:nodegroup/dev/*/*",
    }
    assert scale == {
        "Sid": "Scale",
        "Effect": "Allow",
        "Action": [
            "autoscaling:SetDesiredCapacity",
            "autoscaling:TerminateInstanceInAutoScalingGroup",
        ],
        "Resource": (
            "arn:aws:autoscaling:ap-northeast-2:123456789012:"
            "autoScalingGroup:*:autoScalingGroupName/*"
        ),
        "Condition": {"StringEquals": {"aws:ResourceTag/k8s.io/cluster-autoscaler/dev": "owned"}},
    }
    assert look["Effect"] == "Allow"
    reads = ("autoscaling:Describe", "ec2:Describe", "ec2:Get")
    assert all(action.startswith(reads) for action in look["Action"])


def test_log_shipper_writes_to_its_group_and_makes_none() -> None:
    group = "arn:aws:logs:ap-northeast-2:123456789012:log-group:/easymaker/dev/pods"
    assert policies.write_logs([group]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Write",
                "Effect": "Allow",
                "Action": [
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                "Resource": [group, f"{group}:*"],
            }
        ],
    }


def test_volumes_are_encrypted_with_the_clusters_key() -> None:
    assert policies.use_key(KEY) == {
        "Version": "2012-10-17",
        "Statement": [
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
                "Resource": KEY,
            },
            {
                "Sid": "Attach",
                "Effect": "Allow",
                "Action": "kms:CreateGrant",
                "Resource": KEY,
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
        ],
    }


def test_registry_forgets_what_has_no_tag() -> None:
    assert registry.lifecycle() == {
        "rules": [
            {
                "rulePriority": 1,
                "description": "untagged for 14 days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 14,
                },
                "action": {"type": "expire"},
            }
        ]
    }


@pytest.mark.parametrize(
    ("region", "partition"),
    [("ap-northeast-2", "aws"), ("us-gov-west-1", "aws-us-gov")],
)
def test_policies_of_aws_are_those_of_the_partition(region: str, partition: str) -> None:
    found = names.managed_policy(region, "service-role/AmazonEBSCSIDriverPolicy")
    assert found == f"arn:{partition}:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"


def test_long_names_are_cut_and_stay_apart() -> None:
    assert names.shortened("dev", 32) == "dev"
    first, second = names.shortened("a" * 32 + "-b", 32), names.shortened("a" * 32 + "-c", 32)
    assert len(first) == len(second) == 32
    assert first != second
