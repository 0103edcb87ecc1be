"""Which cluster a spec means."""

import hashlib
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import schemas
from cli.stack import PulumiError, Stack
from live import Context
from schemas import resolved
from schemas.cluster_outputs import MissingOutputs, cluster_outputs
from schemas.platform import AwsTarget
from tools.dirs import cache_dir
from tools.errors import ToolError


def load(path: Path) -> resolved.Workspace:
    """Read a workspace's spec, with what the stack of its cluster says. Raises ToolError, too."""
    return located(schemas.load(path))


def located(workspace: resolved.Workspace) -> resolved.Workspace:
    """A workspace with what the stack of its cluster says. Raises ToolError."""
    target = workspace.platform.target
    if not isinstance(target, AwsTarget):
        return workspace
    asked = Stack(target.cluster_stack, {"PULUMI_SKIP_UPDATE_CHECK": "true"})
    try:
        found = cluster_outputs(target.cluster_stack, json.loads(asked.outputs()))
    except PulumiError as error:
        raise ToolError(
            f"the cluster stack {target.cluster_stack} can't be read: {error.said}"
        ) from None
    except MissingOutputs as error:
        raise ToolError(str(error)) from None
    return replace(workspace, platform=replace(workspace.platform, cluster=found))


def context(platform: resolved.Platform) -> Context:
    """How kubectl is told of a platform's cluster; on AWS its stack has been asked."""
    if platform.target.context is not None:
        return Context(platform.target.context)
    found = platform.outputs
    return Context(found.arn, _kept(found.kubeconfig))


def _kept(text: str) -> Path:
    """A file of this user's that holds a kubeconfig. It says how to sign in, and holds no keys."""
    folder = cache_dir() / "kubeconfig"
    file = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
        Path(name).replace(file)
    return file
