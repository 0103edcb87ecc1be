"""The component of a model: the record that stages and people find it by."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.manifests import model as manifests
from components.manifests.served import Served
from components.objects import KubernetesObject
from schemas import resolved
from schemas.document import model_document
from schemas.text import to_json


@dataclass(frozen=True, kw_only=True)
class ModelArgs:
    """`served` is the artifact that counts now; None while its training has made none."""

    workspace: resolved.Workspace
    spec: resolved.Model
    served: Served | None
    depends_on: Sequence[pulumi.Resource] = ()
    deleted_with: pulumi.Resource | None = None


class Model(pulumi.ComponentResource):
    """A ConfigMap.

    Outputs: `record`, its name; `path`, where the artifact is, and `revision`, of the training that
    made it: both empty while there is none.
    """

    record: str
    path: str
    revision: str
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        spec = args.spec
        props = {"spec": to_json(model_document(spec))}
        super().__init__("easymaker:model:Model", name, props, opts)
        manifest = manifests.record(args.workspace, spec, args.served)
        self.record = spec.object_name
        self.path = manifest["data"]["path"]
        self.revision = manifest["data"]["revision"]
        inside = pulumi.ResourceOptions(
            parent=self, depends_on=list(args.depends_on), deleted_with=args.deleted_with
        )
        self.children = [KubernetesObject(spec.object_name, manifest, inside)]
        self.register_outputs({"record": self.record, "path": self.path, "revision": self.revision})
