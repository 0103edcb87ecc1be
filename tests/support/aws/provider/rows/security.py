"""Security groups and their rules, endpoints of a VPC, and templates of instances."""

from typing import Any

from tests.support.aws.provider.row import Call, Row, Update
from tests.support.aws.provider.rows.network import TAGS

_ARN = "arn:aws:ec2:{region}:123456789012:"


def _rule(kind: str) -> Row:
    low = kind.lower()
    allowed = {
        "IpProtocol": "{ipProtocol}",
        "FromPort": "{fromPort}",
        "ToPort": "{toPort}",
        "IpRanges": [{"!CidrIp": "{cidrIpv4}", "Description": "{description}"}],
        "UserIdGroupPairs": [
            {"!GroupId": "{referencedSecurityGroupId}", "Description": "{description}"}
        ],
        "PrefixListIds": [{"!PrefixListId": "{prefixListId}", "Description": "{description}"}],
    }
    return Row(
        token=f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule",
        service="ec2",
        create=Call(
            f"authorize_security_group_{low}",
            {
                "GroupId": "{securityGroupId}",
                "IpPermissions": [allowed],
                "TagSpecifications": "{tagsAll|spec:security-group-rule}",
            },
        ),
        id="SecurityGroupRules.0.SecurityGroupRuleId",
        read=Call("describe_security_group_rules", {"SecurityGroupRuleIds": ["{id}"]}),
        found="SecurityGroupRules.0",
        outputs={
            "securityGroupRuleId": "SecurityGroupRuleId",
            "securityGroupId": "GroupId",
            "cidrIpv4": "CidrIpv4",
            "ipProtocol": "IpProtocol",
        },
        delete=Call(
            f"revoke_security_group_{low}",
            {"GroupId": "{securityGroupId}", "SecurityGroupRuleIds": ["{id}"]},
        ),
        tags=TAGS,
    )


_TEMPLATE: dict[str, Any] = {
    "BlockDeviceMappings": "{blockDeviceMappings|pascal}",
    "MetadataOptions": "{metadataOptions|pascal}",
    "InstanceType": "{instanceType}",
    "InstanceMarketOptions": "{instanceMarketOptions|pascal}",
    "CapacityReservationSpecification": "{capacityReservationSpecification|pascal}",
    "ImageId": "{imageId}",
    "UserData": "{userData}",
    "EbsOptimized": "{ebsOptimized}",
    "SecurityGroupIds": "{vpcSecurityGroupIds}",
    "TagSpecifications": "{tagSpecifications|specs}",
}

ROWS = (
    Row(
        token="aws:ec2/securityGroup:SecurityGroup",
        service="ec2",
        create=Call(
            "create_security_group",
            {
                "GroupName": "{name}",
                "Description": "{description}",
                "VpcId": "{vpcId}",
                "TagSpecifications": "{tagsAll|spec:security-group}",
            },
        ),
        id="GroupId",
        # The provider takes away what AWS would let out.
        also=(
            Call(
                "revoke_security_group_egress",
                {
                    "GroupId": "{id}",
                    "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
                },
            ),
        ),
        read=Call("describe_security_groups", {"GroupIds": ["{id}"]}),
        found="SecurityGroups.0",
        outputs={
            "name": "GroupName",
            "description": "Description",
            "vpcId": "VpcId",
            "tagsAll": "Tags|list",
            "arn": _ARN + "security-group/{id}",
        },
        delete=Call("delete_security_group", {"GroupId": "{id}"}),
        tags=TAGS,
        named="name",
        own=("revokeRulesOnDelete",),
        defaults={"description": "Managed by Pulumi"},
    ),
    _rule("Ingress"),
    _rule("Egress"),
    Row(
        token="aws:ec2/vpcEndpoint:VpcEndpoint",
        service="ec2",
        create=Call(
            "create_vpc_endpoint",
            {
                "VpcId": "{vpcId}",
                "ServiceName": "{serviceName}",
                "VpcEndpointType": "{vpcEndpointType}",
                "RouteTableIds": "{routeTableIds}",
                "SubnetIds": "{subnetIds}",
                "SecurityGroupIds": "{securityGroupIds}",
                "PrivateDnsEnabled": "{privateDnsEnabled}",
                "PolicyDocument": "{policy}",
                "TagSpecifications": "{tagsAll|spec:vpc-endpoint}",
            },
        ),
        id="VpcEndpoint.VpcEndpointId",
        read=Call("describe_vpc_endpoints", {"VpcEndpointIds": ["{id}"]}),
        found="VpcEndpoints.0",
        gone={"State": "deleted"},
        outputs={
            "vpcId": "VpcId",
            "serviceName": "ServiceName",
            "vpcEndpointType": "VpcEndpointType",
            "routeTableIds": "RouteTableIds",
            "state": "State",
            "tagsAll": "Tags|list",
            "arn": _ARN + "vpc-endpoint/{id}",
        },
        updates=(
            Update(
                ["routeTableIds", "policy"],
                [
                    Call(
                        "modify_vpc_endpoint",
                        {
                            "VpcEndpointId": "{id}",
                            "PolicyDocument": "{policy}",
                            "AddRouteTableIds": "{added_routeTableIds}",
                            "RemoveRouteTableIds": "{removed_routeTableIds}",
                        },
                    )
                ],
            ),
        ),
        delete=Call("delete_vpc_endpoints", {"VpcEndpointIds": ["{id}"]}),
        tags=TAGS,
        defaults={"vpcEndpointType": "Gateway"},
    ),
    Row(
        token="aws:ec2/launchTemplate:LaunchTemplate",
        service="ec2",
        create=Call(
            "create_launch_template",
            {
                "LaunchTemplateName": "{name}",
                "VersionDescription": "{description}",
                "LaunchTemplateData": _TEMPLATE,
                "TagSpecifications": "{tagsAll|spec:launch-template}",
            },
        ),
        id="LaunchTemplate.LaunchTemplateId",
        read=Call("describe_launch_templates", {"LaunchTemplateIds": ["{id}"]}),
        found="LaunchTemplates.0",
        outputs={
            "name": "LaunchTemplateName",
            "latestVersion": "LatestVersionNumber",
            "defaultVersion": "DefaultVersionNumber",
            "tagsAll": "Tags|list",
            "arn": _ARN + "launch-template/{id}",
        },
        updates=(
            Update(
                [
                    "blockDeviceMappings",
                    "metadataOptions",
                    "instanceType",
                    "instanceMarketOptions",
                    "capacityReservationSpecification",
                    "imageId",
                    "userData",
                    "ebsOptimized",
                    "vpcSecurityGroupIds",
                    "tagSpecifications",
                ],
                [
                    Call(
                        "create_launch_template_version",
                        {"LaunchTemplateId": "{id}", "LaunchTemplateData": _TEMPLATE},
                    )
                ],
            ),
        ),
        delete=Call("delete_launch_template", {"LaunchTemplateId": "{id}"}),
        tags=TAGS,
        named="name",
        longest=128,
        own=("updateDefaultVersion",),
        moving=("latestVersion",),
    ),
)
