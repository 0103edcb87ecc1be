"""The completion record: the last thing a run writes, so that whoever finds it finds all of it."""

import hashlib
import json
import math
import os
from typing import Any, Dict, List, NamedTuple, Optional

from launcher.job import Job
from launcher.logs import Log

NAME = "completion.json"
VERSION = 1
COMPLETE = "COMPLETE"
METRICS = "metrics.json"
_MOST_METRICS = 100
_LARGEST_METRICS = 65536  # bytes


class Digest(NamedTuple):
    sha256: str
    size: int  # bytes


def files_below(directory: str) -> List[str]:
    """Path with `/` of every regular file below `directory`, sorted. Links are followed."""
    found: List[str] = []
    seen = set()
    for top, directories, files in os.walk(directory, followlinks=True):
        real = os.path.realpath(top)
        if real in seen:  # a link that leads back
            directories.clear()
            continue
        seen.add(real)
        for name in files:
            path = os.path.join(top, name)
            if os.path.isfile(path):
                found.append(os.path.relpath(path, directory).replace(os.sep, "/"))
    return sorted(found)


def digests(directory: str) -> Dict[str, Digest]:
    """The digest of every file below `directory`, by its path."""
    return {path: digest(os.path.join(directory, path)) for path in files_below(directory)}


def digest(path: str) -> Digest:
    """SHA-256 and size of one file. Raises OSError."""
    state = hashlib.sha256()
    size = 0
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            state.update(chunk)
            size += len(chunk)
    return Digest(state.hexdigest(), size)


def metrics(model: str, log: Log) -> Dict[str, float]:
    """The figures that the script reported: `metrics.json` in EM_MODEL_DIR, an object of numbers.

    What is there but can't be used is named in the log and left out: it is no reason to lose a
    trained model.
    """
    path = os.path.join(model, METRICS)
    if not os.path.isfile(path):
        return {}
    try:
        if os.path.getsize(path) > _LARGEST_METRICS:
            raise ValueError("larger than {} bytes".format(_LARGEST_METRICS))
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        if not isinstance(data, dict):
            raise ValueError("no JSON object")
    except (OSError, ValueError) as error:
        log.say("{} is not used: {}".format(METRICS, error), "WARNING")
        return {}
    usable = {key: value for key, value in data.items() if _is_number(value)}
    kept = dict(sorted(usable.items())[:_MOST_METRICS])
    if len(kept) < len(data):
        text = "{}: {} of {} entries used; numbers are, at most {}"
        log.say(text.format(METRICS, len(kept), len(data), _MOST_METRICS), "WARNING")
    return kept


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def compose(
    job: Job, started: str, finished: str, files: Dict[str, Digest], figures: Dict[str, float]
) -> Dict[str, Any]:
    """The record as JSON data. Times are UTC, `2026-01-31T12:00:00Z`; sizes are bytes."""
    return {
        "version": VERSION,
        "status": COMPLETE,
        "training": job.training,
        "revision": job.revision,
        "started": started,
        "finished": finished,
        "exit_code": 0,
        "metrics": figures,
        "files": {
            "model/" + path: {"sha256": digest.sha256, "size": digest.size}
            for path, digest in files.items()
        },
    }


def is_own(content: Optional[bytes], job: Job) -> bool:
    """Whether this is the record of this very revision, complete."""
    try:
        data = json.loads(content or b"null")
    except ValueError:
        return False
    return isinstance(data, dict) and (
        data.get("status"),
        data.get("training"),
        data.get("revision"),
    ) == (COMPLETE, job.training, job.revision)
