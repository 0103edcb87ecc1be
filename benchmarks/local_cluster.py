"""How long the local cluster takes to come up: cold, warm and when there is nothing to do."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from benchmarks import free_port
from tools import cluster
from tools.cluster import host
from tools.dirs import cache_dir

_LOAD = os.getloadavg()[0]


def run() -> dict[str, str]:
    """Seconds, and what each is of the cold one. Tools are there; base and images are made."""
    with tempfile.TemporaryDirectory() as folder, _without_images(Path(folder) / "cache"):
        state = Path(folder)
        wish = cluster.Wish(name="bench", state=state, gateway_port=free_port())

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
        "load of the machine before": f"{_LOAD:6.1f}",
        "first up, base and images made": f"{cold:6.1f} s",
        "up after down --keep-data": f"{warm:6.1f} s  {warm / cold:.2f} of the first",
        "up with nothing to do": f"{again:6.1f} s  {again / cold:.3f} of the first",
        "down": f"{down:6.1f} s  {down / cold:.3f} of the first",
    }


@contextmanager
def _without_images(cache: Path) -> Iterator[None]:
    """Nothing to take a base or an image from: neither a cache nor another cluster."""
    own = cache / "easymaker"
    own.mkdir(parents=True)
    (own / "tools").symlink_to(cache_dir() / "tools")
    with (
        patch.dict(os.environ, {"XDG_CACHE_HOME": str(cache)}),
        patch.object(host, "users", list[Path]),
    ):
        yield


def _seconds(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def _quiet(line: str) -> None:
    pass
