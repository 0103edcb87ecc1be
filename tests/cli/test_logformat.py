"""Lines of logs as people read them, of what the launcher and servers really write."""

import io

import pytest
from launcher.logs import Log as LauncherLog
from launcher.records import Record
from serving.log import Log as ServingLog
from serving.log import endpoint_fields

from cli.logformat import readable


def test_launchers_records_are_time_level_and_body() -> None:
    out = io.BytesIO()
    log = LauncherLog(out)
    log.use_json("key", "fit-1")
    log.script([Record("ValueError: 붓꽃", "ERROR", 1769860800.9996)])
    record = out.getvalue().decode().rstrip("\n")
    assert readable(record) == "2026-01-31 12:00:00.999Z  ERROR    ValueError: 붓꽃"


def test_servers_records_tell_the_request() -> None:
    out = io.BytesIO()
    ServingLog(endpoint_fields("iris", "blue", "m"), out).say("no", "WARNING", inference="a1")
    record = out.getvalue().decode().rstrip("\n")
    assert readable(record).endswith("Z  WARNING  a1 no")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[easymaker] fetching",
        "{'loss': 1}",
        '{"loss": 1}',
        '{"time": "now", "logLevel": "INFO", "body": "of the script\'s own"}',
        '{"time": 1, "logLevel": "INFO", "body": "x", "logType": "NHNCloud-AIEasyMaker"}',
        "{" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_other_lines_stay_as_they_are(line: str) -> None:
    assert readable(line) == line
