"""The component of an endpoint's stage."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pulumi

from components.manifests import Manifest, artifact, routes, stage
from components.manifests.served import Served
from components.manifests.stage import Behind
from components.manifests.standing import Standing
from components.objects import KubernetesObject
from schemas import resolved
from schemas.document import stage_document
from schemas.text import to_json

Check = Callable[[Manifest], str]
"""Runs a pod to its end, and says why it failed; nothing if it did not. Runs in a thread."""
NotReady = Callable[[resolved.Stage, str], str]
"""Waits for the Deployment of this name, and says why its pods are not all ready; nothing if they
are. Runs in a thread."""


@dataclass(frozen=True, kw_only=True)
class StageArgs:
    """`served` is what it serves; None while the training of its model has made nothing yet.
    `standing` is what the cluster has of it."""

    workspace: resolved.Workspace
    endpoint: resolved.Endpoint
    spec: resolved.Stage
    served: Served | None
    check: Check
    not_ready: NotReady
    standing: Standing = field(default_factory=Standing)
    depends_on: Sequence[pulumi.Resource] = ()
    deleted_with: pulumi.Resource | None = None


class NotServing(Exception):
    """Requests stay where they are; the sentence is all that the engine shows of it."""


class Stage(pulumi.ComponentResource):
    """Service and HTTPRoute, and as soon as there is something to serve a Deployment of its own for
    it; from two instances a PodDisruptionBudget; with `autoscaling` a HorizontalPodAutoscaler, and
    then nobody here looks at how many pods there are.

    Before pods are made that take over, a hook has the artifact checked that they would load: if it
    is missing or changed, nothing is touched. Where it serves something else by then, the new
    Deployment stands beside the old one until all of its pods are ready: what leads to the pods
    changes only then, and stays as it is where they don't become ready. The old Deployment is not
    registered any more, so that it goes when the program has ended well.

    Outputs: `url`, its own host; `model` and `revision`, what it serves: both empty while it waits.
    """

    url: str
    model: str
    revision: str
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: StageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        spec, served = args.spec, args.served
        if served and (reason := stage.unservable(args.workspace.platform, served)):
            raise pulumi.RunError(f"endpoints.{spec.endpoint}.stages.{spec.name}: {reason}")
        props = {"spec": to_json(stage_document(spec))}
        super().__init__("easymaker:endpoint:Stage", name, props, opts)
        self.url = routes.url(args.workspace.platform, spec.host)
        self.model = served.model if served else ""
        self.revision = served.revision if served else ""
        inside = pulumi.ResourceOptions(
            parent=self, depends_on=list(args.depends_on), deleted_with=args.deleted_with
        )
        pods = [self._deployment(args, served, inside)] if served else []
        # It says what is settled, so it is for what there is.
        after = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=pods))
        route = KubernetesObject(spec.object_name, stage.route(args.workspace, spec, served), after)
        self.children = [*pods, route, *self._following(args, pods, inside)]
        self.register_outputs(self.summary)

    @property
    def summary(self) -> dict[str, str]:
        """Its outputs."""
        return {"url": self.url, "model": self.model, "revision": self.revision}

    def _deployment(
        self, args: StageArgs, served: Served, inside: pulumi.ResourceOptions
    ) -> pulumi.Resource:
        spec, standing, new = args.spec, args.standing, stage.behind(args.spec, served)
        scaled = spec.autoscaling is not None
        manifest = stage.deployment(
            args.workspace,
            args.endpoint,
            spec,
            served,
            standing.instances(new) if scaled else 0,
        )
        # What an apply before left unfinished goes first: there is room for the stage twice.
        left = standing.left(new)
        options = pulumi.ResourceOptions(
            hooks=_artifact_hooks(args, served, takes_over=standing.behind(new) is not None),
            ignore_changes=[stage.COUNT] if scaled and standing.answers(new) else None,
            aliases=[pulumi.Alias(name=name) for name in left] or None,
            delete_before_replace=True if left else None,
        )
        return KubernetesObject(
            new.deployment, manifest, pulumi.ResourceOptions.merge(inside, options)
        )

    def _following(
        self, args: StageArgs, pods: Sequence[pulumi.Resource], inside: pulumi.ResourceOptions
    ) -> list[pulumi.Resource]:
        """What leads to the pods. A dependency on the Deployment would make the engine replace it
        with that."""
        spec, new = args.spec, stage.behind(args.spec, args.served)

        def made(behind: Behind) -> list[Manifest]:
            return stage.following(args.workspace, spec, behind, bool(pods))

        manifests, old = made(new), args.standing.behind(new)
        if pods and old and _waits(args, new) and not pulumi.runtime.is_dry_run():
            specs = pulumi.Output.all(_when_ready(args, pods[0], old, new)).apply(
                lambda found: [manifest["spec"] for manifest in made(found[0])]
            )
            manifests = [{**item, "spec": specs[at]} for at, item in enumerate(manifests)]
        return [KubernetesObject(spec.object_name, manifest, inside) for manifest in manifests]


def _waits(args: StageArgs, new: Behind) -> bool:
    """Whether requests stay until the new pods are ready. Those for GPUs get them from pods that
    don't answer anyway."""
    return not args.spec.flavor.gpu_count or args.standing.is_available(new)


async def _when_ready(args: StageArgs, pods: pulumi.Resource, old: Behind, new: Behind) -> Behind:
    """What requests lead to: the new pods if all of them are ready, else the old ones."""
    await pods.urn.future()
    why = await asyncio.to_thread(args.not_ready, args.spec, new.deployment)
    return old if why else new


def _artifact_hooks(
    args: StageArgs, served: Served, takes_over: bool
) -> pulumi.ResourceHookBinding:
    check = only_with_its_artifact(args.workspace, args.spec, served, args.check)
    hook = pulumi.ResourceHook(f"{args.spec.object_name}-artifact", check)
    # The first pods of a stage take nothing from anybody: they say themselves what is wrong.
    return pulumi.ResourceHookBinding(
        before_create=[hook] if takes_over else None, before_update=[hook]
    )


def only_with_its_artifact(
    workspace: resolved.Workspace, spec: resolved.Stage, served: Served, check: Check
) -> Callable[[pulumi.ResourceHookArgs], Awaitable[None]]:
    """What runs before the stage's Deployment is made or changes. It raises NotServing."""

    async def before(deployment: pulumi.ResourceHookArgs) -> None:
        assert deployment.new_inputs is not None  # noqa: S101
        old, new = deployment.old_inputs, deployment.new_inputs
        if old and old["spec"]["template"] == new["spec"]["template"]:
            return
        pod = artifact.check_pod(workspace, spec, served)
        if why := await asyncio.to_thread(check, pod):
            raise NotServing(
                f"endpoints.{spec.endpoint}.stages.{spec.name}: it stays as it is: {why}"
            )

    return before
