"""The component of a notebook: JupyterLab, its volumes and its token."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components import access
from components.manifests import notebook as manifests
from components.manifests import routes
from components.objects import KubernetesObject
from schemas import resolved
from schemas.document import notebook_document
from schemas.text import to_json


@dataclass(frozen=True, kw_only=True)
class NotebookArgs:
    """`depends_on` is the workspace's, `deleted_with` its namespace if that is ours."""

    workspace: resolved.Workspace
    spec: resolved.Notebook
    token: pulumi.Input[str]
    depends_on: Sequence[pulumi.Resource] = ()
    deleted_with: pulumi.Resource | None = None


class Notebook(pulumi.ComponentResource):
    """StatefulSet, data volume, token Secret, Service and HTTPRoute. `pulumi up` does not wait for
    the pod. The data volume goes with the notebook, not with its pod.

    Outputs: `stateful_set`, `claim` of the data volume and `token_secret`, their names; `url`,
    where Jupyter answers who has the token.
    """

    stateful_set: str
    claim: str
    token_secret: str
    url: str
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: NotebookArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        workspace, spec = args.workspace, args.spec
        props = {"spec": to_json(notebook_document(spec))}
        super().__init__("easymaker:notebook:Notebook", name, props, opts)
        self.stateful_set = self.token_secret = spec.object_name
        self.claim = manifests.claim_name(spec)
        self.url = routes.url(workspace.platform, spec.host)

        def inside(*needed: pulumi.Resource) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(
                parent=self,
                depends_on=[*args.depends_on, *needed],
                deleted_with=args.deleted_with,
            )

        metadata = manifests.token_metadata(workspace, spec)
        secret = access.token_secret(self.token_secret, metadata, args.token, inside())
        claim = KubernetesObject(self.claim, manifests.claim(workspace, spec), inside())
        self.children = [
            secret,
            claim,
            KubernetesObject(
                self.stateful_set,
                manifests.stateful_set(workspace, spec, access.fingerprint(args.token)),
                inside(secret, claim),
            ),
            KubernetesObject(spec.object_name, manifests.service(workspace, spec), inside()),
            KubernetesObject(spec.object_name, manifests.route(workspace, spec), inside()),
        ]
        self.register_outputs(
            {
                "stateful_set": self.stateful_set,
                "claim": self.claim,
                "token_secret": self.token_secret,
                "url": self.url,
            }
        )
