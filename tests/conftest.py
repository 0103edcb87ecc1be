"""What all tests stand on."""

import signal


def pytest_configure() -> None:
    """Let SIGINT interrupt, as in a terminal: a shell that starts jobs in the background sets it to
    be ignored, and every program started from here would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
