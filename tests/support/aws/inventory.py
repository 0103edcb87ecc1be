"""All that an account holds, to compare before and after. Runs in the emulators' environment."""

from typing import Any

from tests.support.aws import clients
from tests.support.aws.provider.template import dig

# service, call, where the list is, what names one
_LISTS = (
    ("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    ("ec2", "describe_subnets", "Subnets", "SubnetId"),
    ("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("ec2", "describe_addresses", "Addresses", "AllocationId"),
    ("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    ("eks", "list_clusters", "clusters", ""),
    ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"),
    ("events", "list_rules", "Rules", "Name"),
    ("sqs", "list_queues", "QueueUrls", ""),
    ("efs", "describe_file_systems", "FileSystems", "FileSystemId"),
    ("efs", "describe_access_points", "AccessPoints", "AccessPointId"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("ecr", "describe_repositories", "repositories", "repositoryName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    ("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    ("apigatewayv2", "get_apis", "Items", "ApiId"),
    ("apigatewayv2", "get_vpc_links", "Items", "VpcLinkId"),
    ("apigatewayv2", "get_domain_names", "Items", "DomainName"),
)
_OF_A_CLUSTER = (
    ("list_nodegroups", "nodegroups"),
    ("list_addons", "addons"),
    ("list_access_entries", "accessEntries"),
    ("list_pod_identity_associations", "associations"),
)


def inventory(region: str) -> dict[str, list[str]]:
    """What there is, by kind; what an account has from the start, too."""
    found: dict[str, list[str]] = {}
    for service, operation, path, key in _LISTS:
        items = dig(clients.call(region, service, operation), path) or []
        left = [item for item in items if not (key and _is_over(item))]
        found[f"{service} {path}"] = sorted(item[key] if key else item for item in left)
    keys = clients.call(region, "kms", "list_keys")["Keys"]
    described = [clients.call(region, "kms", "describe_key", KeyId=key["KeyId"]) for key in keys]
    live = [each["KeyMetadata"] for each in described if each["KeyMetadata"]["Enabled"]]
    # Those of AWS itself come with the first look at them.
    found["kms Keys"] = sorted(key["KeyId"] for key in live if key.get("KeyManager") != "AWS")
    policies = clients.call(region, "iam", "list_policies", Scope="Local")["Policies"]
    found["iam Policies"] = sorted(policy["PolicyName"] for policy in policies)
    for cluster in found["eks clusters"]:
        for operation, path in _OF_A_CLUSTER:
            listed = clients.call(region, "eks", operation, clusterName=cluster)[path]
            found[f"eks {cluster} {path}"] = sorted(map(_named, listed))
    return found


def _is_over(item: Any) -> bool:
    return item.get("State") in ("deleted", "deleting")


def _named(item: Any) -> str:
    return item if isinstance(item, str) else f"{item['namespace']}/{item['serviceAccount']}"
