"""Requests at a steady rate through the gateway, and whose each answer was."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_TIMEOUT_SECONDS = 30
_AT_ONCE = 100
"""Requests that may run at once; what comes meanwhile waits its turn."""
LATE_SECONDS = 5
"""So long after a change is done the answer of what it replaced may still come."""


@dataclass(frozen=True)
class Response:
    """What came of one request; times are on the monotonic clock."""

    sent: float
    done: float
    outcome: str
    """The status, or what went wrong."""
    stage: str = ""
    revision: str = ""


@dataclass
class Traffic:
    """What came of all requests so far."""

    responses: list[Response] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, response: Response) -> None:
        """Note one."""
        with self._changed:
            self.responses.append(response)
            self._changed.notify_all()

    def more(self, count: int = 10) -> None:
        """Wait for so many more."""
        with self._changed:
            enough = len(self.responses) + count
            assert self._changed.wait_for(lambda: len(self.responses) >= enough, timeout=120)

    def answered(self, by: str) -> None:
        """Wait for an answer of a stage or a revision: the gateway learns of it by and by."""
        with self._changed:
            before = len(self.responses)

            def came() -> bool:
                return any(by in (r.stage, r.revision) for r in self.responses[before:])

            assert self._changed.wait_for(came, timeout=60), f"{by} has not answered"

    def failed(self) -> Counter[str]:
        """How often each outcome came that is no answer."""
        outcomes = Counter(response.outcome for response in self.responses)
        del outcomes["200"]
        return outcomes

    def since(self, moment: float) -> list[Response]:
        """Of the requests that were sent from a moment on."""
        return [response for response in self.responses if response.sent >= moment]


def after_the_first(responses: list[Response], new: str) -> list[Response]:
    """What others answered to requests that were sent after the first answer of `new` had come.

    `new` is a stage or a revision.
    """
    first = min((r.done for r in responses if new in (r.stage, r.revision)), default=None)
    assert first is not None, f"{new} has not answered"
    return [r for r in responses if r.sent > first and new not in (r.stage, r.revision)]


@contextmanager
def traffic(port: int, host: str, path: str, body: object, rate: int) -> Iterator[Traffic]:
    """Send `rate` requests a second while the block runs, each whether or not others are done."""
    seen = Traffic()
    over = threading.Event()
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    request = (
        f"{head}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode() + content
    )

    async def one(turn: asyncio.Semaphore) -> None:
        async with turn:
            sent = time.monotonic()
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    answer = await _answer(port, request)
                found = _read(answer)
            except (OSError, TimeoutError, ValueError) as error:
                found = (repr(error), "", "")
            seen.add(Response(sent, time.monotonic(), *found))

    async def send() -> None:
        turn = asyncio.Semaphore(_AT_ONCE)
        due = time.monotonic()
        async with asyncio.TaskGroup() as group:
            while not over.is_set():
                group.create_task(one(turn))
                due += 1 / rate
                await asyncio.sleep(due - time.monotonic())

    sender = threading.Thread(target=lambda: asyncio.run(send()))
    sender.start()
    try:
        seen.more()
        yield seen
    finally:
        over.set()
        sender.join()


async def _answer(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read()
    finally:
        writer.close()


def _read(answer: bytes) -> tuple[str, str, str]:
    """Status, stage and revision. Raises ValueError where the answer is not whole."""
    head, end, body = answer.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    headers = {key.lower(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
    if not end or len(body) < int(headers.get("content-length", 0)):
        raise ValueError(f"cut off: {answer[:80]!r}")
    status = line.split(" ")[1]
    return (
        status if status == "200" else f"{status} {body[:200]!r}",
        headers.get("x-easymaker-stage", ""),
        headers.get("x-easymaker-revision", ""),
    )
