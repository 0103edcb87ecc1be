"""HTTP to a port inside of a pod, through the API server.

`pods/portforward` over a websocket is a stream to the pod's own loopback address: no port of this
machine is opened, and no NetworkPolicy has to admit anybody. What Kubernetes calls
`v4.channel.k8s.io`: each message begins with a byte, 0 for data and 1 for errors, and the first of
each channel is the port's number.
"""

import contextlib
import http.client
import io
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from cli.api import Api

_PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_CONTINUED, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x2, 0x8, 0x9, 0xA
_LAST = 0x80
_MASKED = 0x80


@contextmanager
def connection(
    api: Api, namespace: str, pod: str, port: int
) -> Iterator[http.client.HTTPConnection]:
    """A connection to the pod's port. Raises ToolError where there is no way to it."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/portforward"
    with api.upgraded(path, _PROTOCOL, ports=str(port)) as (line, reader):
        made = http.client.HTTPConnection(f"{pod}:{port}")
        made.sock = cast(Any, _Stream(line, reader))
        yield made


class _Stream(io.RawIOBase):
    """The part of a socket that an HTTP connection uses."""

    def __init__(self, line: socket.socket, reader: io.BufferedReader) -> None:
        self._line, self._reader = line, reader
        self._left = b""
        self._fresh = {_DATA, _ERROR}
        self._channel = _DATA

    def sendall(self, data: bytes) -> None:
        """Send as one message. If that fails, what is read then tells why."""
        with contextlib.suppress(ConnectionError):
            self._send(_BINARY, bytes([_DATA]) + bytes(data))

    def makefile(self, mode: str) -> io.BufferedReader:
        """What comes from the pod."""
        return io.BufferedReader(self)

    def close(self) -> None:
        """Nothing: the stream is used by one answer after another."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            message = self._message()
            if message is None:
                return 0
            self._left = message
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    def _message(self) -> bytes | None:
        """The next data, which may be none; None at the end."""
        try:
            first, second = self._exactly(2)
            opcode, size = first & 0x0F, second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", self._exactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self._exactly(8))
            content = self._exactly(size)
        except EOFError:
            return None
        if opcode == _CLOSE:
            return None
        if opcode == _PING:
            self._send(_PONG, content)
        if opcode == _BINARY and content:
            self._channel, content = content[0], content[1:]
            if self._channel in self._fresh:
                self._fresh.remove(self._channel)
                content = content[2:]
        elif opcode != _CONTINUED:
            return b""
        if self._channel == _ERROR and content:
            raise ConnectionError(content.decode("utf-8", "replace").strip())
        return content

    def _send(self, opcode: int, content: bytes) -> None:
        mask = os.urandom(4)
        size = len(content)
        if size < 126:
            head = struct.pack("!BB", _LAST | opcode, _MASKED | size)
        else:
            head = struct.pack("!BBQ", _LAST | opcode, _MASKED | 127, size)
        masked = bytes(byte ^ mask[number % 4] for number, byte in enumerate(content))
        self._line.sendall(head + mask + masked)

    def _exactly(self, size: int) -> bytes:
        """So many bytes. Raises EOFError where the line ends before."""
        found = self._reader.read(size)
        if len(found) < size:
            raise EOFError
        return found
