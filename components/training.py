"""The component of a training: a Job for each of its revisions, settings, a Service for several
instances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.manifests import Manifest, places, policies, run_settings
from components.manifests import training as manifests
from components.objects import KubernetesObject
from schemas import resolved
from schemas.document import training_document
from schemas.text import to_json


@dataclass(frozen=True, kw_only=True)
class TrainingArgs:
    """`launcher` is the name of the launcher's ConfigMap for a new revision.

    `jobs` are the training's Jobs that the cluster has, by name. Those of earlier revisions are
    kept as its history, and go when the training leaves the spec.
    """

    workspace: resolved.Workspace
    spec: resolved.Training
    launcher: str
    jobs: Mapping[str, Manifest]
    depends_on: Sequence[pulumi.Resource] = ()
    deleted_with: pulumi.Resource | None = None


class Training(pulumi.ComponentResource):
    """A Job named by the revision. An existing Job never changes but for its suspension, its
    deadline and its annotations: a platform change reaches the next revision only.

    What of it may change while it runs lies in a ConfigMap. Several instances find each other by a
    Service, and a NetworkPolicy lets them.

    Outputs: `job`, the current revision's; `revision`; `output` and `checkpoint`, the addresses
    that its results and its checkpoints get (`checkpoint` is None where none are kept).
    """

    job: str
    revision: str
    output: str
    checkpoint: str | None
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: TrainingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        spec = args.spec
        props = {"spec": to_json(training_document(spec))}
        super().__init__("easymaker:training:Training", name, props, opts)
        self.job = spec.object_name
        self.revision = spec.revision
        self.output = places.output(spec).text
        kept = places.checkpoint(spec)
        self.checkpoint = None if kept is None else kept.text

        def inside(*needed: pulumi.Resource) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(
                parent=self,
                depends_on=[*args.depends_on, *needed],
                deleted_with=args.deleted_with,
            )

        live = args.jobs.get(self.job)
        made = manifests.training_job(args.workspace, spec, args.launcher, live)
        earlier = [
            manifests.kept_job(job) for name, job in sorted(args.jobs.items()) if name != self.job
        ]
        service = manifests.training_service(args.workspace, spec, args.jobs.values())
        several = [service, policies.training_peers(args.workspace.name, name)] if service else []
        found = [
            KubernetesObject(manifest["metadata"]["name"], manifest, inside())
            for manifest in (*several, run_settings.run_settings(args.workspace, spec))
        ]
        # Pods mount, and find each other by, what must be there before them.
        self.children = [
            *found,
            *(
                KubernetesObject(manifest["metadata"]["name"], manifest, inside(*found))
                for manifest in (made, *earlier)
            ),
        ]
        self.register_outputs(
            {
                "job": self.job,
                "revision": self.revision,
                "output": self.output,
                "checkpoint": self.checkpoint,
            }
        )
