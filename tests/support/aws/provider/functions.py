"""The data sources that the project's programs use."""

from typing import Any

from tests.support.aws import clients
from tests.support.aws.provider.row import Values


def _caller(given: Values) -> Any:
    found = clients.call(given["region"], "sts", "get_caller_identity")
    account, user = found["Account"], found["UserId"]
    # Users are IAM's, of which the emulator makes a service of their own.
    arn = found["Arn"].replace(":sts::", ":iam::") if ":user/" in found["Arn"] else found["Arn"]
    return {"accountId": account, "arn": arn, "id": account, "userId": user}


def _zones(given: Values) -> Any:
    found = clients.call(given["region"], "ec2", "describe_availability_zones")["AvailabilityZones"]
    return {
        "id": given["region"],
        "names": [zone["ZoneName"] for zone in found],
        "zoneIds": [zone["ZoneId"] for zone in found],
    }


def _partition(_given: Values) -> Any:
    return {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _region(given: Values) -> Any:
    return {"id": given["region"], "name": given["region"], "region": given["region"]}


def _session(given: Values) -> Any:
    # Nobody has assumed a role here, so it is who was asked for.
    arn = given["arn"]
    name = arn.rpartition("/")[2]
    return {"id": arn, "arn": arn, "issuerArn": arn, "issuerName": name, "sessionName": ""}


def _vpc(given: Values) -> Any:
    asked: Values = {"VpcIds": [given["id"]]}
    found = clients.call(given["region"], "ec2", "describe_vpcs", **asked)["Vpcs"][0]
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    ranges = [
        {
            "associationId": each["AssociationId"],
            "cidrBlock": each["CidrBlock"],
            "state": each["CidrBlockState"]["State"],
        }
        for each in found["CidrBlockAssociationSet"]
    ]
    names = {}
    for attribute in ("enableDnsHostnames", "enableDnsSupport"):
        asked = {"VpcId": given["id"], "Attribute": attribute}
        said = clients.call(given["region"], "ec2", "describe_vpc_attribute", **asked)
        names[attribute] = said[f"{attribute[0].upper()}{attribute[1:]}"]["Value"]
    return {
        "id": found["VpcId"],
        "cidrBlock": found["CidrBlock"],
        "cidrBlockAssociations": ranges,
        **names,
        "tags": tags,
    }


def _subnet(given: Values) -> Any:
    asked = {"SubnetIds": [given["id"]]}
    found = clients.call(given["region"], "ec2", "describe_subnets", **asked)["Subnets"][0]
    return {
        "id": found["SubnetId"],
        "availabilityZone": found["AvailabilityZone"],
        "vpcId": found["VpcId"],
        "cidrBlock": found["CidrBlock"],
    }


def _clusters(given: Values) -> Any:
    return {"names": clients.call(given["region"], "eks", "list_clusters")["clusters"]}


def _cluster(given: Values) -> Any:
    asked = {"name": given["name"]}
    found = clients.call(given["region"], "eks", "describe_cluster", **asked)["cluster"]
    return {
        "id": found["name"],
        "name": found["name"],
        "arn": found["arn"],
        "endpoint": found["endpoint"],
        "version": found["tags"].get("emulated:version", found["version"]),
        "certificateAuthorities": [found["certificateAuthority"]],
        "vpcConfig": found["resourcesVpcConfig"],
        "tags": found["tags"],
    }


def _addon_version(given: Values) -> Any:
    asked = {"addonName": given["addonName"], "kubernetesVersion": given["kubernetesVersion"]}
    (addon,) = clients.call(given["region"], "eks", "describe_addon_versions", **asked)["addons"]
    # The provider takes the newest only where it is asked to.
    (default,) = (
        version["addonVersion"]
        for version in addon["addonVersions"]
        if any(
            of["clusterVersion"] == given["kubernetesVersion"] and of["defaultVersion"]
            for of in version["compatibilities"]
        )
    )
    return {"addonName": given["addonName"], "version": default}


def _node_groups(given: Values) -> Any:
    asked = {"clusterName": given["clusterName"]}
    return {"names": clients.call(given["region"], "eks", "list_nodegroups", **asked)["nodegroups"]}


def _node_group(given: Values) -> Any:
    asked = {"clusterName": given["clusterName"], "nodegroupName": given["nodeGroupName"]}
    found = clients.call(given["region"], "eks", "describe_nodegroup", **asked)["nodegroup"]
    return {
        "nodeGroupName": found["nodegroupName"],
        "labels": found.get("labels", {}),
        "scalingConfigs": [found["scalingConfig"]],
    }


FUNCTIONS = {
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:eks/getAddonVersion:getAddonVersion": _addon_version,
    "aws:eks/getCluster:getCluster": _cluster,
    "aws:eks/getClusters:getClusters": _clusters,
    "aws:eks/getNodeGroup:getNodeGroup": _node_group,
    "aws:eks/getNodeGroups:getNodeGroups": _node_groups,
    "aws:iam/getSessionContext:getSessionContext": _session,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
}
