"""An endpoint's HTTP API: how a call gets from API Gateway to a stage's pods.

The Host header that the cluster gets is the endpoint's, for API Gateway takes a constant there; a
header of ours says which of the API's stages was called.
"""

from components.manifests import Manifest, routes
from components.manifests.metadata import ENDPOINT_LABEL, labels
from schemas import names, resolved
from schemas.access import Jwt
from schemas.endpoint import AWS_SECONDS
from schemas.text import to_json

KIND = "api"
DEFAULT = "$default"
"""The stage of an API that is called without a stage's name."""
STAGE_HEADER = "x-easymaker-stage"


def name(workspace: resolved.Workspace, endpoint: resolved.Endpoint) -> str:
    """Of the API: names in an account are nobody's own."""
    return f"{workspace.name}-{endpoint.name}"


def paths(endpoint: resolved.Endpoint) -> list[str]:
    """The resource paths of its stages, which share routes."""
    return sorted({stage.resource_path for stage in endpoint.stages.values()})


def request_parameters(endpoint: resolved.Endpoint, path: str) -> dict[str, str]:
    """What is changed of a request on its way in. Else the path would begin with the stage."""
    return {
        "overwrite:path": path,
        "overwrite:header.Host": endpoint.host,
        f"overwrite:header.{STAGE_HEADER}": "$context.stage",
        # The record here and that of the server are then of one request.
        "overwrite:header.x-request-id": "$context.requestId",
    }


def timeout_milliseconds(endpoint: resolved.Endpoint) -> int:
    """Its stages share what calls them; each ends what takes it too long by itself, and before."""
    longest = max(stage.request_timeout for stage in endpoint.stages.values())
    return 1000 * min(longest + 1, AWS_SECONDS)


def authorizing(platform: resolved.Platform, endpoint: resolved.Endpoint) -> Jwt | None:
    """The tokens that API Gateway is to check before anything gets in; the servers check them
    anyway.

    None where it can't: it finds an issuer's keys at the issuer alone, and knows no API keys.
    """
    jwt = endpoint.access.jwt
    if jwt is None or not platform.api_gateway.jwt_authorizer:
        return None
    if endpoint.access.api_keys is not None or jwt.jwks_url is None:
        return None
    return jwt if jwt.issuer.startswith("https://") else None


def log_format(
    workspace: resolved.Workspace, endpoint: resolved.Endpoint, stage: resolved.Stage | None
) -> str:
    """A record of a call, with EasyMaker's fields of an inference. Of `$default` (None) nobody says
    here which stage and model it leads to: the server's record has them, under the same id."""
    took = "$context.httpMethod $context.path $context.status $context.responseLatency ms"
    return to_json(
        {
            "easymakerAppKey": workspace.platform.app_key,
            "category": "easymaker.inference",
            "logType": "NHNCloud-AIEasyMaker",
            "endpointId": endpoint.name,
            "endpointStageId": "$context.stage",
            "action": "Endpoint.ApiGateway",
            **({} if stage is None else {"modelName": stage.model.model_name}),
            "logLevel": "INFO",
            "body": took,
            # HTTP APIs have no time as ISO has it; the second one is in milliseconds.
            "time": "$context.requestTime",
            "timeEpoch": "$context.requestTimeEpoch",
            "inferenceId": "$context.requestId",
            "sourceIp": "$context.identity.sourceIp",
            "status": "$context.status",
            "integrationStatus": "$context.integration.status",
            "integrationLatency": "$context.integration.latency",
            "error": "$context.error.message",
        }
    )


def log_group_arn(platform: resolved.Platform) -> str:
    """Where the records go; empty if the cluster has no such group."""
    cluster = platform.outputs
    group = cluster.log_groups.get(KIND)
    if not group:
        return ""
    return f"arn:{cluster.partition}:logs:{cluster.region}:{cluster.account}:log-group:{group}"


def stage_route(
    workspace: resolved.Workspace, endpoint: resolved.Endpoint, stage: resolved.Stage
) -> Manifest:
    """The endpoint's host for calls of one stage; without the header its own route counts."""
    metadata = {
        "name": names.object_name(KIND, f"{stage.name}-{stage.endpoint}"),
        "namespace": workspace.name,
        "labels": {**labels(KIND, stage.name), ENDPOINT_LABEL: stage.endpoint},
    }
    found = routes.route(workspace, metadata, endpoint.host, {stage.object_name: 1})
    (match,) = found["spec"]["rules"][0]["matches"]
    match["headers"] = [{"type": "Exact", "name": STAGE_HEADER, "value": stage.name}]
    return found
