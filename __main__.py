"""The program that `pulumi up` runs: stack configuration -> spec -> components."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi

import live
import program
from cli.context import context
from cli.recovery import guard
from cli.rollouts import Rollouts
from schemas import SpecError, load, load_any, resolved, resolved_cluster
from schemas.applied import Resolved
from schemas.cluster_outputs import ClusterOutputs, MissingOutputs, cluster_outputs
from schemas.document import Document
from schemas.platform import AwsTarget

RUNTIME = Path(__file__).parent / "runtime"
LAUNCHER = RUNTIME / "launcher"
CLEANER = RUNTIME / "retention" / "clean.py"


async def main() -> dict[str, object]:
    config = pulumi.Config("easymaker")
    path = config.get("spec")
    if not path:
        raise pulumi.RunError(
            "easymaker:spec is not set (`pulumi config set easymaker:spec stacks/NAME.yaml`)"
        )
    there = live.Live()
    cluster: ClusterOutputs | None = None

    def before(workspace: Resolved) -> Document | None:
        nonlocal there
        if not isinstance(workspace, resolved.Workspace):
            return None
        platform = replace(workspace.platform, cluster=cluster)
        if platform.is_on_aws and cluster is None:
            return None
        there = live.read(context(platform), workspace.name, nodes=bool(platform.pools))
        return there.applied(workspace)

    try:
        spec = load_any(path, before=before)
        if not isinstance(spec, resolved.Workspace):
            return await of_a_cluster(path, spec)
        if isinstance(target := spec.platform.target, AwsTarget):
            await nothing_is_pending(path)
            cluster = await said_by(target.cluster_stack)
            spec = load(path, before=before)
            spec = replace(spec, platform=replace(spec.platform, cluster=cluster))
    except SpecError as error:
        raise pulumi.RunError(f"\n{error}") from None
    except (live.LiveError, MissingOutputs) as error:
        raise pulumi.RunError(str(error)) from None
    settings = program.Settings(
        stack=f"{pulumi.get_project()}/{pulumi.get_stack()}",
        launcher_files={
            file.name: file.read_text(encoding="utf-8") for file in LAUNCHER.glob("*.py")
        },
        cleaner=CLEANER.read_text(encoding="utf-8"),
        secret=config.require_secret,
        live=there,
        stages=Rollouts(spec),
    )
    return await program.build(spec, settings)


async def nothing_is_pending(spec: str) -> None:
    """Stop where the last run was killed and left things on AWS that no state names.

    The engine warns of them and makes them anew.
    """
    preview = pulumi.runtime.is_dry_run()
    problem = await asyncio.to_thread(guard.problem, full_name(), spec, preview=preview)
    if problem and not preview:
        raise pulumi.RunError(problem)
    if problem:
        pulumi.log.warn(problem)


async def said_by(stack: str) -> ClusterOutputs:
    """The outputs of a cluster's stack. Raises MissingOutputs."""
    outputs = await pulumi.StackReference(stack).outputs.future()
    return cluster_outputs(stack, outputs or {})


async def own_outputs() -> Mapping[str, Any]:
    """What this stack said when it was applied last; nothing if it never was."""
    return await pulumi.StackReference("before", stack_name=full_name()).outputs.future() or {}


def full_name() -> str:
    """Of this stack, as others call it."""
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


async def of_a_cluster(path: str, spec: Resolved) -> dict[str, object]:
    """The programs of the other kinds, loaded only where they are run."""
    if isinstance(spec, resolved_cluster.Cluster):
        import live.cluster  # noqa: PLC0415
        import program_cluster  # noqa: PLC0415

        await nothing_is_pending(path)
        account = program_cluster.provider(spec)
        found = await live.cluster.applied(spec, program_cluster.asking(account))
        there = {**live.cluster.recorded(await own_outputs()), **(found or {})}
        load_any(path, before=lambda _: there or None)  # as a change of what there is
        return await program_cluster.build(spec, account)
    assert isinstance(spec, resolved_cluster.ClusterAddons)  # noqa: S101
    import program_addons  # noqa: PLC0415

    settings = program_addons.Settings(
        stack=f"{pulumi.get_project()}/{pulumi.get_stack()}",
        definitions=program_addons.definitions,
        outputs=program_addons.outputs_of,
    )
    return await program_addons.build(spec, settings)


pulumi.run(main)
