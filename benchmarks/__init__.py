"""Figures, taken as ratios within one run: the machine's own speed cancels out."""

import socket


def free_port() -> int:
    """A port of 127.0.0.1 that nobody holds: a person's cluster has the usual one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
