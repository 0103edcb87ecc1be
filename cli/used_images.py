"""The images of ours that a spec uses, brought into a local cluster."""

from collections.abc import Callable

from schemas import resolved
from tools import images
from tools.errors import ToolError
from tools.images.catalogue import REPOSITORY


def references(workspace: resolved.Workspace) -> list[str]:
    """The references of every image that something declared runs in."""
    stages = [s for endpoint in workspace.endpoints.values() for s in endpoint.stages.values()]
    servers = [workspace.platform.serving[stage.model.framework] for stage in stages]
    found = {server.reference for server in servers}
    found |= {training.image.reference for training in workspace.trainings.values()}
    found |= {notebook.image.reference for notebook in workspace.notebooks.values()}
    ours = set()
    if workspace.trainings or workspace.experiments or stages:
        ours.add("tools")
    if workspace.experiments:
        ours.add("tensorboard")
    if any(server.protocol != "easymaker" for server in servers):
        ours.add("serving-front")
    built = workspace.platform.built_images
    return sorted(found | {built[name] for name in ours & built.keys()})


def load(workspace: resolved.Workspace, store: images.Store, say: Callable[[str], None]) -> None:
    """Build and load those that the cluster lacks.

    Raises ToolError where the spec names one that this checkout does not make.
    """
    wanted = references(workspace)
    names = images.names_of(wanted)
    known = images.refs().values()
    stale = [
        reference
        for reference in wanted
        if reference.startswith(f"{REPOSITORY}/")
        and reference not in known
        and not store.has(reference)
    ]
    if stale:
        raise ToolError(
            f"the spec names the image {stale[0]}, which this checkout does not make",
            "`emctl images lock` writes the names of those that it makes",
        )
    images.ensure_loaded(store, names, say)
