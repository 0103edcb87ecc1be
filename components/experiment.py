"""The component of an experiment: its TensorBoard."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

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
    depends_on: Sequence[pulumi.Resource] = ()
    deleted_with: pulumi.Resource | None = None


class Experiment(pulumi.ComponentResource):
    """TensorBoard Deployment, Service and HTTPRoute. `pulumi up` does not wait for the pod.

    Outputs: `deployment`, its name; `url`, where TensorBoard answers.
    """

    deployment: str
    url: str
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: ExperimentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        workspace, spec = args.workspace, args.spec
        props = {"spec": to_json({"description": spec.description})}
        super().__init__("easymaker:experiment:Experiment", name, props, opts)
        self.deployment = spec.object_name
        host = manifests.tensorboard_host(workspace, spec)
        self.url = routes.url(workspace.platform, host)
        inside = pulumi.ResourceOptions(
            parent=self, depends_on=list(args.depends_on), deleted_with=args.deleted_with
        )
        self.children = [
            KubernetesObject(spec.object_name, manifest, inside)
            for manifest in (
                manifests.deployment(workspace, spec),
                manifests.service(workspace, spec),
                manifests.route(workspace, spec),
            )
        ]
        self.register_outputs({"deployment": self.deployment, "url": self.url})
