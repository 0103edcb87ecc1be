"""Which cluster a spec means."""

from schemas import platform, resolved
from tools.errors import ToolError


def context(workspace: resolved.Workspace) -> str:
    """The kubeconfig's context. Raises ToolError for a target that has none."""
    target = workspace.platform.target
    if not isinstance(target, platform.KubernetesTarget):
        raise ToolError("platform.target: only type kubernetes can be applied so far")
    return target.context
