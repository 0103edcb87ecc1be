"""The other instances of a training: who is there, who is ready, who has ended and why.

Each two keep a connection for as long as both live, on a port of the launcher's own. So none starts
the script before all can, each hears at once when another ends, and that one is gone without a word
when it could say none. What goes over it are lines: `hello INDEX` to begin with, then `ready`,
`seen` in answer to that, `ended TIME WHY`, `done`.
"""

import contextlib
import socket
import threading
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from launcher.causes import LAUNCHER_FAILED, NO_PEER, Ended
from launcher.logs import Log

PORT = 29499
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_LOOK_SECONDS = 0.2
_TIMEOUT_SECONDS = 5.0
_LONGEST_LINE = 4096  # bytes
_KEEPALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4))
"""A node that is lost says nothing: after half a minute it counts as gone."""


class Loss(NamedTuple):
    """An instance that ended before the training did. `when` is its own clock's time."""

    instance: int
    when: float
    why: str


class _Other:
    """What is known about one of the others."""

    def __init__(self) -> None:
        self.link: Optional[socket.socket] = None
        self.absent_since = time.monotonic()
        self.is_ready = False
        self.has_seen = False
        """It knows that this one is ready."""
        self.is_done = False


class Peers:
    """Tells the others about this instance, and hears about them. `hosts` are by index."""

    def __init__(self, hosts: List[str], index: int, log: Log, port: int = PORT) -> None:
        """Raises Ended(LAUNCHER_FAILED) if another program has the port."""
        self._hosts = hosts
        self._index = index
        self._log = log
        self._port = port
        self._lock = threading.RLock()
        self._others: Dict[int, _Other] = {i: _Other() for i in range(len(hosts)) if i != index}
        self._said: List[str] = []
        self._on_loss: Optional[Callable[[Loss], None]] = None
        self._over = threading.Event()
        self._listener: Optional[socket.socket] = None
        if index + 1 < len(hosts):
            self._listener = _listen(hosts[index], port)
            self._begin(self._accept)
        for lower in range(index) if hosts else ():
            self._begin(self._reach, lower)

    def await_ready(
        self, pause: Callable[[float], None], seconds: float, on_loss: Callable[[Loss], None]
    ) -> None:
        """Say that this one is ready, and wait until all are and know it.

        `pause` waits so many seconds. From then on `on_loss` is called, in another thread, with
        each instance that ends too early; until then one that is gone is waited for like one that
        has not come yet. Raises Ended(NO_PEER) when one gives no sign for so many seconds.
        """
        begin = time.monotonic()
        self._tell("ready")
        if missing := self._missing():
            text = "waiting for instances {}, up to {:g} s for a sign of one that gives none"
            self._log.say(text.format(", ".join(map(str, missing)), seconds))
        while not self._is_complete(on_loss):
            for index, other in self._others.items():
                silent = time.monotonic() - max(begin, other.absent_since)
                if other.link is None and not other.is_done and silent > seconds:
                    limit, host = "{:g}".format(seconds), self._hosts[index]
                    raise Ended(NO_PEER, index=str(index), seconds=limit, host=host)
            pause(_LOOK_SECONDS)

    def await_done(self, index: int, pause: Callable[[float], None]) -> None:
        """Wait until that one has said that it is done."""
        while not self._others[index].is_done:
            pause(_LOOK_SECONDS)

    def ended(self, when: float, why: str) -> None:
        """Tell all that this one ends before the training does."""
        self._tell("ended {!r} {}".format(when, " ".join(why.split())))

    def done(self) -> None:
        """Tell all that this one is done, and ends well."""
        self._tell("done")

    def close(self) -> None:
        """Leave."""
        self._over.set()
        with self._lock:
            links = [other.link for other in self._others.values()]
        for link in [self._listener, *links]:
            if link is not None:
                _close(link)

    def _missing(self) -> List[int]:
        with self._lock:
            return [i for i, o in self._others.items() if not (o.is_ready and o.has_seen)]

    def _is_complete(self, on_loss: Callable[[Loss], None]) -> bool:
        with self._lock:
            if self._missing():
                return False
            self._on_loss = on_loss
            return True

    def _begin(self, action: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=action, args=arguments, daemon=True).start()

    def _tell(self, line: str) -> None:
        """All that are there, and who comes later when it does."""
        with self._lock:
            self._said.append(line)
            links = [other.link for other in self._others.values() if other.link is not None]
        for link in links:
            _send(link, line)

    # --- connections ------------------------------------------------------------------------------

    def _accept(self) -> None:
        assert self._listener is not None  # noqa: S101
        while not self._over.is_set():
            try:
                link, _ = self._listener.accept()
            except OSError:
                return  # closed
            self._begin(self._answer, link)

    def _answer(self, link: socket.socket) -> None:
        """One of a higher index calls."""
        with link, contextlib.suppress(OSError, ValueError):
            link.settimeout(_TIMEOUT_SECONDS)
            word, _, index = _line(link).partition(" ")
            if word == "hello" and int(index) in self._others and int(index) > self._index:
                _send(link, "hello {}".format(self._index))
                self._talk(link, int(index))

    def _reach(self, index: int) -> None:
        """Call one of a lower index, again and again."""
        seconds = _FIRST_PAUSE_SECONDS
        while not self._over.is_set():
            with contextlib.suppress(OSError, ValueError):
                address = (self._hosts[index], self._port)
                with socket.create_connection(address, _TIMEOUT_SECONDS) as link:
                    _send(link, "hello {}".format(self._index))
                    if _line(link) == "hello {}".format(index):
                        seconds = _FIRST_PAUSE_SECONDS
                        self._talk(link, index)
            self._over.wait(seconds)
            seconds = min(2 * seconds, _LONGEST_PAUSE_SECONDS)

    def _talk(self, link: socket.socket, index: int) -> None:
        """Until one of the two leaves."""
        link.settimeout(None)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._came(index, link)
        try:
            while line := _line(link):
                self._heard(index, link, line)
        except (OSError, ValueError):
            pass  # broken off, or nothing that this program says
        finally:
            self._gone(index, link)

    # --- what is known ----------------------------------------------------------------------------

    def _came(self, index: int, link: socket.socket) -> None:
        other = self._others[index]
        with self._lock:
            before, other.link = other.link, link
            other.is_ready = other.has_seen = False
            said = list(self._said)
        if before is not None:
            _close(before)  # of a node that was lost, and its pod made anew elsewhere
            self._lose(Loss(index, time.time(), "it began anew"))
        for line in said:
            _send(link, line)

    def _heard(self, index: int, link: socket.socket, line: str) -> None:
        other = self._others[index]
        word, _, rest = line.partition(" ")
        if word == "ready":
            _send(link, "seen")
            other.is_ready = True
        elif word == "seen":
            other.has_seen = True
        elif word == "done":
            other.is_done = True
        elif word == "ended":
            when, _, why = rest.partition(" ")
            other.is_ready = False
            self._lose(Loss(index, float(when), why))

    def _gone(self, index: int, link: socket.socket) -> None:
        other = self._others[index]
        with self._lock:
            if other.link is not link:
                return
            other.link = None
            other.absent_since = time.monotonic()
            if other.is_done:
                return  # who is slow to begin begins all the same
            other.is_ready = other.has_seen = False
        if not self._over.is_set():
            self._lose(Loss(index, time.time(), "it is gone without a word"))

    def _lose(self, loss: Loss) -> None:
        if self._on_loss is not None:
            self._on_loss(loss)


def _listen(host: str, port: int) -> socket.socket:
    """On the pod's own address alone.

    The cluster's DNS may not know it yet, or still have that of the pod before; a pod itself has
    its short name right.
    """
    trouble: Optional[OSError] = None
    for name in (host, socket.gethostname()):
        try:
            found = socket.getaddrinfo(name, port, proto=socket.IPPROTO_TCP)
            return _bound(*found[0])
        except OSError as error:
            trouble = error
    raise Ended(LAUNCHER_FAILED, detail="port {}: {}".format(port, trouble))


def _bound(
    family: int, kind: int, protocol: int, _: str, address: "tuple[Any, ...]"
) -> socket.socket:
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _line(link: socket.socket) -> str:
    """The next line; empty at the end. Raises OSError, and ValueError if it is too long."""
    found = b""
    while not found.endswith(b"\n"):
        byte = link.recv(1)
        if not byte:
            return ""
        found += byte
        if len(found) > _LONGEST_LINE:
            raise ValueError("no end of line")
    return found.decode("utf-8", "replace").strip()


def _send(link: socket.socket, line: str) -> None:
    with contextlib.suppress(OSError):  # whoever reads from it finds out
        link.sendall(line.encode("utf-8", "replace")[: _LONGEST_LINE - 1] + b"\n")


def _close(link: socket.socket) -> None:
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
    link.close()
