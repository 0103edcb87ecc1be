"""What a spec names by keys of the stack's configuration, all together."""

from components.manifests import stores
from schemas import resolved
from schemas.storage import FromConfig


def config_keys(workspace: resolved.Workspace) -> list[str]:
    """Every key of the stack's configuration whose value becomes part of a Secret."""
    given = [endpoint.access.api_keys for endpoint in workspace.endpoints.values()]
    of_callers = {keys.pulumi_config for keys in given if isinstance(keys, FromConfig)}
    return sorted({*stores.config_keys(workspace.platform), *of_callers})
