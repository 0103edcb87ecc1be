"""Simulated access: what an IAM policy of a role says of one call.

The part of IAM's rules that the project's policies use: allow and deny, wildcards in actions and
resources, and the condition operators below. Whatever else stands in a policy is an error.
"""

import re
from collections.abc import Mapping
from typing import Any

_LITERAL = re.compile(r"\$\{([*?$])\}")


def allowed(
    policy: Mapping[str, Any],
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Whether a role with this policy alone may make the call; `context` are condition keys."""
    verdict = False
    for statement in policy["Statement"]:
        assert statement.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}
        if not any(_matches(pattern, action) for pattern in _list(statement["Action"])):
            continue
        if not any(_matches(pattern, resource) for pattern in _list(statement["Resource"])):
            continue
        if not _holds(statement.get("Condition", {}), context or {}):
            continue
        if statement["Effect"] == "Deny":
            return False
        verdict = True
    return verdict


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    for operator, wanted in condition.items():
        assert operator in ("StringEquals", "StringLike"), operator
        for key, values in wanted.items():
            if key not in context:
                return False
            if operator == "StringEquals" and context[key] not in _list(values):
                return False
            if not any(_matches(pattern, context[key]) for pattern in _list(values)):
                return False
    return True


def _matches(pattern: str, text: str) -> bool:
    found, at = "", 0
    for literal in _LITERAL.finditer(pattern):
        found += _wild(pattern[at : literal.start()]) + re.escape(literal[1])
        at = literal.end()
    return re.fullmatch(found + _wild(pattern[at:]), text, re.DOTALL) is not None


def _wild(part: str) -> str:
    return re.escape(part).replace(r"\*", ".*").replace(r"\?", ".")


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
