"""HTTP APIs."""

from typing import Any

from tests.support.aws.provider.row import Call, Row, Tags, Update

_OF_API = {"ApiId": "{apiId}"}


def _tags(arn: str, of: str = "") -> Tags:
    return Tags(
        Call(f"tag_resource{of}", {"ResourceArn": arn, "Tags": "{put}"}, "apigatewayv2"),
        Call(f"untag_resource{of}", {"ResourceArn": arn, "TagKeys": "{removed}"}, "apigatewayv2"),
    )


def _row(
    token: str,
    noun: str,
    key: dict[str, str],
    body: dict[str, Any],
    updated: list[str],
    outputs: dict[str, str],
    **more: Any,
) -> Row:
    """A resource whose five calls differ by a noun alone. `key` names one, after it is made."""
    return Row(
        token=f"aws:apigatewayv2/{token[0].lower()}{token[1:]}:{token}",
        service="apigatewayv2",
        create=Call(f"create_{noun}", body),
        read=Call(f"get_{noun}", key),
        outputs=outputs,
        updates=(Update(updated, [Call(f"update_{noun}", {**body, **key, **_NEVER})]),),
        delete=Call(f"delete_{noun}", key),
        **more,
    )


# What can be said only when it is made.
_NEVER = {"ProtocolType": "{never}", "Tags": "{never}"}

ROWS = (
    _row(
        "Api",
        "api",
        {"ApiId": "{id}"},
        {
            "Name": "{name}",
            "ProtocolType": "{protocolType}",
            "Description": "{description}",
            "DisableExecuteApiEndpoint": "{disableExecuteApiEndpoint}",
            "CorsConfiguration": "{corsConfiguration|pascal}",
            "Tags": "{tagsAll}",
        },
        ["name", "description", "disableExecuteApiEndpoint", "corsConfiguration"],
        {
            "name": "Name",
            "protocolType": "ProtocolType",
            "apiEndpoint": "ApiEndpoint",
            "arn": "arn:aws:apigateway:{region}::/apis/{id}",
            "executionArn": "arn:aws:execute-api:{region}:123456789012:{id}",
            "tagsAll": "Tags",
        },
        id="ApiId",
        named="name",
        longest=128,
        tags=_tags("{arn}"),
    ),
    _row(
        "Stage",
        "stage",
        {"ApiId": "{apiId}", "StageName": "{id}"},
        {
            **_OF_API,
            "StageName": "{name}",
            "AutoDeploy": "{autoDeploy}",
            "Description": "{description}",
            "AccessLogSettings": "{accessLogSettings|pascal}",
            "DefaultRouteSettings": "{defaultRouteSettings|pascal}",
            "RouteSettings": "{routeSettings|routes}",
            "StageVariables": "{stageVariables}",
            "Tags": "{tagsAll}",
        },
        [
            "autoDeploy",
            "description",
            "accessLogSettings",
            "defaultRouteSettings",
            "routeSettings",
            "stageVariables",
        ],
        {
            "name": "StageName",
            "accessLogSettings": "AccessLogSettings|camel",
            "defaultRouteSettings": "DefaultRouteSettings|camel",
            "stageVariables": "StageVariables",
            "arn": "arn:aws:apigateway:{region}::/apis/{apiId}/stages/{id}",
            "executionArn": "arn:aws:execute-api:{region}:123456789012:{apiId}/{id}",
            "invokeUrl": "https://{apiId}.execute-api.{region}.amazonaws.com/{id}",
            "tagsAll": "Tags",
        },
        id="{name}",
        named="name",
        longest=128,
        tags=_tags("{arn}"),
    ),
    _row(
        "Integration",
        "integration",
        {"ApiId": "{apiId}", "IntegrationId": "{id}"},
        {
            **_OF_API,
            "IntegrationType": "{integrationType}",
            "IntegrationUri": "{integrationUri}",
            "IntegrationMethod": "{integrationMethod}",
            "ConnectionType": "{connectionType}",
            "ConnectionId": "{connectionId}",
            "Description": "{description}",
            "PayloadFormatVersion": "{payloadFormatVersion}",
            "RequestParameters": "{requestParameters}",
            "TimeoutInMillis": "{timeoutMilliseconds}",
            "TlsConfig": "{tlsConfig|pascal}",
        },
        [
            "integrationUri",
            "integrationMethod",
            "connectionId",
            "connectionType",
            "description",
            "payloadFormatVersion",
            "requestParameters",
            "timeoutMilliseconds",
            "tlsConfig",
        ],
        {
            "integrationType": "IntegrationType",
            "integrationUri": "IntegrationUri",
            "requestParameters": "RequestParameters",
        },
        id="IntegrationId",
    ),
    _row(
        "Route",
        "route",
        {"ApiId": "{apiId}", "RouteId": "{id}"},
        {
            **_OF_API,
            "RouteKey": "{routeKey}",
            "Target": "{target}",
            "AuthorizationType": "{authorizationType}",
            "AuthorizerId": "{authorizerId}",
            "AuthorizationScopes": "{authorizationScopes}",
        },
        ["routeKey", "target", "authorizationType", "authorizerId", "authorizationScopes"],
        {
            "routeKey": "RouteKey",
            "target": "Target",
            "authorizationType": "AuthorizationType",
        },
        id="RouteId",
    ),
    _row(
        "Authorizer",
        "authorizer",
        {"ApiId": "{apiId}", "AuthorizerId": "{id}"},
        {
            **_OF_API,
            "Name": "{name}",
            "AuthorizerType": "{authorizerType}",
            "IdentitySource": "{identitySources}",
            "JwtConfiguration": {
                "!Audience": "{jwtConfiguration|sub:audiences}",
                "Issuer": "{jwtConfiguration|sub:issuer}",
            },
        },
        ["name", "identitySources", "jwtConfiguration"],
        {"name": "Name", "authorizerType": "AuthorizerType", "identitySources": "IdentitySource"},
        id="AuthorizerId",
        named="name",
        longest=128,
    ),
    _row(
        "VpcLink",
        "vpc_link",
        {"VpcLinkId": "{id}"},
        {
            "Name": "{name}",
            "SubnetIds": "{subnetIds}",
            "SecurityGroupIds": "{securityGroupIds}",
            "Tags": "{tagsAll}",
        },
        ["name"],
        {
            "name": "Name",
            "subnetIds": "SubnetIds",
            "securityGroupIds": "SecurityGroupIds",
            "arn": "arn:aws:apigateway:{region}::/vpclinks/{id}",
            "tagsAll": "Tags",
        },
        id="VpcLinkId",
        ready={"VpcLinkStatus": "AVAILABLE"},
        named="name",
        longest=128,
        tags=_tags("{arn}", "/vpc_link"),
    ),
    _row(
        "DomainName",
        "domain_name",
        {"DomainName": "{id}"},
        {
            "DomainName": "{domainName}",
            "DomainNameConfigurations": ["{domainNameConfiguration|pascal}"],
            "Tags": "{tagsAll}",
        },
        ["domainNameConfiguration"],
        {
            "domainName": "DomainName",
            "domainNameConfiguration": "DomainNameConfigurations.0|camel",
            "tagsAll": "Tags",
        },
        id="{domainName}",
    ),
    _row(
        "ApiMapping",
        "api_mapping",
        {"DomainName": "{domainName}", "ApiMappingId": "{id}"},
        {
            **_OF_API,
            "DomainName": "{domainName}",
            "Stage": "{stage}",
            "ApiMappingKey": "{apiMappingKey}",
        },
        ["stage", "apiMappingKey", "apiId"],
        {"apiId": "ApiId", "stage": "Stage", "apiMappingKey": "ApiMappingKey"},
        id="ApiMappingId",
    ),
)
