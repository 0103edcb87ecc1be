"""Networks: VPCs, subnets, and the ways out of them."""

from tests.support.aws.provider.row import Call, Row, Tags, Update

TAGS = Tags(
    Call("create_tags", {"Resources": ["{id}"], "Tags": "{put|list}"}, "ec2"),
    Call("delete_tags", {"Resources": ["{id}"], "Tags": "{removed|keys}"}, "ec2"),
)
_ARN = "arn:aws:ec2:{region}:123456789012:"

ROWS = (
    Row(
        token="aws:ec2/vpc:Vpc",
        service="ec2",
        create=Call(
            "create_vpc",
            {
                "CidrBlock": "{cidrBlock}",
                "InstanceTenancy": "{instanceTenancy}",
                "TagSpecifications": "{tagsAll|spec:vpc}",
            },
        ),
        id="Vpc.VpcId",
        also=(
            Call(
                "modify_vpc_attribute",
                {"VpcId": "{id}", "EnableDnsSupport": {"Value": "{enableDnsSupport}"}},
                when="enableDnsSupport",
            ),
            Call(
                "modify_vpc_attribute",
                {"VpcId": "{id}", "EnableDnsHostnames": {"Value": "{enableDnsHostnames}"}},
                when="enableDnsHostnames",
            ),
        ),
        read=Call("describe_vpcs", {"VpcIds": ["{id}"]}),
        found="Vpcs.0",
        outputs={"cidrBlock": "CidrBlock", "tagsAll": "Tags|list", "arn": _ARN + "vpc/{id}"},
        updates=(
            Update(
                ["enableDnsHostnames"],
                [
                    Call(
                        "modify_vpc_attribute",
                        {"VpcId": "{id}", "EnableDnsHostnames": {"Value": "{enableDnsHostnames}"}},
                    )
                ],
            ),
        ),
        delete=Call("delete_vpc", {"VpcId": "{id}"}),
        tags=TAGS,
    ),
    Row(
        token="aws:ec2/subnet:Subnet",
        service="ec2",
        create=Call(
            "create_subnet",
            {
                "VpcId": "{vpcId}",
                "CidrBlock": "{cidrBlock}",
                "AvailabilityZone": "{availabilityZone}",
                "TagSpecifications": "{tagsAll|spec:subnet}",
            },
        ),
        id="Subnet.SubnetId",
        also=(
            Call(
                "modify_subnet_attribute",
                {"SubnetId": "{id}", "MapPublicIpOnLaunch": {"Value": "{mapPublicIpOnLaunch}"}},
                when="mapPublicIpOnLaunch",
            ),
        ),
        read=Call("describe_subnets", {"SubnetIds": ["{id}"]}),
        found="Subnets.0",
        outputs={
            "vpcId": "VpcId",
            "cidrBlock": "CidrBlock",
            "availabilityZone": "AvailabilityZone",
            "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
            "tagsAll": "Tags|list",
            "arn": _ARN + "subnet/{id}",
        },
        updates=(
            Update(
                ["mapPublicIpOnLaunch"],
                [
                    Call(
                        "modify_subnet_attribute",
                        {
                            "SubnetId": "{id}",
                            "MapPublicIpOnLaunch": {"Value": "{mapPublicIpOnLaunch}"},
                        },
                    )
                ],
            ),
        ),
        delete=Call("delete_subnet", {"SubnetId": "{id}"}),
        tags=TAGS,
    ),
    Row(
        token="aws:ec2/internetGateway:InternetGateway",
        service="ec2",
        create=Call(
            "create_internet_gateway", {"TagSpecifications": "{tagsAll|spec:internet-gateway}"}
        ),
        id="InternetGateway.InternetGatewayId",
        also=(
            Call(
                "attach_internet_gateway",
                {"InternetGatewayId": "{id}", "VpcId": "{vpcId}"},
                when="vpcId",
            ),
        ),
        read=Call("describe_internet_gateways", {"InternetGatewayIds": ["{id}"]}),
        found="InternetGateways.0",
        outputs={
            "vpcId": "Attachments.0.VpcId",
            "tagsAll": "Tags|list",
            "arn": _ARN + "internet-gateway/{id}",
        },
        before_delete=(
            Call(
                "detach_internet_gateway",
                {"InternetGatewayId": "{id}", "VpcId": "{vpcId}"},
                when="vpcId",
            ),
        ),
        delete=Call("delete_internet_gateway", {"InternetGatewayId": "{id}"}),
        tags=TAGS,
    ),
    Row(
        token="aws:ec2/eip:Eip",
        service="ec2",
        create=Call(
            "allocate_address",
            {"Domain": "{domain}", "TagSpecifications": "{tagsAll|spec:elastic-ip}"},
        ),
        id="AllocationId",
        read=Call("describe_addresses", {"AllocationIds": ["{id}"]}),
        found="Addresses.0",
        outputs={
            "allocationId": "AllocationId",
            "publicIp": "PublicIp",
            "domain": "Domain",
            "tagsAll": "Tags|list",
        },
        delete=Call("release_address", {"AllocationId": "{id}"}),
        tags=TAGS,
    ),
    Row(
        token="aws:ec2/natGateway:NatGateway",
        service="ec2",
        create=Call(
            "create_nat_gateway",
            {
                "SubnetId": "{subnetId}",
                "AllocationId": "{allocationId}",
                "ConnectivityType": "{connectivityType}",
                "TagSpecifications": "{tagsAll|spec:natgateway}",
            },
        ),
        id="NatGateway.NatGatewayId",
        read=Call("describe_nat_gateways", {"NatGatewayIds": ["{id}"]}),
        found="NatGateways.0",
        gone={"State": "deleted"},
        ready={"State": "available"},
        outputs={
            "subnetId": "SubnetId",
            "allocationId": "NatGatewayAddresses.0.AllocationId",
            "tagsAll": "Tags|list",
        },
        delete=Call("delete_nat_gateway", {"NatGatewayId": "{id}"}),
        tags=TAGS,
    ),
    Row(
        token="aws:ec2/routeTable:RouteTable",
        service="ec2",
        create=Call(
            "create_route_table",
            {"VpcId": "{vpcId}", "TagSpecifications": "{tagsAll|spec:route-table}"},
        ),
        id="RouteTable.RouteTableId",
        read=Call("describe_route_tables", {"RouteTableIds": ["{id}"]}),
        found="RouteTables.0",
        outputs={
            "vpcId": "VpcId",
            "tagsAll": "Tags|list",
            "arn": _ARN + "route-table/{id}",
        },
        delete=Call("delete_route_table", {"RouteTableId": "{id}"}),
        tags=TAGS,
    ),
    Row(
        token="aws:ec2/route:Route",
        service="ec2",
        create=Call(
            "create_route",
            {
                "RouteTableId": "{routeTableId}",
                "DestinationCidrBlock": "{destinationCidrBlock}",
                "GatewayId": "{gatewayId}",
                "NatGatewayId": "{natGatewayId}",
            },
        ),
        id="{routeTableId}_{destinationCidrBlock}",
        keys=("routeTableId", "destinationCidrBlock"),
        read=Call("describe_route_tables", {"RouteTableIds": ["{routeTableId}"]}),
        found="RouteTables.0.Routes",
        pick=("DestinationCidrBlock", "{destinationCidrBlock}"),
        outputs={
            "destinationCidrBlock": "DestinationCidrBlock",
            "gatewayId": "GatewayId",
            "natGatewayId": "NatGatewayId",
            "state": "State",
            "origin": "Origin",
        },
        updates=(
            Update(
                ["gatewayId", "natGatewayId"],
                [
                    Call(
                        "replace_route",
                        {
                            "RouteTableId": "{routeTableId}",
                            "DestinationCidrBlock": "{destinationCidrBlock}",
                            "GatewayId": "{gatewayId}",
                            "NatGatewayId": "{natGatewayId}",
                        },
                    )
                ],
            ),
        ),
        delete=Call(
            "delete_route",
            {"RouteTableId": "{routeTableId}", "DestinationCidrBlock": "{destinationCidrBlock}"},
        ),
    ),
    Row(
        token="aws:ec2/routeTableAssociation:RouteTableAssociation",
        service="ec2",
        create=Call(
            "associate_route_table", {"RouteTableId": "{routeTableId}", "SubnetId": "{subnetId}"}
        ),
        id="AssociationId",
        read=Call(
            "describe_route_tables",
            {"Filters": [{"Name": "association.route-table-association-id", "Values": ["{id}"]}]},
        ),
        found="RouteTables.0.Associations",
        pick=("RouteTableAssociationId", "{id}"),
        outputs={"routeTableId": "RouteTableId", "subnetId": "SubnetId"},
        delete=Call("disassociate_route_table", {"AssociationId": "{id}"}),
    ),
)
