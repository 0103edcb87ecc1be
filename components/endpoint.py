"""The components of an endpoint and of its stages."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.manifests import Manifest, artifact, routes, stage
from components.manifests import endpoint as manifests
from components.manifests.served import Served
from components.objects import KubernetesObject
from schemas import resolved
from schemas.document import endpoint_document, stage_document
from schemas.text import to_json

Check = Callable[[Manifest], str]
"""Runs a pod to its end, and says why it failed; nothing if it did not. Runs in a thread."""


@dataclass(frozen=True, kw_only=True)
class StageArgs:
    """`served` is what it serves; None while the training of its model has made nothing yet."""

    workspace: resolved.Workspace
    endpoint: resolved.Endpoint
    spec: resolved.Stage
    served: Served | None
    check: Check
    depends_on: Sequence[pulumi.Resource] = ()
    deleted_with: pulumi.Resource | None = None


class Stage(pulumi.ComponentResource):
    """Service and HTTPRoute, and as soon as there is something to serve a Deployment; from two
    instances a PodDisruptionBudget; with `autoscaling` a HorizontalPodAutoscaler, and then nobody
    here looks at how many pods there are. Before pods are replaced, a hook has the artifact checked
    that new ones would load: if it is missing or changed, nothing is touched.

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
        ignored = [stage.COUNT] if spec.autoscaling else None
        pods = pulumi.ResourceOptions.merge(
            inside, pulumi.ResourceOptions(hooks=_artifact_hooks(args), ignore_changes=ignored)
        )
        self.children = [
            KubernetesObject(
                spec.object_name, manifest, pods if manifest["kind"] == "Deployment" else inside
            )
            for manifest in stage.manifests(args.workspace, args.endpoint, spec, served)
        ]
        self.register_outputs(self.summary)

    @property
    def summary(self) -> dict[str, str]:
        """Its outputs."""
        return {"url": self.url, "model": self.model, "revision": self.revision}


WhyNot = Callable[[resolved.Stage], str]
"""Waits, and says why a stage does not serve; nothing if it does. Runs in a thread."""


@dataclass(frozen=True, kw_only=True)
class EndpointArgs:
    """`served` is what each stage serves, by its name: see `components.manifests.served`."""

    workspace: resolved.Workspace
    spec: resolved.Endpoint
    served: Mapping[str, Served | None]
    why_not: WhyNot
    check: Check
    depends_on: Sequence[pulumi.Resource] = ()
    deleted_with: pulumi.Resource | None = None


class Endpoint(pulumi.ComponentResource):
    """Its stages, and an HTTPRoute to the default one. Where it leads elsewhere later, a hook first
    asks whether that stage serves: if not, nothing changes, and the error says why.

    Outputs: `url`, the host of the default stage; `stages`, the outputs of each by name.
    """

    url: str
    stages: dict[str, dict[str, str]]
    children: list[pulumi.Resource]

    def __init__(
        self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        spec = args.spec
        props = {"spec": to_json(endpoint_document(spec))}
        super().__init__("easymaker:endpoint:Endpoint", name, props, opts)
        self.url = routes.url(args.workspace.platform, spec.host)
        made = {key: self._stage(args, item) for key, item in spec.stages.items()}
        self.stages = {key: item.summary for key, item in made.items()}
        before = [child for key in spec.shares for child in made[key].children]
        own = KubernetesObject(
            spec.object_name,
            manifests.route(args.workspace, spec),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[*args.depends_on, *before],
                deleted_with=args.deleted_with,
                hooks=pulumi.ResourceHookBinding(
                    before_update=[
                        pulumi.ResourceHook(
                            f"{spec.object_name}-moves", only_to_what_serves(spec, args.why_not)
                        )
                    ]
                ),
            ),
        )
        self.children = [child for item in made.values() for child in item.children] + [own]
        self.register_outputs({"url": self.url, "stages": self.stages})

    def _stage(self, args: EndpointArgs, spec: resolved.Stage) -> Stage:
        return Stage(
            # The first label of its host, which no other stage has.
            f"{spec.name}-{spec.endpoint}",
            StageArgs(
                workspace=args.workspace,
                endpoint=args.spec,
                spec=spec,
                served=args.served[spec.name],
                check=args.check,
                depends_on=args.depends_on,
                deleted_with=args.deleted_with,
            ),
            # A protected endpoint may still lose a stage.
            pulumi.ResourceOptions(parent=self, protect=False),
        )


class NotServing(Exception):
    """Requests stay where they are; the sentence is all that the engine shows of it."""


def _artifact_hooks(args: StageArgs) -> pulumi.ResourceHookBinding | None:
    if args.served is None:
        return None
    check = only_with_its_artifact(args.workspace, args.spec, args.served, args.check)
    hook = pulumi.ResourceHook(f"{args.spec.object_name}-artifact", check)
    return pulumi.ResourceHookBinding(before_update=[hook])


def only_with_its_artifact(
    workspace: resolved.Workspace, spec: resolved.Stage, served: Served, check: Check
) -> Callable[[pulumi.ResourceHookArgs], Awaitable[None]]:
    """What runs before the stage's Deployment changes. It raises NotServing."""

    async def before(deployment: pulumi.ResourceHookArgs) -> None:
        assert deployment.old_inputs is not None  # noqa: S101
        assert deployment.new_inputs is not None  # noqa: S101
        old, new = deployment.old_inputs["spec"], deployment.new_inputs["spec"]
        if old["template"] == new["template"]:
            return
        pod = artifact.check_pod(workspace, spec, served)
        if why := await asyncio.to_thread(check, pod):
            raise NotServing(
                f"endpoints.{spec.endpoint}.stages.{spec.name}: it stays as it is: {why}"
            )

    return before


def only_to_what_serves(
    spec: resolved.Endpoint, why_not: WhyNot
) -> Callable[[pulumi.ResourceHookArgs], Awaitable[None]]:
    """What runs before the endpoint's route changes. It raises NotServing."""

    async def check(route: pulumi.ResourceHookArgs) -> None:
        assert route.old_inputs is not None  # noqa: S101
        before = routes.services(route.old_inputs)
        for name in spec.shares:
            if spec.stages[name].object_name in before:
                continue
            if why := await asyncio.to_thread(why_not, spec.stages[name]):
                raise NotServing(
                    f"endpoints.{spec.name}: the stage {name} does not serve, so requests stay "
                    f"where they are: {why}"
                )

    return check
