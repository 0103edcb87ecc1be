"""What stands for calls that neither emulator can do, and for what AWS does of itself after others.

`calls.yaml` says why, of each.
"""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.aws import clients

_CLUSTER = "aws:eks:cluster-name"


def _addon_versions(region: str, addonName: str, kubernetesVersion: str) -> Any:
    def version(build: int, default: bool) -> Any:
        of = {"clusterVersion": kubernetesVersion, "defaultVersion": default}
        return {
            "addonVersion": f"v{kubernetesVersion}.0-eksbuild.{build}",
            "compatibilities": [of],
        }

    return {
        "addons": [{"addonName": addonName, "addonVersions": [version(2, False), version(1, True)]}]
    }


def _upgrade_cluster(region: str, name: str, version: str) -> None:
    found = clients.call(region, "eks", "describe_cluster", name=name)["cluster"]
    _tag(region, found["arn"], {"emulated:version": version})


def _upgrade_nodes(region: str, **given: Any) -> None:
    of = {"clusterName": given["clusterName"], "nodegroupName": given["nodegroupName"]}
    found = clients.call(region, "eks", "describe_nodegroup", **of)["nodegroup"]
    template = given.get("launchTemplate", {}).get("version")
    tags = {"emulated:version": given.get("version"), "emulated:launchTemplate": template}
    tags = {key: text for key, text in tags.items() if text}
    _tag_nodes(region, found["nodegroupArn"], tags)


def _tag_nodes(region: str, resourceArn: str, tags: Mapping[str, str]) -> None:
    pairs = [{"Key": key, "Value": text} for key, text in tags.items()]
    if not pairs:
        return
    ids = [_template(region, resourceArn)["LaunchTemplateId"]]
    clients.call(region, "ec2", "create_tags", Resources=ids, Tags=pairs)


def _untag_nodes(region: str, resourceArn: str, tagKeys: list[str]) -> None:
    ids = [_template(region, resourceArn)["LaunchTemplateId"]]
    keys = [{"Key": key} for key in tagKeys]
    clients.call(region, "ec2", "delete_tags", Resources=ids, Tags=keys)


def _nodes_told(region: str, _given: Mapping[str, Any], answer: Any) -> None:
    group = answer["nodegroup"]
    found = _template(region, group["nodegroupArn"])
    group["tags"] = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def _template(region: str, arn: str) -> Any:
    """The template that EKS makes for a node group of its own, here with the group's tags."""
    names = [f"eks-{arn.rpartition('/')[2]}"]
    found = clients.call(region, "ec2", "describe_launch_templates", LaunchTemplateNames=names)
    return found["LaunchTemplates"][0]


def _tag(region: str, arn: str, tags: dict[str, str]) -> None:
    clients.call(region, "eks", "tag_resource", resourceArn=arn, tags=tags)


def _empty(region: str, Bucket: str) -> None:
    for listed in ("Versions", "DeleteMarkers"):
        versions = clients.call(region, "s3", "list_object_versions", Bucket=Bucket)
        for each in versions.get(listed, []):
            version = {"Key": each["Key"], "VersionId": each["VersionId"]}
            clients.call(region, "s3", "delete_object", Bucket=Bucket, **version)


def _cluster_made(region: str, given: Mapping[str, Any], _answer: Any) -> None:
    subnets = given["resourcesVpcConfig"]["subnetIds"]
    found = clients.call(region, "ec2", "describe_subnets", SubnetIds=subnets)["Subnets"]
    tags = [{"Key": _CLUSTER, "Value": given["name"]}]
    clients.call(
        region,
        "ec2",
        "create_security_group",
        GroupName=f"eks-cluster-sg-{given['name']}",
        Description="EKS created security group",
        VpcId=found[0]["VpcId"],
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
    )


def _cluster_gone(region: str, given: Mapping[str, Any], _answer: Any) -> None:
    for group in _groups_of(region, given["name"]):
        clients.call(region, "ec2", "delete_security_group", GroupId=group["GroupId"])


def _cluster_told(region: str, given: Mapping[str, Any], answer: Any) -> None:
    for group in _groups_of(region, given["name"]):
        answer["cluster"]["resourcesVpcConfig"] |= {
            "clusterSecurityGroupId": group["GroupId"],
            "vpcId": group["VpcId"],
        }
    if real := os.environ.get("EMULATED_API_SERVER"):
        endpoint, authority = json.loads(real)
        answer["cluster"] |= {"endpoint": endpoint, "certificateAuthority": {"data": authority}}


def _groups_of(region: str, cluster: str) -> Any:
    filters = [{"Name": f"tag:{_CLUSTER}", "Values": [cluster]}]
    return clients.call(region, "ec2", "describe_security_groups", Filters=filters)[
        "SecurityGroups"
    ]


def _nodes_made(region: str, given: Mapping[str, Any], answer: Any) -> None:
    name, size = _group_name(answer), given["scalingConfig"]
    clients.call(
        region,
        "ec2",
        "create_launch_template",
        LaunchTemplateName=name,
        LaunchTemplateData={"InstanceType": "m7i.large", "ImageId": "ami-12345678"},
    )
    _tag_nodes(region, answer["nodegroup"]["nodegroupArn"], given.get("tags", {}))
    clients.call(
        region,
        "autoscaling",
        "create_auto_scaling_group",
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=size["maxSize"],
        LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
        VPCZoneIdentifier=",".join(given["subnets"]),
    )


def _nodes_gone(region: str, _given: Mapping[str, Any], answer: Any) -> None:
    name = _group_name(answer)
    group = {"AutoScalingGroupName": name, "ForceDelete": True}
    clients.call(region, "autoscaling", "delete_auto_scaling_group", **group)
    clients.call(region, "ec2", "delete_launch_template", LaunchTemplateName=name)


def _group_name(answer: Any) -> str:
    (group,) = answer["nodegroup"]["resources"]["autoScalingGroups"]
    return str(group["name"])


def _change_files(region: str, FileSystemId: str, ThroughputMode: str) -> None:
    tags = [{"Key": "emulated:throughputMode", "Value": ThroughputMode}]
    clients.call(region, "efs", "tag_resource", ResourceId=FileSystemId, Tags=tags)


CALLS: Mapping[str, Callable[..., Any]] = {
    "efs.update_file_system": _change_files,
    "eks.describe_addon_versions": _addon_versions,
    "eks.update_cluster_version": _upgrade_cluster,
    "eks.update_nodegroup_version": _upgrade_nodes,
    "eks.tag_resource/nodegroup": _tag_nodes,
    "eks.untag_resource/nodegroup": _untag_nodes,
    "s3.empty": _empty,
}
AFTER: Mapping[str, Callable[[str, Mapping[str, Any], Any], None]] = {
    "eks.create_cluster": _cluster_made,
    "eks.describe_cluster": _cluster_told,
    "eks.delete_cluster": _cluster_gone,
    "eks.create_nodegroup": _nodes_made,
    "eks.describe_nodegroup": _nodes_told,
    "eks.delete_nodegroup": _nodes_gone,
}
