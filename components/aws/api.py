"""The component of an endpoint's HTTP API in API Gateway."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import apigatewayv2 as gateway

from components.manifests.aws import api as manifests
from components.objects import KubernetesObject
from schemas import resolved


@dataclass(frozen=True, kw_only=True)
class ApiArgs:
    """`depends_on` and `deleted_with` are of what is in the cluster."""

    workspace: resolved.Workspace
    endpoint: resolved.Endpoint
    depends_on: Sequence[pulumi.Resource] = ()
    deleted_with: pulumi.Resource | None = None


class Api(pulumi.ComponentResource):
    """A stage of the API for each stage of the endpoint, and `$default` for its default one; a
    route for each resource path. In the cluster a route for each stage, which goes by the header
    that names it: another default stage changes nothing here.

    Outputs: `url`, of the default stage; `stages`, the URL of each by name; `target`, what the
    DNS record of the endpoint's host leads to, empty without a certificate.
    """

    url: pulumi.Output[str]
    stages: dict[str, pulumi.Output[str]]
    target: pulumi.Output[str]
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: ApiArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("easymaker:endpoint:Api", name, {}, opts)
        spec, platform = args.endpoint, args.workspace.platform
        self._args = args
        self._own = pulumi.ResourceOptions(parent=self)
        if not (spec.access.api_keys or spec.access.jwt):
            pulumi.log.warn(
                f"endpoints.{spec.name}: anybody on the internet may call it at API Gateway "
                "(`access` says who may)",
                self,
            )
        certificate = platform.api_gateway.certificate
        api = gateway.Api(
            f"api-{name}",
            name=manifests.name(args.workspace, spec),
            protocol_type="HTTP",
            description=spec.description or None,
            # With a host of its own there is one way in.
            disable_execute_api_endpoint=certificate is not None,
            tags={"easymaker:workspace": args.workspace.name, "easymaker:endpoint": spec.name},
            opts=self._own,
        )
        self._routes(f"api-{name}", api)
        made = {
            key: self._stage(f"api-{key}-{name}", key, api, stage)
            for key, stage in spec.stages.items()
        }
        default = self._stage(f"api-{name}", manifests.DEFAULT, api)
        self.url = api.api_endpoint
        self.target = pulumi.Output.from_input("")
        if certificate is not None:
            domain = self._domain(f"api-{name}", certificate, api, {**made, "": default})
            self.url = pulumi.Output.from_input(f"https://{spec.host}")
            self.target = domain.domain_name_configuration.target_domain_name
        self.stages = {key: pulumi.Output.concat(self.url, "/", key) for key in spec.stages}
        inside = pulumi.ResourceOptions(
            parent=self, depends_on=list(args.depends_on), deleted_with=args.deleted_with
        )
        ways: list[pulumi.Resource] = [
            KubernetesObject(
                manifest["metadata"]["name"],
                manifest,
                inside,
            )
            for manifest in (
                manifests.stage_route(args.workspace, spec, stage) for stage in spec.stages.values()
            )
        ]
        self.children = [api, default, *made.values(), *ways]
        self.register_outputs(self.summary)

    @property
    def summary(self) -> dict[str, object]:
        """Its outputs."""
        return {"url": self.url, "stages": self.stages, "target": self.target}

    def _routes(self, name: str, api: gateway.Api) -> None:
        spec, cluster = self._args.endpoint, self._args.workspace.platform.outputs
        jwt = manifests.authorizing(self._args.workspace.platform, spec)
        authorizer = None
        if jwt is not None:
            authorizer = gateway.Authorizer(
                name,
                api_id=api.id,
                name=spec.name,
                authorizer_type="JWT",
                identity_sources=["$request.header.Authorization"],
                jwt_configuration={"issuer": jwt.issuer, "audiences": [jwt.audience]},
                opts=self._own,
            )
        for path in manifests.paths(spec):
            integration = gateway.Integration(
                f"{name}{path}",
                api_id=api.id,
                integration_type="HTTP_PROXY",
                integration_method="POST",
                integration_uri=cluster.listener_arn,
                connection_type="VPC_LINK",
                connection_id=cluster.vpc_link,
                payload_format_version="1.0",
                request_parameters=manifests.request_parameters(spec, path),
                timeout_milliseconds=manifests.timeout_milliseconds(spec),
                opts=self._own,
            )
            gateway.Route(
                f"{name}{path}",
                api_id=api.id,
                route_key=f"POST {path}",
                target=pulumi.Output.concat("integrations/", integration.id),
                authorization_type="NONE" if authorizer is None else "JWT",
                authorizer_id=None if authorizer is None else authorizer.id,
                opts=self._own,
            )

    def _stage(
        self, name: str, stage: str, api: gateway.Api, of: resolved.Stage | None = None
    ) -> gateway.Stage:
        workspace, spec = self._args.workspace, self._args.endpoint
        group, limits = manifests.log_group_arn(workspace.platform), workspace.platform.api_gateway
        return gateway.Stage(
            name,
            api_id=api.id,
            name=stage,
            auto_deploy=True,
            access_log_settings={
                "destination_arn": group,
                "format": manifests.log_format(workspace, spec, of),
            }
            if group
            else None,
            default_route_settings={
                "throttling_rate_limit": limits.rate,
                "throttling_burst_limit": limits.burst,
            },
            opts=self._own,
        )

    def _domain(
        self, name: str, certificate: str, api: gateway.Api, stages: dict[str, gateway.Stage]
    ) -> gateway.DomainName:
        domain = gateway.DomainName(
            name,
            domain_name=self._args.endpoint.host,
            domain_name_configuration={
                "certificate_arn": certificate,
                "endpoint_type": "REGIONAL",
                "security_policy": "TLS_1_2",
            },
            opts=self._own,
        )
        for key, stage in stages.items():
            gateway.ApiMapping(
                f"{name}/{key}",
                api_id=api.id,
                domain_name=domain.domain_name,
                stage=stage.name,
                api_mapping_key=key or None,
                opts=self._own,
            )
        return domain
