"""HTTP/1.1 with bounds on callers that are slow: uvicorn itself waits for a head for ever."""

import asyncio
import json
import logging
import socket
from functools import partial
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.log import Log

UNREAD_SECONDS = 60
"""So long a caller may leave an answer unread."""


class Http1(H11Protocol):
    """Closes a connection whose request's head does not come in time."""

    def __init__(self, head_seconds: float, **given: Any) -> None:
        super().__init__(**given)
        self._head_seconds = head_seconds
        self._head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a head."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._expected()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Expect a head while there is none, however often a part of it comes."""
        super().data_received(data)
        # The rest of a body that was refused comes before the next head.
        answered = self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY
        # Between requests uvicorn's own timer runs until the first byte.
        if self.timeout_keep_alive_task is None and (answered or self.conn.their_state is h11.IDLE):
            self._expect()
        else:
            self._expected()

    def on_response_complete(self) -> None:
        """Expect the rest of a head that began to come before the answer."""
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._expect()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets an answer like everything else."""
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.close()
            return
        body = json.dumps({"error": "this is no HTTP request, or its headers are too long"})
        headers = [("Content-Type", "application/json"), ("Connection", "close")]
        headers.append(("Content-Length", str(len(body))))
        response = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        for event in (response, h11.Data(data=body.encode()), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _expect(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self._head_seconds, self.transport.close)

    def _expected(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


def settle(listener: socket.socket, unread_seconds: int = UNREAD_SECONDS) -> None:
    """What connections that are accepted here inherit.

    The kernel ends those that take no data any more, and sends an answer's body without waiting
    until its head is acknowledged: that took 40 ms, and asyncio leaves sockets like this one alone.
    """
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unread_seconds * 1000)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Lines(logging.Handler):
    """Writes what uvicorn says into our log: its lines would be no records."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One record."""
        self._log.say(self.format(record), record.levelname)


def settings(log: Log, head_seconds: float) -> dict[str, Any]:
    """Of uvicorn's configuration, what makes it so.

    `head_seconds` is for a request's line and headers, from the connection's begin or their first
    byte on.
    """
    said = logging.getLogger("uvicorn.error")
    said.handlers = [Lines(log)]
    said.propagate = False
    return {"http": partial(Http1, head_seconds), "log_config": None, "access_log": False}
