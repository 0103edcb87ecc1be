"""How a thing that a killed run may have made is found, by its type."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Ask:
    """A call of the AWS command line. Its parameters are a template of the thing's inputs."""

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Again:
    """Making it again does the same, so nobody looks for it."""


@dataclass(frozen=True)
class Named:
    """Its id follows from its inputs: whether it is there, the provider reads."""

    id: str
    wait: Ask | None = None
    """A waiter for one that AWS is still making; of one that is not there it says so."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """AWS has given it an id. It is the one of those listed that has what `match` says."""

    ask: Ask
    items: str
    """The path in the answer to such things; empty if the answer is the one."""
    id: str
    """Its key in each; what follows `/` is taken of an ARN where it ends in that."""
    match: Mapping[str, Any] = field(default_factory=dict)
    """Templates by path in each."""
    tags: str = ""
    """The key of its tags in each. It has all that the thing was to have."""
    wait: Ask | None = None
    state: tuple[Ask, str] | None = None
    """What says how `{found}` is, and at which path, where the list does not."""
    then: Ask | None = None
    """What the provider does with `{found}` next, and a killed run may not have done."""


Row = Again | Named | Found


def _ec2(operation: str, items: str, id: str, wait: str = "", filters: str = "Filters") -> Found:
    """EC2 answers with tags, and each of our things has a name among them."""
    name = [{"Name": "tag:Name", "Values": ["{tags.Name}"]}]
    return Found(
        ask=Ask("ec2", operation, {filters: name}),
        items=items,
        id=id,
        tags="Tags",
        wait=Ask("ec2", f"wait {wait}", {f"{id}s": ["{found}"]}) if wait else None,
    )


def _rule(egress: bool) -> Found:
    group = [{"Name": "group-id", "Values": ["{securityGroupId}"]}]
    return Found(
        ask=Ask("ec2", "describe-security-group-rules", {"Filters": group}),
        items="SecurityGroupRules",
        id="SecurityGroupRuleId",
        match={
            "IsEgress": egress,
            "IpProtocol": "{ipProtocol}",
            "FromPort": "{fromPort}",
            "ToPort": "{toPort}",
            "ReferencedGroupInfo.GroupId": "{referencedSecurityGroupId}",
            "CidrIpv4": "{cidrIpv4}",
        },
    )


def _of_api(operation: str, id: str, match: Mapping[str, Any]) -> Found:
    ask = Ask("apigatewayv2", operation, {"ApiId": "{apiId}"})
    return Found(ask=ask, items="Items", id=id, match=match)


_CLUSTER = {"name": "{name}"}
_OF_CLUSTER = {"clusterName": "{clusterName}"}

# An id is the one of the provider's state. Where that is nothing that can be known (routes), it is
# the one of its imports: such things are read by their other properties.
ROWS: Mapping[str, Row] = {
    "aws:apigatewayv2/api:Api": Found(
        ask=Ask("apigatewayv2", "get-apis"),
        items="Items",
        id="ApiId",
        match={"Name": "{name}"},
        tags="Tags",
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": Found(
        ask=Ask("apigatewayv2", "get-api-mappings", {"DomainName": "{domainName}"}),
        items="Items",
        id="ApiMappingId",
        match={"ApiId": "{apiId}", "Stage": "{stage}"},
    ),
    "aws:apigatewayv2/authorizer:Authorizer": _of_api(
        "get-authorizers", "AuthorizerId", {"Name": "{name}"}
    ),
    "aws:apigatewayv2/domainName:DomainName": Named("{domainName}"),
    "aws:apigatewayv2/integration:Integration": _of_api(
        "get-integrations", "IntegrationId", {"RequestParameters": "{requestParameters}"}
    ),
    "aws:apigatewayv2/route:Route": _of_api("get-routes", "RouteId", {"RouteKey": "{routeKey}"}),
    "aws:apigatewayv2/stage:Stage": Named("{name}"),
    "aws:apigatewayv2/vpcLink:VpcLink": Found(
        ask=Ask("apigatewayv2", "get-vpc-links"),
        items="Items",
        id="VpcLinkId",
        match={"Name": "{name}"},
        tags="Tags",
    ),
    "aws:autoscaling/attachment:Attachment": Again(),
    "aws:autoscaling/tag:Tag": Again(),
    "aws:cloudwatch/eventRule:EventRule": Named("{name}"),
    "aws:cloudwatch/eventTarget:EventTarget": Again(),
    "aws:cloudwatch/logGroup:LogGroup": Named("{name}"),
    "aws:ec2/eip:Eip": _ec2("describe-addresses", "Addresses", "AllocationId"),
    "aws:ec2/internetGateway:InternetGateway": _ec2(
        "describe-internet-gateways", "InternetGateways", "InternetGatewayId"
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Found(
        ask=Ask("ec2", "describe-launch-templates", {"LaunchTemplateNames": ["{name}"]}),
        items="LaunchTemplates",
        id="LaunchTemplateId",
    ),
    "aws:ec2/natGateway:NatGateway": _ec2(
        "describe-nat-gateways",
        "NatGateways",
        "NatGatewayId",
        wait="nat-gateway-available",
        filters="Filter",
    ),
    "aws:ec2/route:Route": Named("{routeTableId}_{destinationCidrBlock}"),
    "aws:ec2/routeTable:RouteTable": _ec2("describe-route-tables", "RouteTables", "RouteTableId"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Found(
        ask=Ask("ec2", "describe-route-tables", {"RouteTableIds": ["{routeTableId}"]}),
        items="RouteTables.0.Associations",
        id="RouteTableAssociationId",
        match={"SubnetId": "{subnetId}"},
    ),
    # AWS lets everything out of a new one.
    "aws:ec2/securityGroup:SecurityGroup": replace(
        _ec2("describe-security-groups", "SecurityGroups", "GroupId"),
        then=Ask(
            "ec2",
            "revoke-security-group-egress",
            {
                "GroupId": "{found}",
                "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
            },
        ),
    ),
    "aws:ec2/subnet:Subnet": _ec2("describe-subnets", "Subnets", "SubnetId"),
    "aws:ec2/vpc:Vpc": _ec2("describe-vpcs", "Vpcs", "VpcId"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _ec2(
        "describe-vpc-endpoints", "VpcEndpoints", "VpcEndpointId"
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Again(),
    "aws:ecr/repository:Repository": Named("{name}"),
    "aws:efs/accessPoint:AccessPoint": Found(
        ask=Ask("efs", "describe-access-points", {"FileSystemId": "{fileSystemId}"}),
        items="AccessPoints",
        id="AccessPointId",
        match={"Name": "{tags.Name}"},
        tags="Tags",
    ),
    "aws:efs/fileSystem:FileSystem": Found(
        ask=Ask("efs", "describe-file-systems"),
        items="FileSystems",
        id="FileSystemId",
        match={"Name": "{tags.Name}"},
        tags="Tags",
    ),
    "aws:efs/mountTarget:MountTarget": Found(
        ask=Ask("efs", "describe-mount-targets", {"FileSystemId": "{fileSystemId}"}),
        items="MountTargets",
        id="MountTargetId",
        match={"SubnetId": "{subnetId}"},
    ),
    "aws:eks/accessEntry:AccessEntry": Named("{clusterName}:{principalArn}"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Named(
        "{clusterName}#{principalArn}#{policyArn}"
    ),
    # Not waited for: one without nodes is degraded, which is no reason to stop.
    "aws:eks/addon:Addon": Named("{clusterName}:{addonName}"),
    "aws:eks/cluster:Cluster": Named("{name}", Ask("eks", "wait cluster-active", _CLUSTER)),
    "aws:eks/nodeGroup:NodeGroup": Named(
        "{clusterName}:{nodeGroupName}",
        Ask("eks", "wait nodegroup-active", {**_OF_CLUSTER, "nodegroupName": "{nodeGroupName}"}),
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Found(
        ask=Ask(
            "eks",
            "list-pod-identity-associations",
            {**_OF_CLUSTER, "namespace": "{namespace}", "serviceAccount": "{serviceAccount}"},
        ),
        items="associations",
        id="associationId",
        match={"namespace": "{namespace}", "serviceAccount": "{serviceAccount}"},
    ),
    "aws:iam/role:Role": Named("{name}"),
    "aws:iam/rolePolicy:RolePolicy": Named("{role}:{name}"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Again(),
    "aws:kms/alias:Alias": Named("{name}"),
    "aws:kms/key:Key": Found(
        ask=Ask(
            "resourcegroupstaggingapi",
            "get-resources",
            {
                "ResourceTypeFilters": ["kms:key"],
                "TagFilters": [{"Key": "Name", "Values": ["{tags.Name}"]}],
            },
        ),
        items="ResourceTagMappingList",
        id="ResourceARN/",
        tags="Tags",
        state=(Ask("kms", "describe-key", {"KeyId": "{found}"}), "KeyMetadata.KeyState"),
    ),
    "aws:lb/listener:Listener": Found(
        ask=Ask("elbv2", "describe-listeners", {"LoadBalancerArn": "{loadBalancerArn}"}),
        items="Listeners",
        id="ListenerArn",
        match={"Port": "{port}"},
    ),
    "aws:lb/loadBalancer:LoadBalancer": Found(
        ask=Ask("elbv2", "describe-load-balancers", {"Names": ["{name}"]}),
        items="LoadBalancers",
        id="LoadBalancerArn",
        wait=Ask("elbv2", "wait load-balancer-available", {"LoadBalancerArns": ["{found}"]}),
    ),
    "aws:lb/targetGroup:TargetGroup": Found(
        ask=Ask("elbv2", "describe-target-groups", {"Names": ["{name}"]}),
        items="TargetGroups",
        id="TargetGroupArn",
    ),
    "aws:s3/bucket:Bucket": Named("{bucket}"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Again(),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Again(),
    "aws:s3/bucketPolicy:BucketPolicy": Again(),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Again(),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        Again()
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Again(),
    "aws:sqs/queue:Queue": Found(
        ask=Ask("sqs", "get-queue-url", {"QueueName": "{name}"}), items="", id="QueueUrl"
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Again(),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule(True),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule(False),
}
