"""Where a workspace keeps things in storage."""

from dataclasses import replace

from schemas import resolved
from schemas.address import Address


def run_name(training: resolved.Training) -> str:
    """The folder of a revision's results, and its id in logs."""
    return f"{training.name}-{training.revision}"


def output(training: resolved.Training) -> Address:
    """Folder of the revision's results: `model/`, and last of all the completion record."""
    return below(training.output_data, run_name(training))


def checkpoint(training: resolved.Training) -> Address | None:
    """Folder of the revision's checkpoints; None if none are kept."""
    return None if training.checkpoint is None else below(training.checkpoint, run_name(training))


def tensorboard(workspace: resolved.Workspace, experiment: str) -> Address:
    """Folder of an experiment's event files: one below it for each run."""
    return below(workspace.platform.system_path, workspace.name, "tensorboard", experiment)


def logs(workspace: resolved.Workspace) -> Address:
    """Folder of all archived logs: `<training>/<revision>/<instance>/<attempt>/` below it."""
    return below(workspace.platform.system_path, workspace.name, "logs")


def run_logs(workspace: resolved.Workspace, training: resolved.Training) -> Address:
    """Folder of a revision's archived logs."""
    return below(logs(workspace), training.name, training.revision)


def below(address: Address, *names: str) -> Address:
    """The address of something in a folder."""
    tail = "/".join(names)
    path = f"{address.path}/{tail}".lstrip("/")
    return replace(address, text=f"{address.text.rstrip('/')}/{tail}", path=path)


def parent(address: Address) -> Address:
    """The address of the folder that something is in."""
    text = address.text.rstrip("/").rpartition("/")[0]
    return replace(address, text=text, path=address.path.rstrip("/").rpartition("/")[0])
