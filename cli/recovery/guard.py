"""Keeps a run from making twice what the last one was making when it was killed."""

from cli.recovery.pending import CREATING, operations
from cli.stack import Stack


def problem(stack: str, spec: str) -> str:
    """Why a stack, by its full name, is not to be applied; empty if it may. Raises ToolError."""
    state = Stack(stack, {"PULUMI_SKIP_UPDATE_CHECK": "true"}).export()
    making = sorted(str(item) for item in operations(state) if item.kind == CREATING)
    if not making:
        return ""
    more = f" and {len(making) - 1} more" if len(making) > 1 else ""
    return (
        f"the last run was killed while it made {making[0]}{more} on AWS, which would be made "
        f"twice (`emctl recover {spec} --stack {stack.rpartition('/')[2]}` takes it in)"
    )
