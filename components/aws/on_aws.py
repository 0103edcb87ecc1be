"""What a workspace has beside its cluster on AWS."""

from collections.abc import Iterable

import pulumi
from pulumi_aws import Provider

from components.aws.access import Access, AccessArgs
from components.manifests.aws import access
from components.manifests.served import Served
from schemas import resolved


class OnAws:
    """Registers it, with a provider of its own. `children` are what pods wait for.

    Raises pulumi.RunError, before anything is registered, where AWS can't take it.
    """

    children: list[pulumi.Resource]

    def __init__(self, workspace: resolved.Workspace, served: Iterable[Served]) -> None:
        cluster = workspace.platform.outputs
        try:
            policies = access.policies(workspace, served)
        except access.TooLong as error:
            raise pulumi.RunError(str(error)) from None
        # Another account's credentials are refused before anything is made with them.
        self._provider = Provider(
            "aws", region=cluster.region, allowed_account_ids=[cluster.account]
        )
        made = Access(
            workspace.name, AccessArgs(workspace=workspace, policies=policies), self._below()
        )
        self.children = made.children

    def _below(self, parent: pulumi.Resource | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(providers=[self._provider], parent=parent)
