"""A line of a log as people read it."""

import json
from typing import Any

LOG_TYPE = "NHNCloud-AIEasyMaker"
_LEVEL_WIDTH = len("WARNING")


def readable(line: str) -> str:
    """A record of the launcher's or a server's as time (UTC), level and body; any other line as is.

    The end of the line is not part of it.
    """
    record = _record(line)
    if record is None:
        return line
    about = f"{record['inferenceId']} " if record.get("inferenceId") else ""
    time = str(record["time"]).replace("T", " ", 1)
    return f"{time}  {record['logLevel']:<{_LEVEL_WIDTH}}  {about}{record['body']}"


def _record(line: str) -> dict[str, Any] | None:
    """The record that a line is; None if it is none, as a script may write JSON of its own."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    texts = all(isinstance(found.get(key), str) for key in ("time", "logLevel", "body"))
    return found if texts and found.get("logType") == LOG_TYPE else None
