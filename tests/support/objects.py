"""A real S3 server on loopback for the fast tests: `rclone serve s3` over a folder."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ACCESS_KEY = "access"
SECRET_KEY = "secret-key"


def rclone() -> str:
    """The binary of the developer environment."""
    beside = Path(sys.executable).parent / "rclone"
    found = str(beside) if beside.exists() else shutil.which("rclone")
    assert found, "rclone is missing: run `make setup`"
    return found


@dataclass(frozen=True)
class ObjectServer:
    """`folder` holds a folder a bucket: put there what a run shall find before it starts."""

    endpoint: str
    folder: Path

    def put(self, key: str, content: str | bytes) -> None:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def serve(folder: Path, port: int = 0) -> Iterator[ObjectServer]:
    """Serve `folder` until the block ends, at a port of 127.0.0.1 or at a free one."""
    with serve_as("s3", folder, port) as found:
        yield ObjectServer(f"http://127.0.0.1:{found}", folder)


@contextlib.contextmanager
def serve_encrypting(folder: Path, certificate: Path) -> Iterator[ObjectServer]:
    """As S3 with SSE-KMS: through TLS, with ETags that look like MD5 and are none.

    `certificate` is without `.crt`, and a key lies beside it.
    """
    options = ("--etag-hash=xxh128", f"--cert={certificate}.crt", f"--key={certificate}.key")
    with serve_as("s3", folder, 0, *options) as found:
        yield ObjectServer(f"https://127.0.0.1:{found}", folder)


@contextlib.contextmanager
def serve_as(protocol: str, folder: Path, port: int = 0, *options: str) -> Iterator[int]:
    """Serve `folder` until the block ends, at a port of 127.0.0.1 or at a free one, which it is."""
    folder.mkdir(parents=True, exist_ok=True)
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    log = folder.parent / "rclone-serve.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [rclone(), "serve", protocol, "--addr", f"127.0.0.1:{port}", *options, str(folder)],
            env={
                **os.environ,
                "RCLONE_CONFIG": "",
                "RCLONE_AUTH_KEY": f'"{ACCESS_KEY},{SECRET_KEY}"',
            },
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(port, server, log)
        yield port
    finally:
        server.terminate()
        server.wait(10)


def _await(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f"the object server does not answer: {log.read_text()}")
