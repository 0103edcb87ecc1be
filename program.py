"""The one place where components meet."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import KubeClientSettingsArgs, Provider

import live
from components import training, workspace
from components.manifests import stores
from schemas import platform, resolved

_BATCH = 32
"""So many registrations run ahead before the engine gets its turn."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the program knows beside the spec.

    `stack` is its own identity, `secret` reads an encrypted value of the stack's configuration.
    """

    stack: str
    launcher_files: Mapping[str, str]
    secret: Callable[[str], pulumi.Output[str]]
    live: live.Live


async def build(spec: resolved.Workspace, settings: Settings) -> dict[str, object]:
    """Register everything. Returns the stack's outputs.

    Raises pulumi.RunError where the namespace belongs to another stack.
    """
    target = spec.platform.target
    if not isinstance(target, platform.KubernetesTarget):
        raise pulumi.RunError("platform.target: only type kubernetes can be applied so far")
    owner = settings.live.stack
    if owner and owner != settings.stack:
        raise pulumi.RunError(
            f"namespace {spec.name!r} belongs to the stack {owner} (this one is {settings.stack}): "
            "choose another `workspace`"
        )
    cluster = provider(target)
    options = pulumi.ResourceOptions(providers=[cluster])
    home = workspace.Workspace(
        spec.name,
        workspace.WorkspaceArgs(
            spec=spec,
            stack=settings.stack,
            launcher_files=settings.launcher_files,
            kept_launchers=settings.live.launchers_of(spec.trainings),
            credentials={key: settings.secret(key) for key in stores.config_keys(spec.platform)},
        ),
        options,
    )
    made: list[pulumi.Resource] = [*home.children]
    outputs: dict[str, object] = {}
    for number, (name, item) in enumerate(spec.trainings.items()):
        if number % _BATCH == 0:
            # Lets the engine start on what is there, and the loop forget what is done.
            await asyncio.sleep(0)
        component = training.Training(
            name,
            training.TrainingArgs(
                workspace=spec,
                spec=item,
                launcher=home.launcher,
                jobs=settings.live.jobs_of(name),
                depends_on=home.children,
                deleted_with=home.owner,
            ),
            pulumi.ResourceOptions(
                providers=[cluster], parent=home, protect=item.deletion_protection
            ),
        )
        made += component.children
        outputs[name] = {
            "job": component.job,
            "revision": component.revision,
            "output": component.output,
        }
    # Waiting here for all of them spares the SDK a wait that grows with their square.
    await asyncio.gather(*(item.urn.future() for item in made), return_exceptions=True)
    return {"namespace": home.namespace, "trainings": outputs}


def provider(target: platform.KubernetesTarget) -> Provider:
    """The provider of the cluster. Credentials stay in the user's kubeconfig and out of the state.

    The context is the cluster's identity: only another context replaces everything, and not
    another address or token behind it.
    """
    return Provider(
        "cluster",
        context=target.context,
        cluster_identifier=target.context,
        enable_secret_mutable=True,
        kube_client_settings=KubeClientSettingsArgs(qps=500, burst=1000, timeout=30),
    )
