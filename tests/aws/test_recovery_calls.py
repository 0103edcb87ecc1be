"""Every call by which things are found is one that AWS has, with such parameters and answers."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from cli.recovery.rows import ROWS, Ask, Found, Named
from tests.support.aws import Emulators

# What the SDK's own descriptions say is wrong with a call.
PROGRAM = """
import json, sys
import botocore.session
from botocore import xform_name

def member(shape, path):
    for key in filter(None, path.split(".")):
        if shape.type_name == "list":
            shape = shape.member
            if key.isdigit():
                continue
        if shape.type_name == "map":
            return None
        shape = shape.members[key]
    return shape

def look(service, operation, parameters, paths):
    session = botocore.session.get_session()
    model = session.get_service_model(service)
    if operation.startswith("wait "):
        waiters = session.get_waiter_model(service)
        own = {xform_name(name, "-"): name for name in waiters.waiter_names}
        operation = waiters.get_waiter(own[operation.removeprefix("wait ")]).operation
    else:
        operation = {xform_name(name, "-"): name for name in model.operation_names}[operation]
    found = model.operation_model(operation)
    taken = found.input_shape.members.keys() if found.input_shape else {}
    unknown = sorted(parameters.keys() - taken)
    missing = [name for name in (found.input_shape.required_members if found.input_shape else ())
               if name not in parameters]
    for path in paths:
        member(found.output_shape, path)
    return unknown + missing

wrong = {}
for name, service, operation, parameters, paths in json.loads(sys.argv[1]):
    try:
        faults = look(service, operation, parameters, paths)
    except Exception as error:
        faults = [repr(error)]
    if faults:
        wrong[f"{name}: {operation}"] = faults
print(json.dumps(wrong))
"""


def call(name: str, ask: Ask, *paths: str) -> list[Any]:
    return [name, *asdict(ask).values(), paths]


@pytest.mark.e2e
def test_calls_are_those_of_aws(emulators: Emulators) -> None:
    calls = []
    for name, row in ROWS.items():
        if isinstance(row, Found):
            keys = [row.id.removesuffix("/"), *row.match, *filter(None, [row.tags])]
            calls.append(
                call(name, row.ask, *(f"{row.items}.0.{key}" if row.items else key for key in keys))
            )
            if row.state is not None:
                calls.append(call(name, *row.state))
            if row.then is not None:
                calls.append(call(name, row.then))
        if isinstance(row, Found | Named) and row.wait is not None:
            calls.append(call(name, row.wait))
    calls.append(["account", "sts", "get-caller-identity", {}, ["Account"]])
    assert len(calls) > 25
    assert emulators.run(PROGRAM, json.dumps(calls)) == {}
