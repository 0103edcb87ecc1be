"""An HTTP API of the kind that endpoints have, on the emulators."""

import pytest

from tests.aws.conftest import Account

pytestmark = pytest.mark.e2e

API = """
    import pulumi
    from pulumi_aws import apigatewayv2 as gateway, cloudwatch

    logs = cloudwatch.LogGroup("logs", retention_in_days=30)
    api = gateway.Api("iris", protocol_type="HTTP", disable_execute_api_endpoint=False)
    who = gateway.Authorizer(
        "iris",
        api_id=api.id,
        name="iris",
        authorizer_type="JWT",
        identity_sources=["$request.header.Authorization"],
        jwt_configuration={"issuer": "https://issuer.example.com", "audiences": ["iris"]},
    )
    behind = gateway.Integration(
        "iris",
        api_id=api.id,
        integration_type="HTTP_PROXY",
        integration_method="POST",
        integration_uri="arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:listener/net/a/b/c",
        connection_type="VPC_LINK",
        connection_id="link",
        payload_format_version="1.0",
        request_parameters={"overwrite:header.x-stage": "$context.stage"},
        timeout_milliseconds=29000,
    )
    route = gateway.Route(
        "iris",
        api_id=api.id,
        route_key="POST /predict",
        target=pulumi.Output.concat("integrations/", behind.id),
        authorization_type="JWT",
        authorizer_id=who.id,
    )
    stage = gateway.Stage(
        "canary",
        api_id=api.id,
        name="canary",
        auto_deploy=True,
        access_log_settings={"destination_arn": logs.arn, "format": "{}"},
        default_route_settings={"throttling_rate_limit": 100, "throttling_burst_limit": 50},
    )
    domain = gateway.DomainName(
        "iris",
        domain_name="iris.example.com",
        domain_name_configuration={
            "certificate_arn": "arn:aws:acm:ap-northeast-2:123456789012:certificate/1",
            "endpoint_type": "REGIONAL",
            "security_policy": "TLS_1_2",
        },
    )
    gateway.ApiMapping(
        "iris", api_id=api.id, domain_name=domain.domain_name, stage=stage.name, api_mapping_key="c"
    )
    pulumi.export("target", domain.domain_name_configuration.target_domain_name)
"""


def test_an_api_goes_through_its_life(account: Account) -> None:
    empty = account.inventory()
    project = account.project
    project.write(API)
    project.pulumi("up", "--yes", "--skip-preview")
    project.pulumi("refresh", "--yes", "--expect-no-changes")
    project.pulumi("preview", "--expect-no-changes")
    # Another way of signing in and other limits change it in place.
    changed = API.replace('limit": 50', 'limit": 20').replace("issuer.example", "other.example")
    project.write(changed.replace("/predict", "/invoke").replace("29000", "10000"))
    done = project.pulumi("up", "--yes", "--skip-preview").stdout
    assert "~ 4 updated" in done
    assert "replace" not in done
    project.pulumi("preview", "--expect-no-changes")
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert account.inventory() == empty
