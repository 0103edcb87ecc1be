"""The component of a training: a Job for each of its revisions."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.manifests import Manifest
from components.manifests import training as manifests
from components.objects import KubernetesObject
from schemas import resolved
from schemas.document import training_document
from schemas.text import to_json

# What may change in a Job that exists: its suspension, its deadline, and what is said about it.
_FIXED = [
    f"spec.{field}"
    for field in (
        "backoffLimit",
        "completionMode",
        "completions",
        "parallelism",
        "podFailurePolicy",
        "podReplacementPolicy",
        "template",
    )
] + ["metadata.labels"]


@dataclass(frozen=True, kw_only=True)
class TrainingArgs:
    """`launcher` is the name of the launcher's ConfigMap for a new revision.

    `earlier` are the names of Jobs of earlier revisions that the cluster still has: they are kept
    as the training's history, and go when the training leaves the spec.
    """

    workspace: resolved.Workspace
    spec: resolved.Training
    launcher: str
    earlier: Sequence[str] = ()
    depends_on: Sequence[pulumi.Resource] = ()
    deleted_with: pulumi.Resource | None = None


class Training(pulumi.ComponentResource):
    """A Job named by the revision. An existing Job never changes but for its suspension, its
    deadline and its annotations: a platform change reaches the next revision only.

    Outputs: `job`, the current revision's; `revision`; `output`, the address its results get.
    """

    job: str
    revision: str
    output: str
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: TrainingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        spec = args.spec
        props = {"spec": to_json(training_document(spec))}
        super().__init__("easymaker:training:Training", name, props, opts)
        self.job = spec.object_name
        self.revision = spec.revision
        self.output = f"{spec.output_data}/{spec.name}-{spec.revision}"
        inside = pulumi.ResourceOptions(
            parent=self, depends_on=list(args.depends_on), deleted_with=args.deleted_with
        )
        current = manifests.training_job(args.workspace, spec, args.launcher)
        self.children = [_job(current, inside, _FIXED)]
        for job in sorted(set(args.earlier) - {self.job}):
            kept = manifests.kept_job(job, args.workspace.name)
            self.children.append(_job(kept, inside, ["metadata", "spec"]))
        self.register_outputs({"job": self.job, "revision": self.revision, "output": self.output})


def _job(
    manifest: Manifest, opts: pulumi.ResourceOptions, ignore_changes: list[str]
) -> KubernetesObject:
    fixed = pulumi.ResourceOptions(ignore_changes=ignore_changes)
    merged = pulumi.ResourceOptions.merge(opts, fixed)
    return KubernetesObject(manifest["metadata"]["name"], manifest, merged)
