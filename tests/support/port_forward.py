"""The API server's side of `pods/portforward` over a websocket, to a port of this machine."""

import base64
import contextlib
import hashlib
import socket
import struct
import threading
from io import BufferedIOBase

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CHANNELS = (0, 1)


def accept(key: str) -> str:
    """The answer to a client's key."""
    return base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()  # noqa: S324


def bridge(reader: BufferedIOBase, writer: BufferedIOBase, port: int) -> None:
    """Carry data both ways until one side ends, in messages and pieces of messages of all sizes."""
    for channel in _CHANNELS:
        writer.write(_frame(0x82, struct.pack("<BH", channel, port)))
    try:
        there = socket.create_connection(("127.0.0.1", port), 30)
    except OSError as error:
        writer.write(_frame(0x82, b"\x01" + f"error forwarding port {port}: {error}".encode()))
        return
    back = threading.Thread(target=_back, args=(there, writer), daemon=True)
    back.start()
    while (data := _message(reader)) is not None:
        if data[:1] == b"\x00":
            there.sendall(data[1:])
    there.shutdown(socket.SHUT_RDWR)
    back.join()
    there.close()


def _back(there: socket.socket, writer: BufferedIOBase) -> None:
    with contextlib.suppress(OSError):  # nobody reads it any more
        writer.write(_frame(0x89, b"ping"))
        while data := there.recv(100_000):
            half = len(data) // 2
            writer.write(_frame(0x02, b"\x00" + data[:half]))
            writer.write(_frame(0x80, data[half:]))
        writer.write(_frame(0x88, b""))


def _frame(first: int, content: bytes) -> bytes:
    size = len(content)
    if size < 126:
        return struct.pack("!BB", first, size) + content
    if size < 1 << 16:
        return struct.pack("!BBH", first, 126, size) + content
    return struct.pack("!BBQ", first, 127, size) + content


def _message(reader: BufferedIOBase) -> bytes | None:
    head = reader.read(2)
    if len(head) < 2 or head[0] & 0x0F == 0x8:
        return None
    assert head[1] & 0x80, "a client masks what it sends"
    size = head[1] & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", reader.read(2))
    elif size == 127:
        (size,) = struct.unpack("!Q", reader.read(8))
    mask = reader.read(4)
    content = bytes(byte ^ mask[i % 4] for i, byte in enumerate(reader.read(size)))
    return content if head[0] & 0x0F == 0x2 else b"\x01"
