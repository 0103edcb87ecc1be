"""Fluent Bit's configuration and pods; what it would send of what is really written."""

import contextlib
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from launcher.logs import Log as LauncherLog
from launcher.records import Record
from pydantic import TypeAdapter
from serving.log import Log as ServingLog
from serving.log import endpoint_fields

from components.manifests import Manifest, collector
from schemas import resolved
from schemas.logs import Logs
from tests.support.workspaces import workspace as spec_of

KEYS = {"access_key": {"pulumi_config": "sink:user"}, "secret_key": {"secret": "sink"}}
LOKI = {"type": "loki", "url": "https://loki.test/logs", "tenant": "lab", "credentials": KEYS}
OPENSEARCH = {"type": "opensearch", "url": "http://search.test:9200"}
CLOUDWATCH = {"type": "cloudwatch", "region": "ap-northeast-2", "credentials": KEYS}
GUIDE = [  # the console guide's queries, and which of the records below they mean
    ('category:"easymaker.training"', [0]),
    ('category:"easymaker.inference"', [1]),
    ('logType:"NHNCloud-AIEasyMaker"', [0, 1]),
    ('logLevel:"ERROR"', [0]),
    ('trainingId:"fit-1"', [0]),
]


@pytest.fixture
def spec(tmp_path: Path) -> resolved.Workspace:
    return spec_of(tmp_path)


def sink(given: dict[str, Any]) -> Logs:
    made: Logs = TypeAdapter(Logs).validate_python(given)
    return made


def output(given: dict[str, Any]) -> dict[str, Any]:
    (found,) = collector.configuration("lab", sink(given))["pipeline"]["outputs"]
    assert found.pop("match") == "*"
    del found["retry_limit"]
    return dict(found)


def daemon_set(spec: resolved.Workspace, given: dict[str, Any]) -> Manifest:
    made = collector.objects(spec, sink(given))
    (found,) = [item for item in made if item["kind"] == "DaemonSet"]
    return found


def test_each_sink_is_called_as_fluent_bit_calls_it() -> None:
    known = {"http_user": "${SINK_USER}", "http_passwd": "${SINK_PASSWORD}"}
    assert output(LOKI) == {
        "name": "loki",
        "host": "loki.test",
        "port": 443,
        "tls": "on",
        **known,
        "uri": "/logs/loki/api/v1/push",
        "tenant_id": "lab",
        "labels": "job=easymaker",
        "label_keys": "$category,$logType,$logLevel",
        "line_format": "json",
    }
    assert output(OPENSEARCH) == {
        "name": "opensearch",
        "host": "search.test",
        "port": 9200,
        "tls": "off",
        "index": "easymaker",
        "suppress_type_name": "on",
        "generate_id": "on",
    }
    assert output(CLOUDWATCH) == {
        "name": "cloudwatch_logs",
        "region": "ap-northeast-2",
        "log_group_name": "easymaker",
        "log_stream_prefix": "easymaker-",
        "auto_create_group": True,
    }


def test_credentials_are_references(spec: resolved.Workspace) -> None:
    assert collector.config_keys(sink(LOKI)) == ["sink:user"]
    assert collector.config_keys(sink(OPENSEARCH)) == []
    for given, names in (
        (LOKI, ["SINK_USER", "SINK_PASSWORD"]),
        (CLOUDWATCH, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
    ):
        (container,) = daemon_set(spec, given)["spec"]["template"]["spec"]["containers"]
        assert [item["name"] for item in container["env"]] == names
        assert [item["valueFrom"]["secretKeyRef"] for item in container["env"]] == [
            {"name": "sink-credentials", "key": "sink.user"},
            {"name": "sink", "key": "secret_key"},
        ]


def test_it_reads_the_workspaces_logs_alone_and_may_do_nothing_else(
    spec: resolved.Workspace,
) -> None:
    pod = daemon_set(spec, LOKI)["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsUser": 0,
    }
    mounts = {item["name"]: item.get("readOnly", False) for item in container["volumeMounts"]}
    assert mounts == {"config": True, "pods": True, "state": False}
    (tail,) = collector.configuration("lab", sink(LOKI))["pipeline"]["inputs"]
    assert tail["path"] == "/var/log/pods/lab_*/*/*.log"


def test_only_the_sink_is_reached(spec: resolved.Workspace) -> None:
    made = {item["metadata"]["name"]: item for item in collector.objects(spec, sink(OPENSEARCH))}
    (rule,) = made["allow-sink"]["spec"]["egress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 9200}]
    assert made["default-deny"]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert {item["metadata"]["namespace"] for item in made.values()} == {"logs-lab"}


def test_a_new_configuration_makes_new_pods(spec: resolved.Workspace) -> None:
    one = daemon_set(spec, OPENSEARCH)["spec"]["template"]["metadata"]
    other = daemon_set(spec, OPENSEARCH | {"index": "x"})["spec"]["template"]["metadata"]
    assert one != other


def sent(line: str) -> dict[str, Any] | None:
    """What the filters leave of a line of a pod's log."""
    parts = re.fullmatch(
        r"(?P<time>[^ ]+) (?P<stream>stdout|stderr) (?P<_p>F|P) (?P<log>.*)",
        f"2026-01-31T12:00:00.1Z stdout F {line}",
    )
    assert parts
    settings = collector.configuration("lab", sink(LOKI))
    parser, grep = settings["pipeline"]["filters"]
    record = parts.groupdict()
    with contextlib.suppress(ValueError):  # it is left as it is
        record = json.loads(record[parser["key_name"]])
    key, _, pattern = grep["regex"].partition(" ")
    return record if re.search(pattern, str(record.get(key, ""))) else None


def test_the_guides_queries_find_what_is_sent() -> None:
    out = io.BytesIO()
    log = LauncherLog(out)
    log.use_json("key", "fit-1")
    log.script([Record("Traceback (most recent call last):\nValueError: no", "ERROR", 1.5)])
    training = out.getvalue().decode()
    out = io.BytesIO()
    ServingLog(endpoint_fields("iris", "blue", "m"), out).say("POST /inference 200", inference="a")
    lines = [training, out.getvalue().decode(), "plain\n", '{"logType": "another"}\n']
    records = [sent(line.rstrip("\n")) for line in lines]
    assert records[2:] == [None, None]
    for query, wanted in GUIDE:
        key, _, value = query.partition(":")
        found = [
            i for i, record in enumerate(records) if record and f'"{record.get(key)}"' == value
        ]
        assert found == wanted, query
    (parser,) = collector.configuration("lab", sink(LOKI))["parsers"]
    for record in records[:2]:
        assert record is not None
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record[parser["time_key"]])


def test_names_stay_within_what_kubernetes_takes(spec: resolved.Workspace) -> None:
    long = [replace(spec, name="w" * 62 + end) for end in "ab"]
    names = {collector.namespace_name(item) for item in long}
    assert len(names) == 2
    assert all(len(name) <= 63 for name in names)
