"""Load balancers."""

from tests.support.aws.provider.row import Call, Row, Tags, Update

_TAGS = Tags(
    Call("add_tags", {"ResourceArns": ["{id}"], "Tags": "{put|list}"}),
    Call("remove_tags", {"ResourceArns": ["{id}"], "TagKeys": "{removed}"}),
)
_CHECK = {
    "HealthCheckProtocol": "{healthCheck|sub:protocol}",
    "HealthCheckPort": "{healthCheck|sub:port}",
    "HealthCheckPath": "{healthCheck|sub:path}",
    "HealthCheckIntervalSeconds": "{healthCheck|sub:interval}",
    "HealthyThresholdCount": "{healthCheck|sub:healthyThreshold}",
    "UnhealthyThresholdCount": "{healthCheck|sub:unhealthyThreshold}",
    "Matcher": {"!HttpCode": "{healthCheck|sub:matcher}"},
}


def _attribute(of: str, name: str, key: str) -> Call:
    kinds = {"LoadBalancer": "load_balancer", "TargetGroup": "target_group"}
    return Call(
        f"modify_{kinds[of]}_attributes",
        {f"{of}Arn": "{id}", "Attributes": [{"Key": key, "Value": f"{{{name}|text}}"}]},
        when=name,
    )


_BALANCER = {
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
}
_GROUP = {
    "preserveClientIp": "preserve_client_ip.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
}

ROWS = (
    Row(
        token="aws:lb/loadBalancer:LoadBalancer",
        service="elbv2",
        create=Call(
            "create_load_balancer",
            {
                "Name": "{name}",
                "Type": "{loadBalancerType}",
                "Scheme": "{internal|scheme}",
                "Subnets": "{subnets}",
                "SecurityGroups": "{securityGroups}",
                "Tags": "{tagsAll|list}",
            },
        ),
        id="LoadBalancers.0.LoadBalancerArn",
        also=tuple(_attribute("LoadBalancer", name, key) for name, key in _BALANCER.items()),
        read=Call("describe_load_balancers", {"LoadBalancerArns": ["{id}"]}),
        found="LoadBalancers.0",
        outputs={
            "name": "LoadBalancerName",
            "arn": "LoadBalancerArn",
            "dnsName": "DNSName",
            "zoneId": "CanonicalHostedZoneId",
            "vpcId": "VpcId",
            "loadBalancerType": "Type",
        },
        updates=(
            Update(
                ["securityGroups"],
                [
                    Call(
                        "set_security_groups",
                        {"LoadBalancerArn": "{id}", "SecurityGroups": "{securityGroups}"},
                    )
                ],
            ),
            *(
                Update([name], [_attribute("LoadBalancer", name, key)])
                for name, key in _BALANCER.items()
            ),
        ),
        delete=Call("delete_load_balancer", {"LoadBalancerArn": "{id}"}),
        tags=_TAGS,
        named="name",
        longest=32,
    ),
    Row(
        token="aws:lb/targetGroup:TargetGroup",
        service="elbv2",
        create=Call(
            "create_target_group",
            {
                "Name": "{name}",
                "Protocol": "{protocol}",
                "Port": "{port}",
                "VpcId": "{vpcId}",
                "TargetType": "{targetType}",
                **_CHECK,
                "Tags": "{tagsAll|list}",
            },
        ),
        id="TargetGroups.0.TargetGroupArn",
        also=tuple(_attribute("TargetGroup", name, key) for name, key in _GROUP.items()),
        read=Call("describe_target_groups", {"TargetGroupArns": ["{id}"]}),
        found="TargetGroups.0",
        outputs={
            "name": "TargetGroupName",
            "arn": "TargetGroupArn",
            "port": "Port",
            "protocol": "Protocol",
            "vpcId": "VpcId",
            "targetType": "TargetType",
        },
        updates=(
            Update(
                ["healthCheck"],
                [Call("modify_target_group", {"TargetGroupArn": "{id}", **_CHECK})],
            ),
            *(
                Update([name], [_attribute("TargetGroup", name, key)])
                for name, key in _GROUP.items()
            ),
        ),
        delete=Call("delete_target_group", {"TargetGroupArn": "{id}"}),
        tags=_TAGS,
        named="name",
        longest=32,
    ),
    Row(
        token="aws:lb/listener:Listener",
        service="elbv2",
        create=Call(
            "create_listener",
            {
                "LoadBalancerArn": "{loadBalancerArn}",
                "Port": "{port}",
                "Protocol": "{protocol}",
                "SslPolicy": "{sslPolicy}",
                "DefaultActions": "{defaultActions|pascal}",
                "Tags": "{tagsAll|list}",
            },
        ),
        id="Listeners.0.ListenerArn",
        read=Call("describe_listeners", {"ListenerArns": ["{id}"]}),
        found="Listeners.0",
        outputs={
            "arn": "ListenerArn",
            "loadBalancerArn": "LoadBalancerArn",
            "port": "Port",
            "protocol": "Protocol",
        },
        updates=(
            Update(
                ["port", "protocol", "defaultActions"],
                [
                    Call(
                        "modify_listener",
                        {
                            "ListenerArn": "{id}",
                            "Port": "{port}",
                            "Protocol": "{protocol}",
                            "DefaultActions": "{defaultActions|pascal}",
                        },
                    )
                ],
            ),
        ),
        delete=Call("delete_listener", {"ListenerArn": "{id}"}),
        tags=_TAGS,
    ),
)
