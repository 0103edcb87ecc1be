"""The model server as a pod would run it: a process of its own, asked over loopback."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

RUNTIME = Path(__file__).parents[2] / "runtime"
TIMEOUT_SECONDS = 60
NAME = "net"


@dataclass
class Answer:
    status: int
    data: Any
    headers: Mapping[str, str]


@dataclass
class Server:
    """A process that listens; `log` grows while it runs."""

    process: "subprocess.Popen[str]"
    termination_log: Path
    log: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._lines = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        found = re.search(r"listening on port (\d+)", self.line("listening on port"))
        self.port = int(found[1]) if found else 0

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with self._lines:
                    self.log.append(line.rstrip("\n"))
                    self._lines.notify_all()
        with self._lines:
            self.log.append("")
            self._lines.notify_all()

    def line(self, part: str) -> str:
        """The first line of the log that holds this, as soon as it is there."""
        with self._lines:
            found = self._lines.wait_for(
                lambda: [line for line in self.log if part in line] or self.log[-1:] == [""],
                TIMEOUT_SECONDS,
            )
        assert isinstance(found, list), f"no line with {part}: {self.log}"
        return found[0]

    def ready(self) -> "Server":
        self.line("ready: ")
        return self

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """`body` is sent as it is if it is bytes or a tuple of them, else as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            sent = json.dumps(body).encode() if isinstance(body, dict | list) else body
            connection.request(method, path, sent, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, json.loads(response.read()), dict(response.headers))
        finally:
            connection.close()

    def predict(self, *instances: Any, path: str = "/inference") -> Answer:
        return self.ask("POST", path, {"instances": list(instances)})

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> int:
        """Wait for the end; the exit code."""
        code = self.process.wait(TIMEOUT_SECONDS)
        self._reader.join(TIMEOUT_SECONDS)
        return code

    @property
    def sentence(self) -> str:
        """The termination message."""
        return self.termination_log.read_text() if self.termination_log.exists() else ""


Start = Callable[..., Server]


@contextmanager
def starting(folder: Path) -> Iterator[Start]:
    """Start `python3 -m serving` or another module with arguments; they run in `folder`."""
    running = []

    def started(*arguments: str, module: str = "serving") -> Server:
        shared = ["--model-name", NAME, "--host", "127.0.0.1", "--port", "0"]
        shared += ["--termination-log", str(folder / "termination")]
        process = subprocess.Popen(
            [sys.executable, "-m", module, *shared, *arguments],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(RUNTIME),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONUNBUFFERED": "1",
                "TMPDIR": str(folder),
            },
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return Server(process, folder / "termination")

    try:
        yield started
    finally:
        for process in running:
            process.kill()
            process.wait(TIMEOUT_SECONDS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start `python3 -m serving`, as above."""
    with starting(tmp_path) as started:
        yield started


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """A folder with files, dedented."""

    def made(**files: str) -> Path:
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name.replace("_py", ".py")).write_text(textwrap.dedent(text))
        return folder

    return made


@pytest.fixture
def serve(start: Start, project: Callable[..., Path]) -> Start:
    """Serve a handler of a few lines, as a PyTorch model without PyTorch."""

    def served(handler: str, *arguments: str) -> Server:
        folder = project(handler_py=handler)
        return start("--framework", "pytorch", "--model-dir", str(folder), *arguments)

    return served


@pytest.fixture
def fresh_imports(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """What a test imports is forgotten: models' modules have the same names."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("temporary")))
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@dataclass
class Foreign:
    """A small HTTP server with set answers, which keeps what it was sent."""

    answers: dict[tuple[str, str], tuple[int, Any]]
    requests: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""
    close: Callable[[], None] = lambda: None


@pytest.fixture
def foreign() -> Iterator[Foreign]:
    made = Foreign({})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            if length:
                made.requests.append((self.path, json.loads(self.rfile.read(length))))
            status, data = made.answers.get((self.command, self.path), (404, {"error": "none"}))
            body = data if isinstance(data, bytes) else json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    made.close = close
    yield made
    if thread.is_alive():
        close()
