"""The log on standard output: plain lines, or JSON with EasyMaker's fields of an endpoint."""

import datetime
import json
import sys
import threading
from collections.abc import Mapping
from typing import BinaryIO

# The runtime splits what is longer into pieces that are no JSON.
LONGEST_BODY = 8000


class Log:
    """Writes whole lines, from several threads.

    With `fields` every line is a JSON object that holds them.
    """

    def __init__(
        self, fields: Mapping[str, str] | None = None, out: BinaryIO | None = None
    ) -> None:
        self._fields = fields
        self._out = out or sys.stdout.buffer
        self._lock = threading.Lock()

    def say(self, text: str, level: str = "INFO", inference: str = "") -> None:
        """One record; `inference` is the id of the request that it is about.

        Plain text of several lines stays as it is.
        """
        if self._fields is None:
            about = f"{inference} " if inference else ""
            self._write(f"[easymaker] {about}{text}\n")
            return
        now = datetime.datetime.now(datetime.timezone.utc)
        record = dict(self._fields, logLevel=level, body=text[:LONGEST_BODY])
        record["time"] = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
        if inference:
            record["inferenceId"] = inference
        self._write(json.dumps(record, ensure_ascii=False) + "\n")

    def _write(self, line: str) -> None:
        with self._lock:
            self._out.write(line.encode("utf-8", "replace"))
            self._out.flush()


def endpoint_fields(endpoint: str, stage: str, model: str, app_key: str = "") -> dict[str, str]:
    """EasyMaker's fields that all records of a stage share."""
    fields = {
        "category": "easymaker.inference",
        "logType": "NHNCloud-AIEasyMaker",
        "endpointId": endpoint,
        "endpointStageId": stage,
        "action": "Endpoint.Model",
        "modelName": model,
    }
    return {"easymakerAppKey": app_key, **fields} if app_key else fields
