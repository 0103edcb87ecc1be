"""What is there before the script starts: code, data sets, the input checkpoint."""

import os
import time
from typing import Callable, Dict, List, NamedTuple

from launcher import generations
from launcher.causes import DATA_TOO_LARGE, DENIED, NO_CHECKPOINT, NOTHING_THERE, Ended
from launcher.job import Job, Place
from launcher.layout import Inputs, Layout
from launcher.logs import Log
from launcher.storage import Found, Storage


class _Planned(NamedTuple):
    """Something to fetch; `size` is what it takes on the local disk, in bytes."""

    what: str
    place: Place
    files: int
    size: int
    fetch: Callable[[], None]


def fetch(job: Job, layout: Layout, storage: Storage, log: Log) -> Inputs:
    """Fetch all, or use it where it is mounted; nothing is fetched if not all of it has room."""
    plan = [_copied(job.code, layout.source, "code", storage)]
    datasets: Dict[str, str] = {}
    for name, place in job.datasets.items():
        datasets[name] = _plan(place, layout.dataset(name), "data set " + name, storage, plan)
    start = ""
    if job.checkpoint_input:
        start = _plan_checkpoint(job.checkpoint_input, layout.checkpoint_input, storage, plan, log)
    _check_size(job, plan)
    for item in plan:
        begin = time.monotonic()
        item.fetch()
        log.say(
            "{}: {} files, {} bytes from {} in {:.1f} s".format(
                item.what, item.files, item.size, item.place.address, time.monotonic() - begin
            )
        )
    return Inputs(datasets, start)


def _plan(place: Place, directory: str, what: str, storage: Storage, plan: List[_Planned]) -> str:
    """Where the data will lie; what must be fetched for that is added to `plan`."""
    if place.is_mounted and os.path.isdir(place.path):
        _check_mounted(place, what)
        return place.path
    plan.append(_copied(place, directory, what, storage))
    return directory


def _plan_checkpoint(
    place: Place, directory: str, storage: Storage, plan: List[_Planned], log: Log
) -> str:
    """The same; of a folder of checkpoints the newest that is whole."""
    folder = generations.Folder(storage, place, "input checkpoint")
    what, listing = folder.what, folder.listing()
    if not generations.holds_some(listing):
        return _plan(place, directory, what, storage, plan)

    def restore() -> None:
        if not generations.restore(folder, listing, directory, log):
            raise Ended(NO_CHECKPOINT, address=place.address, what=what)

    closed = generations.closed(listing)
    files = generations.files_of(closed[-1], listing) if closed else {}
    plan.append(_Planned(what, place, len(files), sum(files.values()), restore))
    return directory


def _copied(place: Place, directory: str, what: str, storage: Storage) -> _Planned:
    found: Found = storage.find(place, what)

    def fetch() -> None:
        storage.fetch(place, found, directory, what)

    return _Planned(what, place, len(found.files), found.size, fetch)


def _check_mounted(place: Place, what: str) -> None:
    try:
        os.listdir(place.path)
    except OSError:
        raise Ended(DENIED, verb="read", address=place.address, what=what) from None
    if not any(files for _, _, files in os.walk(place.path, followlinks=True)):
        raise Ended(NOTHING_THERE, address=place.address, what=what)


def _check_size(job: Job, plan: List[_Planned]) -> None:
    size = sum(item.size for item in plan if not item.place.is_mounted)
    if job.data_storage is not None and size > job.data_storage:
        raise Ended(DATA_TOO_LARGE, size=str(size), limit=str(job.data_storage))
