"""What Ctrl-C means to commands that go on until somebody ends them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""Exit code, as shells have it."""


@contextmanager
def ended_by_interrupt() -> Iterator[None]:
    """Exits with `INTERRUPTED`, and says nothing, when Ctrl-C ends the block."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
