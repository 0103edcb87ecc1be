"""An account for recorded programs: what AWS would say of what they make."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas import load_any, resolved_cluster
from tests.support.recorder import Answers

NUMBER = "123456789012"
ARN = f"arn:aws:eks:ap-northeast-2:{NUMBER}:cluster/dev"
KEY = f"arn:aws:kms:ap-northeast-2:{NUMBER}:key/k"
VPC_ID = "vpc-0123456789"
"""Of a network that exists."""
SESSION = f"arn:aws:sts::{NUMBER}:assumed-role/Applier/somebody"
SPEC = """
api_version: easymaker/v1
kind: Cluster
cluster: dev
region: ap-northeast-2
zones: [ap-northeast-2c, ap-northeast-2a]
kubernetes_version: "1.36"
access:
  admins: {principal: "arn:aws:iam::123456789012:role/Admin", policy: cluster-admin}
  team: {principal: "arn:aws:iam::123456789012:role/Team", policy: view, namespaces: [iris]}
pools:
  cpu: {instance_types: [m7i.xlarge, m6i.xlarge], min: 2, max: 6}
  gpu: {instance_types: [g5.2xlarge], max: 4, disk: 400, zones: [ap-northeast-2c]}
file_systems: {models: {}}
buckets:
  data: {versioning: true}
  scratch: {force_destroy: true}
repositories: [tools]
"""
_ARNS = {
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:lb/listener:Listener",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:s3/bucket:Bucket",
    "aws:sqs/queue:Queue",
}
_SUBNETS = {f"subnet-{n}{zone}": f"ap-northeast-2{zone}" for n in range(3) for zone in "ac"}


def _calls(token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    if token == "aws:index/getCallerIdentity:getCallerIdentity":
        return {
            "accountId": NUMBER,
            "arn": SESSION,
            "id": NUMBER,
            "userId": "u",
        }
    if token == "aws:iam/getSessionContext:getSessionContext":
        return {"id": inputs["arn"], "arn": inputs["arn"], "issuerArn": role("path/Applier")}
    if token == "aws:eks/getClusters:getClusters":
        return {"names": []}
    if token == "aws:eks/getAddonVersion:getAddonVersion":
        return {"version": f"v{inputs['kubernetesVersion']}.0-eksbuild.1"}
    if token == "aws:ec2/getVpc:getVpc":
        second = {"associationId": "a", "cidrBlock": "100.64.0.0/16", "state": "associated"}
        gone = {"associationId": "b", "cidrBlock": "10.8.0.0/16", "state": "disassociated"}
        own = {"associationId": "c", "cidrBlock": "10.9.0.0/16", "state": "associated"}
        return {
            "cidrBlock": "10.9.0.0/16",
            "cidrBlockAssociations": [own, second, gone],
            "enableDnsHostnames": True,
            "enableDnsSupport": True,
        }
    assert token == "aws:ec2/getSubnet:getSubnet", token
    zone = _SUBNETS[inputs["id"]]
    return {"id": inputs["id"], "availabilityZone": zone, "vpcId": VPC_ID}


_OUTPUTS: dict[str, dict[str, Any]] = {
    "aws:eks/cluster:Cluster": {
        "arn": ARN,
        "endpoint": "https://api.example.com",
        "certificateAuthority": {"data": "Q0E="},
        "vpcConfig": {"clusterSecurityGroupId": "sg-cluster"},
    },
    "aws:eks/nodeGroup:NodeGroup": {
        "resources": [{"autoscalingGroups": [{"name": "eks-group"}]}],
        "nodeGroupName": "group-1",
    },
    "aws:kms/key:Key": {"arn": KEY, "keyId": "k"},
    "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 1},
}


def role(name: str) -> str:
    """The ARN of a role, by its logical name."""
    return f"arn:aws:iam::{NUMBER}:role/{name}"


def _outputs(type_: str, name: str) -> dict[str, Any]:
    if type_ == "aws:iam/role:Role":
        return {"arn": role(name), "name": name}
    if type_ == "aws:ecr/repository:Repository":
        return {"repositoryUrl": f"repository/{name}"}
    if type_ in _ARNS:
        return {"arn": f"arn:{name}", "dnsName": "balancer.example.com", "url": f"url:{name}"}
    return _OUTPUTS.get(type_, {})


ANSWERS = Answers(outputs=_outputs, calls=_calls)


def load(folder: Path, text: str = SPEC) -> resolved_cluster.Cluster:
    """The spec, read from a file."""
    file = folder / "cluster.yaml"
    file.write_text(text, encoding="utf-8")
    found = load_any(file)
    assert isinstance(found, resolved_cluster.Cluster)
    return found
