"""Finds on AWS what a killed run has made there."""

import json
import re
from collections.abc import Callable, Mapping, Set
from typing import Any

from cli.recovery.pending import Operation, Thing
from cli.recovery.rows import ROWS, Again, Ask, Found, Named
from tools.errors import ToolError
from tools.process import run

Call = Callable[[str, str, str, Mapping[str, Any]], Any]
"""Calls AWS: region, service, operation, parameters. None where a thing is not there."""
_GONE = re.compile(r"An error occurred \([\w.]*(NotFound|NoSuch|NonExist|NotExist)[\w.]*\)")
_OVER = {"deleted", "deleting", "failed", "pendingdeletion", "pendingreplicadeletion"}
_STATES = ("State", "LifeCycleState", "VpcLinkStatus")


def call(region: str, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
    """What the AWS command line answers. Raises ToolError."""
    words = ["aws", service, *operation.split(), "--cli-input-json", json.dumps(parameters)]
    try:
        said = run([*words, "--region", region, "--output", "json"], env={"AWS_PAGER": ""})
    except ToolError as error:
        if _GONE.search(error.message):
            return None
        raise ToolError(f"`aws {service} {operation}`: {error.message}", error.hint) from None
    return json.loads(said) if said.strip() else {}


def find(operation: Operation, known: Set[Thing], ask: Call = call) -> str | None:
    """The id of what a pending creation has made; None if there is nothing to take in.

    Waits for one that AWS is still making. `known` is what the state has of its type, and others
    were found to be. Raises ToolError where it could be several.
    """
    row = ROWS.get(operation.type)
    if row is None:
        raise ToolError(
            f"nothing is known of {operation.type}, of which {operation} was being made",
            "`pulumi stack export` says more; `pulumi import` takes it in",
        )
    if isinstance(row, Again):
        return None
    values = {**operation.inputs, "tags": operation.tags}
    if isinstance(row, Named):
        found = fill(row.id, values)
        # Of things with a parent names are their own below it alone.
        there = (operation.urn, found) not in known and _waited(operation, row.wait, values, ask)
        return found if there else None
    left = sorted(set(_candidates(operation, row, ask)) - {id for _, id in known})
    if len(left) > 1:
        raise ToolError(
            f"{operation} was being made, and there are several of its kind on AWS: "
            f"{', '.join(left)}",
            "remove those that nobody uses, and try again",
        )
    return left[0] if left and settle(operation, left[0], ask) else None


def settle(operation: Operation, id: str, ask: Call = call) -> bool:
    """Wait until AWS is done with what has this id; whether it is there. Raises ToolError."""
    row = ROWS.get(operation.type)
    wait = None if row is None or isinstance(row, Again) else row.wait
    values = {**operation.inputs, "tags": operation.tags, "found": id}
    return _waited(operation, wait, values, ask)


def finish(operation: Operation, id: str, ask: Call = call) -> None:
    """Do what the provider does with a new thing and may not have done. Raises ToolError."""
    row = ROWS.get(operation.type)
    if isinstance(row, Found) and row.then is not None:
        # Where that is done it says that something is not there.
        _ask(operation, row.then, {"found": id}, ask)


def _waited(operation: Operation, wait: Ask | None, values: Mapping[str, Any], ask: Call) -> bool:
    try:
        return wait is None or _ask(operation, wait, values, ask) is not None
    except ToolError as error:
        raise ToolError(
            f"{operation} was being made, and does not become ready: {error.message}",
            "remove it if AWS has given up, and try again",
        ) from None


def _ask(operation: Operation, what: Ask, values: Mapping[str, Any], ask: Call) -> Any:
    parameters = fill(what.parameters, values)
    return ask(operation.region, what.service, what.operation, parameters)


def _candidates(operation: Operation, row: Found, ask: Call) -> list[str]:
    values = {**operation.inputs, "tags": operation.tags}
    answer = _ask(operation, row.ask, values, ask)
    if answer is None:
        return []
    wanted = {path: fill(template, values) for path, template in row.match.items()}
    found = []
    for item in dig(answer, row.items) or [] if row.items else [answer]:
        id = item[row.id.removesuffix("/")]
        if (
            all(dig(item, path) == value for path, value in wanted.items())
            and (not row.tags or operation.tags.items() <= _tags(item.get(row.tags)).items())
            and not any(_is_over(item.get(key)) for key in _STATES)
            and not _has_ended(operation, row, id, ask)
        ):
            found.append(id.rpartition("/")[2] if row.id.endswith("/") else id)
    return found


def _has_ended(operation: Operation, row: Found, id: str, ask: Call) -> bool:
    if row.state is None:
        return False
    what, path = row.state
    answer = _ask(operation, what, {"found": id}, ask)
    return answer is None or _is_over(dig(answer, path))


def _is_over(state: Any) -> bool:
    return isinstance(state, str) and state.lower() in _OVER


def _tags(found: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found} if isinstance(found, list) else found or {}


def dig(value: Any, path: str) -> Any:
    """What is at a path of keys and numbers; None if nothing is."""
    for key in path.split("."):
        if isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """A template with what it names; a text that is a name alone becomes what has it."""
    if isinstance(template, Mapping):
        return {key: fill(item, values) for key, item in template.items()}
    if isinstance(template, list):
        return [fill(item, values) for item in template]
    if not isinstance(template, str):
        return template
    if whole := re.fullmatch(r"{([\w.]+)}", template):
        return dig(values, whole[1])
    return re.sub(r"{([\w.]+)}", lambda name: str(dig(values, name[1])), template)
