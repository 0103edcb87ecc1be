"""Fluent Bit, which sends the records of log management to where `platform.logs` says.

It reads a folder of the node, which Pod Security forbids in the workspace's namespace: it has one
of its own (docs/adr/0101).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from components.manifests import Manifest, pods, stores
from components.manifests.metadata import SKIP_AWAIT, STACK_ANNOTATION, dns_label, labels
from components.manifests.policies import collector_policies, pod_identity_policy
from schemas import resolved
from schemas.logs import CloudWatch, Logs, Loki, OpenSearch
from schemas.storage import FromConfig

KIND = "collector"
NAME = "fluent-bit"
CREDENTIALS = "sink-credentials"
CONFIG = "fluent-bit.yaml"
PODS = "/var/log/pods"
STREAM_PREFIX = "easymaker-"
"""Of CloudWatch's streams, before the name of the file; Fluent Bit takes empty text for none."""
_USER, _PASSWORD = "SINK_USER", "SINK_PASSWORD"


def namespace_name(workspace: resolved.Workspace) -> str:
    """Of the namespace that the collector has for itself."""
    return dns_label("logs", workspace.name)


def namespace(workspace: resolved.Workspace, stack: str) -> Manifest:
    """Its namespace."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": namespace_name(workspace),
            "labels": {
                **labels(KIND, workspace.name),
                "pod-security.kubernetes.io/enforce": "privileged",
            },
            "annotations": {STACK_ANNOTATION: stack},
        },
    }


def has_role(platform: resolved.Platform, logs: Logs) -> bool:
    """Whether it sends with a role, and without keys."""
    return platform.is_on_aws and isinstance(logs, CloudWatch) and logs.credentials is None


def objects(workspace: resolved.Workspace, logs: Logs) -> list[Manifest]:
    """Configuration, DaemonSet, and policies that let it out to the sink alone; with a role a
    service account, too, which the role is for."""
    home = namespace_name(workspace)
    text = json.dumps(configuration(workspace.name, logs), indent=2)
    spec = daemon_set(labels(KIND, workspace.name), logs.image, text, _environment(logs))
    made = [
        _made("v1", "ConfigMap", workspace, data={CONFIG: text}),
        _made("apps/v1", "DaemonSet", workspace, spec=spec),
        *collector_policies(workspace.platform, home, logs.url),
    ]
    if not has_role(workspace.platform, logs):
        return made
    spec["template"]["spec"]["serviceAccountName"] = NAME
    account = _made("v1", "ServiceAccount", workspace, automountServiceAccountToken=False)
    return [account, *made, pod_identity_policy(home)]


def secret_metadata(workspace: resolved.Workspace) -> dict[str, object]:
    """Metadata of the Secret with the configured credentials."""
    return {
        "name": CREDENTIALS,
        "namespace": namespace_name(workspace),
        "labels": labels(KIND, workspace.name),
    }


def configuration(namespace: str, logs: Logs) -> dict[str, Any]:
    """Fluent Bit's, which reads JSON as the YAML that it is.

    Of all that pods of the workspace write, EasyMaker's records go on, with their fields as they
    are; so log management that is off sends nothing.
    """
    return {
        "service": {"flush": 5, "log_level": "warn", "http_server": "off"},
        "parsers": [
            {
                "name": "easymaker",
                "format": "json",
                "time_key": "time",
                "time_format": "%Y-%m-%dT%H:%M:%S.%LZ",
                "time_keep": True,
            }
        ],
        "pipeline": {
            "inputs": [tail("easymaker.*", [namespace])],
            "filters": [
                {"name": "parser", "match": "*", "key_name": "log", "parser": "easymaker"},
                {"name": "grep", "match": "*", "regex": "logType ^NHNCloud-AIEasyMaker$"},
            ],
            "outputs": [{"match": "*", "retry_limit": 30, **_output(logs)}],
        },
    }


def tail(tag: str, namespaces: Sequence[str]) -> dict[str, Any]:
    """The input that follows all that pods in these namespaces write; `*` is any."""
    return {
        "name": "tail",
        "tag": tag,
        "path": ",".join(f"{PODS}/{name}_*/*/*.log" for name in namespaces),
        "multiline.parser": "cri",
        "read_from_head": True,
        "refresh_interval": 5,
        "mem_buf_limit": "16MB",
        "db": "/state/tail.db",
    }


def config_keys(logs: Logs) -> list[str]:
    """Keys of the stack's configuration that its credentials are named by."""
    given = logs.credentials
    found = [] if given is None else [given.access_key, given.secret_key]
    return sorted({item.pulumi_config for item in found if isinstance(item, FromConfig)})


def _output(logs: Logs) -> dict[str, Any]:
    if isinstance(logs, CloudWatch):
        return {
            "name": "cloudwatch_logs",
            "region": logs.region,
            "log_group_name": logs.log_group,
            "log_stream_prefix": STREAM_PREFIX,
            "auto_create_group": True,
        }
    parts = urlsplit(logs.url)
    is_tls = parts.scheme == "https"
    known = (
        {}
        if logs.credentials is None
        else {
            "http_user": f"${{{_USER}}}",
            "http_passwd": f"${{{_PASSWORD}}}",
        }
    )
    where = {
        "host": parts.hostname,
        "port": parts.port or (443 if is_tls else 80),
        "tls": "on" if is_tls else "off",
        **known,
    }
    path = parts.path.rstrip("/")
    if isinstance(logs, OpenSearch):
        found = {"name": "opensearch", **where, "index": logs.index, "suppress_type_name": "on"}
        # What is sent again after a restart is not there twice.
        return {**found, "generate_id": "on", **({"path": path} if path else {})}
    return _loki(logs, where, path)


def _loki(logs: Loki, where: dict[str, Any], path: str) -> dict[str, Any]:
    return {
        "name": "loki",
        **where,
        "uri": f"{path}/loki/api/v1/push",
        **({} if logs.tenant is None else {"tenant_id": logs.tenant}),
        "labels": "job=easymaker",
        "label_keys": "$category,$logType,$logLevel",
        "line_format": "json",
    }


def daemon_set(
    found: Mapping[str, str], image: str, text: str, environment: Sequence[Manifest] = ()
) -> Manifest:
    """The spec of a DaemonSet that runs Fluent Bit with the configuration `text`."""
    return {
        "selector": {"matchLabels": dict(found)},
        "template": {
            "metadata": {"labels": dict(found), "annotations": pods.checksum(text)},
            "spec": {
                "enableServiceLinks": False,
                "automountServiceAccountToken": False,
                # Trainings run on nodes that are kept for them, too.
                "tolerations": [{"operator": "Exists"}],
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [
                    {
                        "name": NAME,
                        "image": image,
                        "imagePullPolicy": "IfNotPresent",
                        "args": [f"--config=/config/{CONFIG}"],
                        "env": list(environment),
                        "resources": pods.small_resources("500m", "256Mi"),
                        # Logs of pods are root's; it may do nothing else that root may.
                        "securityContext": {
                            **pods.CONTAINER_SECURITY,
                            "readOnlyRootFilesystem": True,
                            "runAsUser": 0,
                        },
                        "volumeMounts": [
                            {"name": "config", "mountPath": "/config", "readOnly": True},
                            {"name": "pods", "mountPath": PODS, "readOnly": True},
                            {"name": "state", "mountPath": "/state"},
                        ],
                    }
                ],
                "volumes": [
                    {"name": "config", "configMap": {"name": NAME}},
                    {"name": "pods", "hostPath": {"path": PODS, "type": "Directory"}},
                    {"name": "state", "emptyDir": {}},
                ],
            },
        },
    }


def _environment(logs: Logs) -> list[Manifest]:
    if logs.credentials is None:
        return []
    names = (_USER, _PASSWORD)
    if isinstance(logs, CloudWatch):
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    given = (
        ("access_key", logs.credentials.access_key),
        ("secret_key", logs.credentials.secret_key),
    )
    return [
        {
            "name": name,
            "valueFrom": {
                "secretKeyRef": {
                    "name": CREDENTIALS,
                    "key": stores.config_secret_key(item.pulumi_config),
                }
                if isinstance(item, FromConfig)
                else {"name": item.secret, "key": item.key or default}
            },
        }
        for name, (default, item) in zip(names, given, strict=True)
    ]


def _made(api: str, kind: str, workspace: resolved.Workspace, **fields: object) -> Manifest:
    metadata = {
        "name": NAME,
        "namespace": namespace_name(workspace),
        "labels": labels(KIND, workspace.name),
        "annotations": dict(SKIP_AWAIT),
    }
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}
