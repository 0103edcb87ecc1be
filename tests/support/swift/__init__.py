"""A real OpenStack Swift on loopback: proxy, account, container and object servers on one device.

It comes from PyPI into an environment of its own: the project's needs nothing of it.
"""

import contextlib
import getpass
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_SECONDS = 60
_KINDS = ("account", "container", "object")

TENANT = "0a1b2c3d"
REGION = "KR1"
WRITER = ("writer", "writing")
"""User and password of who may do everything in the account."""
READER = ("reader", "reading")
"""User and password of who may do what a container's list says."""


@dataclass(frozen=True)
class SwiftServer:
    """`endpoint` is the identity service's, version 2."""

    endpoint: str

    @property
    def account(self) -> str:
        """URL of the tenant's account."""
        return self.endpoint.replace("/v2.0", f"/v1/AUTH_{TENANT}")

    def request(self, method: str, path: str, **headers: str) -> bytes:
        """One request to the account as its owner, without rclone; the body of the answer."""
        credentials = dict(zip(("username", "password"), WRITER, strict=True))
        asked = {"auth": {"tenantId": TENANT, "passwordCredentials": credentials}}
        answer = _call("POST", f"{self.endpoint}/tokens", json.dumps(asked).encode())
        token = json.loads(answer)["access"]["token"]["id"]
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return _call(method, self.account + path, **{"X-Auth-Token": token, **named})


def install(folder: Path) -> Path:
    """Install Swift; the folder with its programs."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    locked = ["--require-hashes", "--requirement", str(_HERE / "requirements.txt")]
    subprocess.run([*pip, *locked], check=True)
    return folder / "bin"


@contextlib.contextmanager
def serve(programs: Path, folder: Path) -> Iterator[SwiftServer]:
    """Serve an empty account until the block ends. `folder` must lie where xattrs are kept."""
    (folder / "devices" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = tests\n")
    common = {
        "bind_ip": "127.0.0.1",
        "workers": "0",
        "swift_dir": str(folder),
        "devices": str(folder / "devices"),
        "mount_check": "false",
        "user": getpass.getuser(),
    }
    ports = _free_ports(len(_KINDS) + 1)
    for kind, port in zip(_KINDS, ports, strict=False):
        _ring(programs, folder / f"{kind}.builder", port)
        sections = {
            "DEFAULT": {**common, "bind_port": str(port)},
            "pipeline:main": {"pipeline": f"{kind}-server"},
            f"app:{kind}-server": {"use": f"egg:swift#{kind}"},
        }
        _write(folder / f"{kind}.conf", sections)
    filters = ["catch_errors", "bulk", "tempauth", "copy", "slo", "dlo"]
    site = {
        name: {"paste.filter_factory": f"site_filters:{name}"} for name in ("cache", "identity")
    }
    order = ["catch_errors", "cache", "identity", *filters[1:], "proxy-server"]
    users = {f"user_{TENANT}_{READER[0]}": READER[1], f"user_{TENANT}_{WRITER[0]}": WRITER[1]}
    users[f"user_{TENANT}_{WRITER[0]}"] += " .admin"
    sections = {
        "DEFAULT": {**common, "bind_port": str(ports[-1])},
        "pipeline:main": {"pipeline": " ".join(order)},
        "app:proxy-server": {"use": "egg:swift#proxy", "account_autocreate": "true"},
        **{f"filter:{name}": {"use": f"egg:swift#{name}"} for name in filters},
        **{f"filter:{name}": {**entry, "region": REGION} for name, entry in site.items()},
    }
    sections["filter:tempauth"] |= users
    _write(folder / "proxy.conf", sections)
    with contextlib.ExitStack() as stack:
        for kind, port in zip((*_KINDS, "proxy"), ports, strict=True):
            _start(stack, programs, folder, kind, port)
        yield SwiftServer(f"http://127.0.0.1:{ports[-1]}/v2.0")


def _start(stack: contextlib.ExitStack, programs: Path, folder: Path, kind: str, port: int) -> None:
    log = folder / f"{kind}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [programs / f"swift-{kind}-server", folder / f"{kind}.conf"],
            env={**os.environ, "SWIFT_DIR": str(folder), "PYTHONPATH": str(_HERE)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    stack.callback(_end, process)
    deadline = time.monotonic() + _SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert time.monotonic() < deadline, f"{kind} does not answer: {log.read_text()}"
        time.sleep(0.05)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ring(programs: Path, builder: Path, port: int) -> None:
    for command in (
        ("create", "4", "1", "0"),  # 16 partitions, one copy of each
        ("add", f"r1z1-127.0.0.1:{port}/d1", "1"),
        ("rebalance",),
    ):
        argv = [programs / "swift-ring-builder", builder, *command]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def _write(path: Path, sections: dict[str, dict[str, Any]]) -> None:
    lines = []
    for name, entries in sections.items():
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in entries.items())]
    path.write_text("\n".join(lines) + "\n")


def _free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody holds, all different."""
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [server.getsockname()[1] for server in servers]


def _call(method: str, url: str, data: bytes | None = None, **headers: str) -> bytes:
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
        body: bytes = answer.read()
        return body
