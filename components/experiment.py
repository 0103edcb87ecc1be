"""The component of an experiment: its TensorBoard."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components import access
from components.manifests import experiment as manifests
from components.manifests import routes
from components.objects import KubernetesObject
from schemas import resolved
from schemas.text import to_json


@dataclass(frozen=True, kw_only=True)
class ExperimentArgs:
    """`depends_on` is the workspace's, `deleted_with` its namespace if that is ours."""

    workspace: resolved.Workspace
    spec: resolved.Experiment
    token: pulumi.Input[str]
    depends_on: Sequence[pulumi.Resource] = ()
    deleted_with: pulumi.Resource | None = None


class Experiment(pulumi.ComponentResource):
    """TensorBoard Deployment, token Secret, Service and HTTPRoute. `pulumi up` does not wait for
    the pod.

    Outputs: `deployment` and `token_secret`, their names; `url`, where TensorBoard answers who has
    the token.
    """

    deployment: str
    token_secret: str
    url: str
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: ExperimentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        workspace, spec = args.workspace, args.spec
        props = {"spec": to_json({"description": spec.description})}
        super().__init__("easymaker:experiment:Experiment", name, props, opts)
        self.deployment = self.token_secret = spec.object_name
        host = manifests.tensorboard_host(workspace, spec)
        self.url = routes.url(workspace.platform, host)

        def inside(*needed: pulumi.Resource) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(
                parent=self,
                depends_on=[*args.depends_on, *needed],
                deleted_with=args.deleted_with,
            )

        metadata = manifests.token_metadata(workspace, spec)
        secret = access.token_secret(self.token_secret, metadata, args.token, inside())
        deployment = manifests.deployment(workspace, spec, access.fingerprint(args.token))
        self.children = [
            secret,
            KubernetesObject(spec.object_name, deployment, inside(secret)),
            KubernetesObject(spec.object_name, manifests.service(workspace, spec), inside()),
            KubernetesObject(spec.object_name, manifests.route(workspace, spec), inside()),
        ]
        self.register_outputs(
            {"deployment": self.deployment, "token_secret": self.token_secret, "url": self.url}
        )
