"""Keeps a run from making twice what the last one was making when it was killed."""

from cli.recovery.pending import CREATING, operations
from cli.stack import Stack
from tools.errors import ToolError


def problem(stack: str, spec: str, *, preview: bool) -> str:
    """Why a stack, by its full name, is not to be applied; empty if it may.

    A preview takes no lock, so that what it sees may be the work of a run that goes on.
    """
    try:
        state = Stack(stack, {"PULUMI_SKIP_UPDATE_CHECK": "true"}).export()
    except ToolError as error:
        return f"whether the last run was killed can't be seen: {error}"
    making = sorted(str(item) for item in operations(state) if item.kind == CREATING)
    if not making:
        return ""
    what = f"{making[0]}{f' and {len(making) - 1} more' if len(making) > 1 else ''} on AWS"
    recover = f"`emctl recover {spec} --stack {stack}`"
    if preview:
        return (
            f"a run makes {what} now, or was killed while it did: "
            f"wait for its end or, if it is over, take that in by {recover}"
        )
    return (
        f"the last run was killed while it made {what}, which would be made twice "
        f"({recover} takes it in)"
    )
