"""An instance ends well only after all others have found it.

The name of a pod leads nowhere once the pod has ended: an instance that starts late, behind the
pull of its image say, would wait in vain for one whose script took a second.
"""

import contextlib
import socket
import threading
from typing import List, Optional, Set

PORT = 29499
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_TIMEOUT_SECONDS = 5.0
_LONGEST_WORD = 16  # bytes: an index and a line end


class RollCall:
    """Listens for the others, and tells them. `hosts` are all instances' names by index."""

    def __init__(self, hosts: List[str], index: int, address: str = "", port: int = PORT) -> None:
        self._hosts = hosts
        self._index = index
        self._port = port
        self._over = threading.Event()
        self._heard: Set[int] = set()
        self._listener: Optional[socket.socket] = None
        if hosts:
            # Another program on the port: nobody can be heard, and nobody is waited for.
            with contextlib.suppress(OSError):
                self._listener = _listen(address or socket.gethostname(), port)
        if self._listener is not None:
            threading.Thread(target=self._hear, daemon=True).start()

    def tell(self) -> None:
        """Say to all others that this instance has found them; tried again until they hear it."""
        for index, host in enumerate(self._hosts):
            if index != self._index:
                threading.Thread(target=self._tell, args=(host,), daemon=True).start()

    def absent(self) -> List[int]:
        """The instances that have not found all others yet, as far as this one was told."""
        if self._listener is None:
            return []
        others = set(range(len(self._hosts))) - {self._index}
        return sorted(others - self._heard)

    def close(self) -> None:
        self._over.set()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _hear(self) -> None:
        assert self._listener is not None  # noqa: S101
        while not self._over.is_set():
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return  # closed
            with caller, contextlib.suppress(OSError, ValueError):
                caller.settimeout(_TIMEOUT_SECONDS)
                self._heard.add(int(caller.makefile("rb").readline(_LONGEST_WORD)))
                caller.sendall(b"\n")

    def _tell(self, host: str) -> None:
        seconds = _FIRST_PAUSE_SECONDS
        while not self._over.is_set() and not self._told(host):
            self._over.wait(seconds)
            seconds = min(2 * seconds, _LONGEST_PAUSE_SECONDS)

    def _told(self, host: str) -> bool:
        """Whether the other one heard it: it answers."""
        try:
            with socket.create_connection((host, self._port), _TIMEOUT_SECONDS) as call:
                call.sendall("{}\n".format(self._index).encode())
                return bool(call.recv(1))
        except OSError:
            return False


def _listen(host: str, port: int) -> socket.socket:
    """On the pod's own address alone."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
