"""The HTTP API before an endpoint: what is registered, and how a call finds its stage."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.manifests.aws import api
from schemas import resolved
from schemas.platform import ApiGateway
from tests.components import test_program
from tests.support import cluster_stack
from tests.support.recorder import Graph

ACCOUNT = "123456789012"
OF = "aws:apigatewayv2/"
CERTIFICATE = "arn:aws:acm:ap-northeast-2:123456789012:certificate/0123"
STAGES = (
    "      blue: {model: fitted, resource_path: /inference, flavor: small, instances: 1}\n",
    "      blue: {model: fitted, resource_path: /inference, flavor: small, request_timeout: 9s}\n"
    "      green: {model: fitted, resource_path: /predict, flavor: small, request_timeout: 5s}\n",
)
JWT = (
    "    default_stage: blue\n",
    "    default_stage: blue\n"
    "    access: {jwt: {issuer: https://login.test, audience: iris, jwks_url: https://login.test/k}}\n",
)


def graph(spec: resolved.Workspace) -> Graph:
    return test_program.graph(spec, answers=cluster_stack.ANSWERS)


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> resolved.Workspace:
    return cluster_stack.workspace(tmp_path_factory.mktemp("spec"), STAGES)


@pytest.fixture(scope="module")
def made(spec: resolved.Workspace) -> Graph:
    return graph(spec)


def found(made: Graph, kind: str) -> dict[str, dict[str, Any]]:
    """Inputs by logical name."""
    return {node.name: node.inputs for node in made.nodes.values() if node.type == OF + kind}


def test_api_belongs_to_its_endpoint(made: Graph) -> None:
    component = made.one("easymaker:endpoint:Api")
    assert component.parent == made.one("easymaker:endpoint:Endpoint").urn
    assert {n.parent for n in made.nodes.values() if n.type.startswith(OF)} == {component.urn}
    (own,) = found(made, "api:Api").values()
    assert own == {
        "name": "lab-iris",
        "protocolType": "HTTP",
        "disableExecuteApiEndpoint": False,
        "tags": {"easymaker:workspace": "lab", "easymaker:endpoint": "iris"},
    }


def test_urls_of_aws(made: Graph) -> None:
    assert made.outputs[made.one("easymaker:endpoint:Api").urn] == {
        "url": cluster_stack.ENDPOINT,
        "stages": {
            "blue": f"{cluster_stack.ENDPOINT}/blue",
            "green": f"{cluster_stack.ENDPOINT}/green",
        },
        "target": "",
    }


def test_a_route_for_each_resource_path(made: Graph) -> None:
    assert found(made, "route:Route") == {
        f"api-iris{path}": {
            "apiId": "api-iris-id",
            "routeKey": f"POST {path}",
            "target": f"integrations/api-iris{path}-id",
            "authorizationType": "NONE",
        }
        for path in ("/inference", "/predict")
    }
    integrations = found(made, "integration:Integration")
    assert integrations["api-iris/predict"] == {
        "apiId": "api-iris-id",
        "integrationType": "HTTP_PROXY",
        "integrationMethod": "POST",
        "integrationUri": cluster_stack.LISTENER,
        "connectionType": "VPC_LINK",
        "connectionId": "vpclink1",
        "payloadFormatVersion": "1.0",
        "requestParameters": {
            "overwrite:path": "/predict",
            "overwrite:header.Host": "iris.lab.ml.test",
            "overwrite:header.x-easymaker-stage": "$context.stage",
            "overwrite:header.x-request-id": "$context.requestId",
        },
        "timeoutMilliseconds": 10_000,
    }


def test_a_stage_for_each_and_the_default_one(made: Graph, spec: resolved.Workspace) -> None:
    stages = found(made, "stage:Stage")
    assert {item["name"] for item in stages.values()} == {"blue", "green", "$default"}
    assert stages["api-iris"] == {
        "apiId": "api-iris-id",
        "name": "$default",
        "autoDeploy": True,
        "accessLogSettings": {
            "destinationArn": f"arn:aws:logs:ap-northeast-2:{ACCOUNT}:log-group:/easymaker/dev/api",
            "format": api.log_format(spec, spec.endpoints["iris"], None),
        },
        "defaultRouteSettings": {"throttlingRateLimit": 100, "throttlingBurstLimit": 200},
    }


def test_record_has_the_fields_of_an_inference(spec: resolved.Workspace) -> None:
    iris = spec.endpoints["iris"]
    record = json.loads(api.log_format(spec, iris, iris.stages["blue"]))
    common = ("easymakerAppKey", "category", "logType", "endpointId", "endpointStageId", "action")
    assert {key: record[key] for key in common} == {
        "easymakerAppKey": "easymaker",
        "category": "easymaker.inference",
        "logType": "NHNCloud-AIEasyMaker",
        "endpointId": "iris",
        "endpointStageId": "$context.stage",
        "action": "Endpoint.ApiGateway",
    }
    assert (record["modelName"], record["logLevel"]) == ("fitted", "INFO")
    assert "modelName" not in api.log_format(spec, iris, None)
    assert record["inferenceId"] == "$context.requestId"
    assert all(isinstance(value, str) for value in record.values())


def test_the_cluster_goes_by_the_header_that_names_the_stage(
    made: Graph, spec: resolved.Workspace
) -> None:
    routes = {
        node.inputs["metadata"]["name"]: node.inputs["spec"]
        for node in made.all("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute")
    }
    own = routes["endpoint-iris"]
    called = routes["api-green-iris"]
    assert called == {
        **own,
        "rules": [
            {
                "matches": [
                    {
                        "path": {"type": "PathPrefix", "value": "/"},
                        "headers": [
                            {"type": "Exact", "name": "x-easymaker-stage", "value": "green"}
                        ],
                    }
                ],
                "backendRefs": [
                    {
                        "group": "",
                        "kind": "Service",
                        "name": "stage-green-iris",
                        "port": 80,
                        "weight": 1,
                    }
                ],
            }
        ],
    }
    assert "headers" not in own["rules"][0]["matches"][0]


def test_another_default_stage_changes_one_route_of_the_cluster(
    made: Graph, spec: resolved.Workspace
) -> None:
    iris = replace(spec.endpoints["iris"], default_stage="green")
    after = graph(replace(spec, endpoints={"iris": iris}))
    before = {urn: node.inputs for urn, node in made.nodes.items()}
    changed = {
        node.name
        for urn, node in after.nodes.items()
        if not node.type.startswith("easymaker:") and node.inputs != before[urn]
    }
    assert (after.nodes.keys() == before.keys(), changed) == (True, {"endpoint-iris"})


def checking(spec: resolved.Workspace) -> resolved.Workspace:
    limits = ApiGateway(jwt_authorizer=True)
    return replace(spec, platform=replace(spec.platform, api_gateway=limits))


def test_tokens_are_checked_where_they_can_be(tmp_path: Path) -> None:
    made = graph(checking(cluster_stack.workspace(tmp_path, STAGES, JWT)))
    assert found(made, "authorizer:Authorizer") == {
        "api-iris": {
            "apiId": "api-iris-id",
            "name": "iris",
            "authorizerType": "JWT",
            "identitySources": ["$request.header.Authorization"],
            "jwtConfiguration": {"issuer": "https://login.test", "audiences": ["iris"]},
        }
    }
    assert {
        (route["authorizationType"], route["authorizerId"])
        for route in found(made, "route:Route").values()
    } == {("JWT", "api-iris-id")}


@pytest.mark.parametrize(
    "other",
    [
        ("jwks_url: https://login.test/k", "jwks: {config_map: keys}"),
        ("issuer: https://login.test,", "issuer: login,"),
        ("access: {jwt", "access: {api_keys: {secret: keys}, jwt"),
    ],
)
def test_else_the_servers_alone_check_them(tmp_path: Path, other: tuple[str, str]) -> None:
    spec = checking(cluster_stack.workspace(tmp_path, JWT, other))
    assert api.authorizing(spec.platform, spec.endpoints["iris"]) is None


def test_nobody_asked_for_tokens_to_be_checked_twice(tmp_path: Path) -> None:
    made = graph(cluster_stack.workspace(tmp_path, STAGES, JWT))
    assert not found(made, "authorizer:Authorizer")
    assert {route["authorizationType"] for route in found(made, "route:Route").values()} == {"NONE"}


@pytest.mark.parametrize(("changes", "warned"), [((), True), ((JWT,), False)])
def test_a_preview_says_what_the_internet_reaches(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    changes: tuple[tuple[str, str], ...],
    warned: bool,
) -> None:
    graph(cluster_stack.workspace(tmp_path, *changes))
    assert ("anybody on the internet may call it" in caplog.text) is warned


def test_a_stages_own_answer_comes_before_the_gateways(spec: resolved.Workspace) -> None:
    iris = spec.endpoints["iris"]
    longest = replace(iris.stages["blue"], request_timeout=29)
    slow = replace(iris, stages={**iris.stages, "blue": longest})
    assert api.timeout_milliseconds(slow) == 30_000
    slow = replace(iris, stages={"blue": replace(longest, request_timeout=30)})
    assert api.timeout_milliseconds(slow) == 30_000


def test_host_of_its_own(spec: resolved.Workspace) -> None:
    limits = ApiGateway(rate=5, burst=7, certificate=CERTIFICATE)
    made = graph(replace(spec, platform=replace(spec.platform, api_gateway=limits)))
    (own,) = found(made, "api:Api").values()
    assert own["disableExecuteApiEndpoint"] is True
    assert found(made, "domainName:DomainName") == {
        "api-iris": {
            "domainName": "iris.lab.ml.test",
            "domainNameConfiguration": {
                "certificateArn": CERTIFICATE,
                "endpointType": "REGIONAL",
                "securityPolicy": "TLS_1_2",
            },
        }
    }
    mappings = found(made, "apiMapping:ApiMapping").values()
    assert {(item.get("apiMappingKey", ""), item["stage"]) for item in mappings} == {
        ("", "$default"),
        ("blue", "blue"),
        ("green", "green"),
    }
    stage = found(made, "stage:Stage")["api-blue-iris"]
    assert stage["defaultRouteSettings"] == {"throttlingRateLimit": 5, "throttlingBurstLimit": 7}
    outputs = made.outputs[made.one("easymaker:endpoint:Api").urn]
    assert outputs["url"] == "https://iris.lab.ml.test"
    assert outputs["stages"]["green"] == "https://iris.lab.ml.test/green"


def test_cluster_without_a_log_group(spec: resolved.Workspace) -> None:
    outputs = replace(spec.platform.outputs, log_groups={})
    made = graph(replace(spec, platform=replace(spec.platform, cluster=outputs)))
    assert all("accessLogSettings" not in item for item in found(made, "stage:Stage").values())
