"""What a workspace has beside its cluster on AWS."""

from collections.abc import Iterable
from typing import Any

import pulumi
from pulumi_aws import Provider

from components.aws.access import Access, AccessArgs
from components.aws.api import Api, ApiArgs
from components.manifests.aws import access, fitting
from components.manifests.served import Served
from schemas import resolved


class OnAws:
    """Registers it, with a provider of its own. `children` are what pods wait for.

    Raises pulumi.RunError, before anything is registered, where AWS can't take it.
    """

    children: list[pulumi.Resource]

    def __init__(self, workspace: resolved.Workspace, served: Iterable[Served]) -> None:
        cluster = workspace.platform.outputs
        certificate = workspace.platform.api_gateway.certificate
        there = certificate.split(":")[3] if certificate else cluster.region
        if there != cluster.region:
            raise pulumi.RunError(
                f"platform.api_gateway.certificate: it is of {there}, but the cluster "
                f"{cluster.name} is in {cluster.region}, whose API Gateway takes no other: "
                f"request or import one there"
            )
        if misfits := fitting.misfits(workspace):
            raise pulumi.RunError("\n".join(misfits))
        try:
            policies = access.policies(workspace, served)
        except access.NoPolicy as error:
            raise pulumi.RunError(str(error)) from None
        # Another account's credentials are refused before anything is made with them.
        self._provider = Provider(
            "aws", region=cluster.region, allowed_account_ids=[cluster.account]
        )
        made = Access(
            workspace.name, AccessArgs(workspace=workspace, policies=policies), self._below()
        )
        self.children = made.children

    def api(
        self,
        spec: resolved.Endpoint,
        parent: pulumi.Resource,
        cluster: pulumi.ProviderResource,
        common: dict[str, Any],
    ) -> Api:
        """An endpoint's HTTP API, below the endpoint."""
        providers = [self._provider, cluster]
        opts = pulumi.ResourceOptions(providers=providers, parent=parent, protect=False)
        return Api(spec.name, ApiArgs(endpoint=spec, **common), opts)

    def _below(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(providers=[self._provider])
