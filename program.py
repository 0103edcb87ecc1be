"""The one place where components meet."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pulumi
from pulumi_kubernetes import Provider

import live
from components import (
    access,
    collector,
    endpoint,
    experiment,
    model,
    notebook,
    pool,
    provider,
    training,
    workspace,
)
from components.manifests import Manifest, credentials
from components.manifests import collector as collector_manifests
from components.manifests.pool import check_pools, used_pools
from components.manifests.served import Served, served
from schemas import resolved

if TYPE_CHECKING:
    from components.aws.on_aws import OnAws

TOKEN_KEY = "tokenKey"  # noqa: S105
"""The key of the stack's configuration with the secret that tokens are made of."""
_BATCH = 32
"""So many registrations run ahead before the engine gets its turn."""

Outputs = dict[str, Any]


class Stages(Protocol):
    """How the stages of the workspace are. All wait, and so run in threads."""

    def why_not(self, stage: resolved.Stage) -> str:
        """Why a stage does not serve; empty if it does."""

    def not_ready(self, stage: resolved.Stage, deployment: str) -> str:
        """Why the pods of its new Deployment are not all ready; empty if they are."""

    def check(self, pod: Manifest) -> str:
        """Run a pod that checks an artifact; returns why it failed, empty if it did not."""

    def failed(self, applied: Sequence[resolved.Stage]) -> list[str]:
        """A sentence for each that was applied and does not serve in the end."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the program knows beside the spec.

    `stack` is its own identity, `secret` reads an encrypted value of the stack's configuration.
    """

    stack: str
    launcher_files: Mapping[str, str]
    cleaner: str
    secret: Callable[[str], pulumi.Output[str]]
    live: live.Live
    stages: Stages


async def build(spec: resolved.Workspace, settings: Settings) -> Outputs:
    """Register everything. Returns the stack's outputs.

    Raises pulumi.RunError where the namespace belongs to another stack, and after all is applied
    where a stage does not serve what it should.
    """
    owner = settings.live.stack
    if owner and owner != settings.stack:
        raise pulumi.RunError(
            f"namespace {spec.name!r} belongs to the stack {owner} (this one is {settings.stack}): "
            "choose another `workspace`"
        )
    builder = _Builder(spec, settings, provider.of_workspace(spec.platform))
    outputs = {
        "namespace": spec.name,
        "experiments": await builder.experiments(),
        "trainings": await builder.trainings(),
        "models": await builder.models(),
        "endpoints": await builder.endpoints(),
        "notebooks": await builder.notebooks(),
    }
    # Waiting here for all of them spares the SDK a wait that grows with their square.
    made = await asyncio.gather(
        *(item.urn.future() for item in builder.made), return_exceptions=True
    )
    if not pulumi.runtime.is_dry_run() and not any(isinstance(x, BaseException) for x in made):
        rest = [stage for stage in builder.applied if stage.object_name not in builder.unmoved]
        failed = await asyncio.to_thread(settings.stages.failed, rest)
        if builder.unmoved or failed:
            raise pulumi.RunError("\n".join([*builder.unmoved.values(), *failed]))
    return outputs


class _Builder:
    """Registers one kind after the other, each below the workspace."""

    def __init__(self, spec: resolved.Workspace, settings: Settings, cluster: Provider) -> None:
        self.spec = spec
        self.settings = settings
        self.made: list[pulumi.Resource] = []
        self.applied: list[resolved.Stage] = []
        """The stages that have something to serve."""
        self.unmoved: dict[str, str] = {}
        """Why stages go on serving what they did, by their object's name."""
        self._providers: list[pulumi.ProviderResource] = [cluster]
        there = settings.live
        self.beside = self._on_aws() if spec.platform.is_on_aws else None
        self.home = workspace.Workspace(
            spec.name,
            workspace.WorkspaceArgs(
                spec=spec,
                stack=settings.stack,
                launcher_files=settings.launcher_files,
                cleaner=settings.cleaner,
                kept_launchers=there.launchers_of(spec.trainings),
                credentials={key: settings.secret(key) for key in credentials.config_keys(spec)},
                jobs=[job for name in spec.trainings for job in there.jobs_of(name).values()],
                depends_on=tuple(self.made),
            ),
            pulumi.ResourceOptions(providers=self._providers),
        )
        self.made += self.home.children
        if (logs := spec.platform.logs) is not None:
            keys = collector_manifests.config_keys(logs)
            args = collector.CollectorArgs(
                workspace=spec,
                spec=logs,
                stack=settings.stack,
                credentials={key: settings.secret(key) for key in keys},
                depends_on=tuple(self.beside.children) if self.beside else (),
            )
            self.made += collector.Collector("logs", args, self._below()).children
        pools = used_pools(spec)
        used = {name: spec.platform.pools[name] for name in pools}
        for sentence in check_pools(used, list(there.nodes.values())):
            pulumi.log.warn(sentence)
        for name, flavors in pools.items():
            pool.GpuPool(name, pool.GpuPoolArgs(spec=used[name], flavors=flavors), self._below())

    def _on_aws(self) -> "OnAws":
        """What stands beside the cluster; a program on Kubernetes never loads its modules."""
        from components.aws.on_aws import OnAws  # noqa: PLC0415

        stages = [stage for item in self.spec.endpoints.values() for stage in item.stages.values()]
        settled = map(self._settled, stages)
        found = OnAws(self.spec, [item for item in settled if item])
        self.made += found.children
        return found

    async def experiments(self) -> Outputs:
        found: Outputs = {}
        for name, item in self.spec.experiments.items():
            made = experiment.Experiment(
                name,
                experiment.ExperimentArgs(
                    spec=item, token=self._token("experiment", name), **self._common()
                ),
                self._below(),
            )
            await self._registered(made.children)
            found[name] = {"url": made.url}
        return found

    async def trainings(self) -> Outputs:
        found: Outputs = {}
        for name, item in self.spec.trainings.items():
            made = training.Training(
                name,
                training.TrainingArgs(
                    spec=item,
                    launcher=self.home.launcher,
                    jobs=self.settings.live.jobs_of(name),
                    **self._common(),
                ),
                self._below(protect=item.deletion_protection),
            )
            await self._registered(made.children)
            found[name] = {"job": made.job, "revision": made.revision, "output": made.output}
        return found

    async def models(self) -> Outputs:
        found: Outputs = {}
        records = self.settings.live.config_maps
        for name, item in self.spec.models.items():
            settled = self._served(item, records.get(item.object_name))
            made = model.Model(
                name, model.ModelArgs(spec=item, served=settled, **self._common()), self._below()
            )
            await self._registered(made.children)
            found[name] = {"path": made.path, "revision": made.revision}
        return found

    async def endpoints(self) -> Outputs:
        found: Outputs = {}
        there = self.settings.live
        for name, item in self.spec.endpoints.items():
            settled = {key: self._settled(stage) for key, stage in item.stages.items()}
            self.applied += [item.stages[key] for key, what in settled.items() if what]
            made = endpoint.Endpoint(
                name,
                endpoint.EndpointArgs(
                    spec=item,
                    served=settled,
                    why_not=self.settings.stages.why_not,
                    check=self.settings.stages.check,
                    not_ready=self._not_ready,
                    standing={key: there.standing(stage) for key, stage in item.stages.items()},
                    **self._common(),
                ),
                self._below(protect=item.deletion_protection),
            )
            await self._registered(made.children)
            found[name] = {"url": made.url, "stages": made.stages, **await self._api(made, item)}
        return found

    async def _api(self, made: endpoint.Endpoint, spec: resolved.Endpoint) -> Outputs:
        """Outputs of what is before the endpoint, on AWS."""
        if self.beside is None:
            return {}
        found = self.beside.api(spec, made, self._providers[0], self._common())
        await self._registered(found.children)
        return {"api": found.summary}

    async def notebooks(self) -> Outputs:
        found: Outputs = {}
        for name, item in self.spec.notebooks.items():
            made = notebook.Notebook(
                name,
                notebook.NotebookArgs(
                    spec=item,
                    token=self._token("notebook", name),
                    **self._common(),
                ),
                self._below(protect=item.deletion_protection),
            )
            await self._registered(made.children)
            found[name] = {"url": made.url}
        return found

    def _settled(self, stage: resolved.Stage) -> Served | None:
        """What a stage is to serve."""
        return self._served(stage.model, self.settings.live.settled_by(stage))

    def _not_ready(self, stage: resolved.Stage, deployment: str) -> str:
        """As the stages say it, and noted."""
        why = self.settings.stages.not_ready(stage, deployment)
        if why:
            where = f"endpoints.{stage.endpoint}.stages.{stage.name}"
            self.unmoved[stage.object_name] = f"{where}: {why}"
        return why

    def _served(self, item: resolved.Model, own: Manifest | None) -> Served | None:
        """What counts of a model now; `own` is what said so last."""
        there = self.settings.live
        source = item.source
        jobs = there.jobs_of(source.name) if isinstance(source, resolved.Training) else {}
        return served(item, jobs, own)

    def _token(self, kind: str, name: str) -> pulumi.Output[str]:
        key = self.settings.secret(TOKEN_KEY)
        return access.derived_token(key, kind, self.spec.name, name)

    def _common(self) -> Outputs:
        """Arguments of every component below the workspace."""
        return {
            "workspace": self.spec,
            "depends_on": self.home.ready,
            "deleted_with": self.home.owner,
        }

    def _below(self, protect: bool = False) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(providers=self._providers, parent=self.home, protect=protect)

    async def _registered(self, children: list[pulumi.Resource]) -> None:
        """Note them. Now and then the engine may start on what is there, and the loop forgets."""
        self.made += children
        if len(self.made) // _BATCH != (len(self.made) - len(children)) // _BATCH:
            await asyncio.sleep(0)
