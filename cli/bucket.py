"""Object storage as `emctl` uses it, by the same rclone that runs in pods."""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.manifests.stores import stores
from schemas import resolved
from schemas.address import Address
from schemas.storage import FromConfig
from tools.errors import ToolError
from tools.process import run


@dataclass(frozen=True)
class Buckets:
    """The stores of a platform whose credentials are known here. Raises ToolError on failure."""

    remotes: Mapping[str, str]
    """Remote of rclone by host."""
    environment: Mapping[str, str]

    def knows(self, address: Address) -> bool:
        return address.host in self.remotes

    def make(self, addresses: Iterable[Address]) -> None:
        """Make the buckets of these addresses that are missing."""
        for host, bucket in sorted({(address.host, address.bucket) for address in addresses}):
            # Pods must not make any; here it is what is wanted.
            made = f"{self.remotes[host]}:{bucket}"
            self._rclone("mkdir", "--s3-no-check-bucket=false", made)

    def upload(self, folder: Path, host: str, bucket: str, include: Iterable[str]) -> int:
        """Copy what differs of the files of `folder` that match; returns how many did."""
        filters = [f"--include={pattern}" for pattern in include]
        argv = ["copy", "--checksum", "--use-json-log", "--log-level=INFO", "--stats=0", *filters]
        target = f"{self.remotes[host]}:{bucket}"
        log = run(
            [rclone(), *argv, "--log-file=/dev/stdout", str(folder), target], env=self.environment
        )
        entries = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        return sum(str(entry.get("msg", "")).startswith("Copied") for entry in entries)

    def read_json(self, address: Address, name: str) -> dict[str, Any] | None:
        """A small JSON object under an address; None if there is none."""
        path = f"{self.remotes[address.host]}:{address.bucket}/{address.path}/{name}"
        text = self._rclone("cat", path)
        data = json.loads(text) if text else None
        return data if isinstance(data, dict) else None

    def _rclone(self, *arguments: str) -> str:
        return run([rclone(), *arguments], env=self.environment)


def buckets(
    platform: resolved.Platform, addresses: list[Address], config: Mapping[str, str]
) -> Buckets:
    """The stores of these addresses whose credentials are in the stack's configuration."""
    remotes: dict[str, str] = {}
    environment = {"RCLONE_CONFIG": ""}
    for host, store in stores(platform, addresses).items():
        if not store.credentials:
            continue  # only pods have roles
        named = {
            setting: config.get(full_key(credential.pulumi_config))
            for setting, credential in store.credentials.items()
            if isinstance(credential, FromConfig)
        }
        if len(named) < len(store.credentials) or None in named.values():
            continue
        remotes[host] = store.remote
        for setting, value in {**store.settings, **named}.items():
            environment[f"RCLONE_CONFIG_{store.remote}_{setting.upper()}"] = value or ""
    return Buckets(remotes, environment)


def full_key(key: str) -> str:
    """A key of the stack's configuration with its namespace."""
    return key if ":" in key else f"easymaker:{key}"


def rclone() -> str:
    """rclone beside this Python, else on PATH."""
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.exists() else shutil.which("rclone")
    if found is None:
        raise ToolError("rclone is not installed", "`make setup` brings it")
    return found
