"""The SDK's clients for the emulators, and which of the two serves which call.

Runs in the emulators' environment.
"""

import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
_SETTINGS = Config(
    # The names of buckets are no names of hosts on loopback.
    s3={"addressing_style": "path"},
    retries={"max_attempts": 1},
    read_timeout=60,
)


@cache
def client(service: str, region: str, emulator: str) -> Any:
    """A client of one service at `moto` or `ministack`."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=os.environ[f"EMULATOR_{emulator.upper()}"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=_SETTINGS,
    )
