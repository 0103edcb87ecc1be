"""The component of an endpoint."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.manifests import endpoint as manifests
from components.manifests import routes
from components.manifests.served import Served
from components.manifests.standing import Standing
from components.objects import KubernetesObject
from components.stage import Check, NotReady, NotServing, Stage, StageArgs
from schemas import resolved
from schemas.document import endpoint_document
from schemas.text import to_json

WhyNot = Callable[[resolved.Stage], str]
"""Waits, and says why a stage does not serve; nothing if it does. Runs in a thread."""


@dataclass(frozen=True, kw_only=True)
class EndpointArgs:
    """`served` is what each stage serves, and `standing` what the cluster has of it, by its name:
    see `components.manifests.served`."""

    workspace: resolved.Workspace
    spec: resolved.Endpoint
    served: Mapping[str, Served | None]
    why_not: WhyNot
    check: Check
    not_ready: NotReady
    standing: Mapping[str, Standing] = field(default_factory=dict)
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
                not_ready=args.not_ready,
                standing=args.standing.get(spec.name, Standing()),
                depends_on=args.depends_on,
                deleted_with=args.deleted_with,
            ),
            # A protected endpoint may still lose a stage.
            pulumi.ResourceOptions(parent=self, protect=False),
        )


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
