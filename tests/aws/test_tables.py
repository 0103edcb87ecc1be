"""The plugin's tables agree with each other, and with pulumi-aws."""

import re
from typing import Any

import pytest

from tests.aws.conftest import Account
from tests.support.aws import Emulators
from tests.support.aws.provider import diff, plugin
from tests.support.aws.provider.diff import Change

NODES = "aws:eks/nodeGroup:NodeGroup"

TABLES = """
import json, os
os.environ["AWS_TYPES"] = {types!r}
from tests.support.aws import clients, instead
from tests.support.aws.provider import diff, typed
from tests.support.aws.provider.rows import ROWS
known = clients.table()
print(json.dumps({{
    "without rules": sorted({{*ROWS}} ^ {{*diff.rules()}}),
    "unknown in rows": {{t: sorted(r.unknown()) for t, r in ROWS.items() if r.unknown()}},
    "unknown in rules": sorted(
        f"{{token}} {{path}}"
        for token in ROWS
        for path in diff.replacing(token)
        if path.split(".")[0] not in typed.inputs(token)
    ),
    "instead": sorted({{*instead.CALLS}} ^ {{*known["impossible"], *known["composed"]}}),
    "after": sorted({{*instead.AFTER}} ^ {{*known["after"]}}),
}}))
"""


@pytest.mark.e2e
def test_no_table_has_what_the_others_lack(emulators: Emulators) -> None:
    types = plugin.environment(emulators)["AWS_TYPES"]
    assert emulators.run(TABLES.format(types=types)) == {
        "without rules": [],
        "unknown in rows": {},
        "unknown in rules": [],
        "instead": [],
        "after": [],
    }


@pytest.mark.e2e
def test_a_call_that_no_emulator_can_do_fails(account: Account) -> None:
    with pytest.raises(AssertionError, match=r"NotImplemented|404|InvalidAction|Unknown"):
        account.call("eks", "describe_cluster_versions")


def test_each_rule_of_replacement_names_where_it_was_read() -> None:
    read = re.compile(r"[a-z0-9]+/[a-z0-9_]+\.go@[0-9a-f]{12}")
    unread = {token for token, row in diff.rules().items() if not read.fullmatch(row["source"])}
    assert unread == set()
    ages = {row["as_of"] for row in diff.rules().values() if "as_of" in row}
    assert ages <= {"until 2023", "2023 to 2025"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param({"labels": {"a": "1"}}, {"labels": {"a": "1"}}, Change(), id="nothing"),
        pytest.param(
            {"labels": {"a": "1", "b.c": "2"}},
            {"labels": {"a": "3", "d": "4"}},
            Change({"labels.a": "update", 'labels["b.c"]': "delete", "labels.d": "add"}),
            id="in place",
        ),
        pytest.param(
            {"instanceTypes": ["g5.xlarge"], "__defaults": ["nodeGroupName"]},
            {"instanceTypes": ["g5.2xlarge"]},
            Change({"instanceTypes[0]": "update"}, frozenset({"instanceTypes[0]"})),
            id="item of a list that replaces",
        ),
        pytest.param(
            {"launchTemplate": {"id": "lt-1", "version": "1"}},
            {"launchTemplate": {"id": "lt-1", "version": "2"}},
            Change({"launchTemplate.version": "update"}),
            id="beside what replaces",
        ),
        pytest.param(
            {},
            {"launchTemplate": {"id": "lt-1", "version": "1"}},
            Change(
                {"launchTemplate.id": "add", "launchTemplate.version": "add"},
                frozenset({"launchTemplate.id"}),
            ),
            id="added whole",
        ),
    ],
)
def test_a_change_is_named_by_its_paths(old: Any, new: Any, expected: Change) -> None:
    assert diff.compare(NODES, old, new) == expected
