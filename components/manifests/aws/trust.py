"""IAM policies, and who may take a role."""

from typing import Any

Document = dict[str, Any]
"""An IAM policy, or a statement of one."""


def policy(*statements: Document) -> Document:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def of_service(service: str) -> Document:
    """For a service of AWS, such as ec2.amazonaws.com."""
    return _allowed(service, ["sts:AssumeRole"], {})


def of_pods(cluster_arn: str, namespace: str, service_account: str) -> Document:
    """For pods of one service account of one cluster, through EKS Pod Identity.

    An association names the role too. These conditions hold whoever may make associations: the
    role serves no other account, and no other cluster.
    """
    same = {
        "aws:RequestTag/eks-cluster-arn": cluster_arn,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": service_account,
    }
    actions = ["sts:AssumeRole", "sts:TagSession"]
    return _allowed("pods.eks.amazonaws.com", actions, {"StringEquals": same})


def _allowed(service: str, actions: list[str], condition: Document) -> Document:
    statement: Document = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": actions,
    }
    if condition:
        statement["Condition"] = condition
    return policy(statement)
