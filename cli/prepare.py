"""What must be there before a spec is applied: stack, configuration, images, buckets, examples."""

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from cli import local_stack, used_images
from cli.bucket import Buckets, buckets, full_key
from cli.stack import PROJECT, Stack
from components.manifests import credentials
from schemas import resolved
from tools.errors import ToolError

TOKEN_KEY = "easymaker:tokenKey"  # noqa: S105
"""Key of the stack's configuration whose value tokens are made of."""
Say = Callable[[str], None]


def prepare(
    workspace: resolved.Workspace,
    stack: Stack,
    spec: Path,
    local: local_stack.LocalCluster | None,
    say: Say,
) -> Buckets:
    """Make all of it, and only what is missing. Raises ToolError where the user must give it."""
    stack.select()
    config = stack.config()
    stack.set_config({"easymaker:spec": os.path.relpath(spec.resolve(), PROJECT)}, config)
    given = _local_secrets(workspace, local, config) if local else {}
    stack.set_config(given, config, secret=True)
    config = {**config, **given}
    require(needed(workspace), config, stack.name)
    if local:
        used_images.load(workspace, local.images, say)
        if scales(workspace):
            local.measure(say)
    addresses = [workspace.platform.system_path]
    addresses += [training.output_data for training in workspace.trainings.values()]
    found = buckets(workspace.platform, addresses, config)
    if local:
        sent = local_stack.fill(workspace, local, found)
        say(f"examples: {sent} files uploaded" if sent else "examples: nothing to upload")
    return found


def scales(workspace: resolved.Workspace) -> bool:
    """Whether a stage has as many instances as its load asks for."""
    stages = [stage for item in workspace.endpoints.values() for stage in item.stages.values()]
    return any(stage.autoscaling for stage in stages)


def needed(workspace: resolved.Workspace) -> list[str]:
    """The secret values of the stack's configuration that the spec needs."""
    keys = [full_key(key) for key in credentials.config_keys(workspace)]
    return [*keys, TOKEN_KEY] if workspace.notebooks or workspace.experiments else keys


def require(keys: list[str], config: Mapping[str, str], stack: str) -> None:
    """Raises ToolError that says how to set the first key that has no value."""
    for key in keys:
        if config.get(key):
            continue
        set_it = f"pulumi config set --secret {key} --stack {stack}"
        if key == TOKEN_KEY:
            raise ToolError(
                f"the stack's configuration lacks {key}, which the tokens of "
                "notebooks and TensorBoards are made of",
                f"`openssl rand -hex 32 | {set_it}`",
            )
        raise ToolError(
            f"the stack's configuration lacks {key}, which the spec names as a credential",
            f"`{set_it}` asks for it",
        )


def _local_secrets(
    workspace: resolved.Workspace, local: local_stack.LocalCluster, config: Mapping[str, str]
) -> dict[str, str]:
    """What nobody has to give on a local cluster."""
    found = dict(local_stack.secret_config(workspace, local))
    if TOKEN_KEY in needed(workspace):
        found[TOKEN_KEY] = config.get(TOKEN_KEY) or secrets.token_hex(32)
    return found
