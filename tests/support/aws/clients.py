"""The SDK's clients for the emulators, and which of the two serves which call.

Runs in the emulators' environment.
"""

import contextlib
import fcntl
import os
import re
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config

from tests.support.aws import instead

_SETTINGS = Config(
    # The names of buckets are no names of hosts on loopback.
    s3={"addressing_style": "path"},
    retries={"max_attempts": 1},
    read_timeout=60,
)
# Clients may be shared by threads, but not be made by two at once.
_MAKING = threading.Lock()
_MADE: dict[tuple[str, str, str], Any] = {}


def client(service: str, region: str, emulator: str) -> Any:
    """A client of one service at `moto` or `ministack`."""
    with _MAKING:
        key = (service, region, emulator)
        if key not in _MADE:
            _MADE[key] = boto3.client(
                service,
                region_name=region,
                endpoint_url=os.environ[f"EMULATOR_{emulator.upper()}"],
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=_SETTINGS,
            )
        return _MADE[key]


@cache
def table() -> dict[str, Any]:
    """`calls.yaml`."""
    found = yaml.safe_load((Path(__file__).parent / "calls.yaml").read_text())
    assert isinstance(found, dict)
    return found


def emulators_of(service: str, operation: str) -> list[str]:
    """Who serves a call; the first one's answer counts. `operation` may say of what: `a/b`."""
    known = table()
    chosen = known["services"].get(service, known["default"])
    own = known["calls"].get(service, {})
    chosen = own.get(operation, own.get(operation.partition("/")[0], chosen))
    return ["moto", "ministack"] if chosen == "both" else [chosen]


def call(region: str, service: str, operation: str, **parameters: Any) -> Any:
    """Make a call wherever the table sends it, or what stands for one that neither can do."""
    name = f"{service}.{operation}"
    if name in instead.CALLS:
        with whole():
            return instead.CALLS[name](region, **parameters)
    serving = emulators_of(service, operation)
    with whole() if len(serving) > 1 or name in instead.AFTER else contextlib.nullcontext():
        answers = [
            getattr(client(service, region, emulator), operation.partition("/")[0])(**parameters)
            for emulator in serving
        ]
        if name in instead.AFTER:
            instead.AFTER[name](region, parameters, answers[0])
    return answers[0]


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """While it lasts, tests that kill wait: AWS does on its own what stands for one call here."""
    with Path(os.environ["EMULATOR_WHOLE"]).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        yield


def wait(region: str, service: str, condition: str, **parameters: Any) -> None:
    """Wait by the SDK's own waiter, wherever the table sends the call that it makes."""
    known = client(service, region, table()["default"]).waiter_names
    assert condition in known, f"{service} has no waiter {condition}"
    found = client(service, region, table()["default"]).get_waiter(condition)
    operation = re.sub(r"(?<!^)(?=[A-Z])", "_", found.config.operation).lower()
    served = client(service, region, emulators_of(service, operation)[0])
    served.get_waiter(condition).wait(WaiterConfig={"Delay": 1, "MaxAttempts": 60}, **parameters)
