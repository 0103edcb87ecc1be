"""How long the local cluster takes to come up: cold, warm and when there is nothing to do."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tools import cluster


def run() -> dict[str, str]:
    """Seconds, and what each is of the cold one. Tools are built before; images are not."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        wish = cluster.Wish(name="bench", state=state)

        def up() -> object:
            return cluster.up(wish, _quiet)

        try:
            cold = _seconds(up)
            again = _seconds(up)
            cluster.down("bench", state, keep_data=True, say=_quiet)
            warm = _seconds(up)
        finally:
            down = _seconds(lambda: cluster.down("bench", state, keep_data=False, say=_quiet))
    return {
        "first up, images built": f"{cold:6.1f} s",
        "up after down --keep-data": f"{warm:6.1f} s  {warm / cold:.2f} of the first",
        "up with nothing to do": f"{again:6.1f} s  {again / cold:.3f} of the first",
        "down": f"{down:6.1f} s  {down / cold:.3f} of the first",
    }


def _seconds(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def _quiet(line: str) -> None:
    pass
