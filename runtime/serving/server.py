"""The process: listens at once, loads, serves, and drains when it is told to stop."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from serving import connections
from serving.app import App
from serving.backend import Backend
from serving.errors import Unusable
from serving.log import Log
from serving.options import Options

FAILED = 1
_IDLE_SECONDS = 120  # gateways close connections after 60 to 90, and must be first
_LONGEST_TERMINATION = 4096  # bytes that Kubernetes keeps


def run(backend: Backend, options: Options) -> int:
    """Serve until SIGTERM; returns the exit code.

    Why a model can't be served goes into the log and into the termination message.
    """
    log = options.log()
    try:
        asyncio.run(_serve(backend, options, log))
    except (Unusable, OSError) as error:
        sentence = f"cannot listen: {error}" if isinstance(error, OSError) else str(error)
        log.say(sentence, "ERROR")
        with suppress(OSError), open(options.termination_log, "wb") as file:
            file.write(sentence.encode("utf-8", "replace")[:_LONGEST_TERMINATION])
        return FAILED
    return 0


class _Http(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours: uvicorn's way ends the process by the signal, with no exit code."""
        yield


async def _serve(backend: Backend, options: Options, log: Log) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = App(backend, options, log)
    config = uvicorn.Config(
        app,
        **connections.settings(log, options.head_timeout),
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=max(1, round(options.grace)),
    )
    http = _Http(config)
    with _listening(options.host, options.port) as listener:
        connections.settle(listener)
        log.say(f"listening on port {listener.getsockname()[1]}")
        serving = asyncio.create_task(http.serve([listener]))
        try:
            if await _load(backend, stop):
                app.loaded()
                log.say(f"ready: {options.model_name} at {options.resource_path}")
                await stop.wait()
                log.say("stopping: running requests are finished")
                app.stopping = True
                stop.clear()
                with suppress(TimeoutError):  # a second signal ends the wait
                    await asyncio.wait_for(stop.wait(), options.linger)
        finally:
            http.should_exit = True
            await serving
    log.say("stopped")


async def _load(backend: Backend, stop: asyncio.Event) -> bool:
    """Load in a thread: True when it is done, False if the stop comes first. Raises Unusable."""
    pool = ThreadPoolExecutor(1, "load")
    loading: asyncio.Future[Any] = asyncio.get_running_loop().run_in_executor(pool, backend.load)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({loading, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not loading.done():
        return False
    stopped.cancel()
    await loading
    return True


def _listening(host: str, port: int) -> socket.socket:
    """A socket on one address, or on all of both families."""
    if host:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    if socket.has_dualstack_ipv6():
        with suppress(OSError):  # switched off in this network namespace
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))
