"""Fluent Bit, which sends what the platform's own pods write to CloudWatch.

Workspaces have collectors of their own (docs/adr/0101): their pods are read here only where the
spec names their namespaces.
"""

import json
from collections.abc import Sequence
from typing import Any

from components.manifests import Manifest, collector
from components.manifests.addons import common
from components.manifests.addons.facts import Facts
from components.manifests.metadata import SKIP_AWAIT, labels
from components.manifests.policies import addon_collector_policies
from schemas.addons import LOGS_NAMESPACE

ADDON = "logs"
NAMESPACE = LOGS_NAMESPACE
NAME = collector.NAME
"""Name of its service account too: its Pod Identity names both."""


def objects(cluster: Facts, namespaces: Sequence[str], image: str, stack: str) -> list[Manifest]:
    """Its namespace first."""
    text = json.dumps(configuration(cluster, namespaces), indent=2)
    spec = collector.daemon_set(
        labels(common.KIND, ADDON), image, text, [{"name": "AWS_REGION", "value": cluster.region}]
    )
    # EKS gives pods of this account its role, and needs no token of the cluster's for that.
    spec["template"]["spec"]["serviceAccountName"] = NAME
    daemon_set = common.made("apps/v1", "DaemonSet", ADDON, NAME, NAMESPACE, spec=spec)
    # Nodes come and go: one that is just starting is no reason to wait.
    daemon_set["metadata"]["annotations"] = dict(SKIP_AWAIT)
    return [
        # A folder of the node is no `baseline` pod's.
        common.home(ADDON, NAMESPACE, stack, "privileged"),
        *common.account(ADDON, NAME, NAMESPACE, []),
        common.made("v1", "ConfigMap", ADDON, NAME, NAMESPACE, data={collector.CONFIG: text}),
        *addon_collector_policies(NAMESPACE),
        daemon_set,
    ]


def configuration(cluster: Facts, namespaces: Sequence[str]) -> dict[str, Any]:
    """Fluent Bit's: each file, which is a start of a container, has a stream of its own, and each
    record says whose it is."""
    tail = {**collector.tail("pods.*", namespaces), "path_key": "file"}
    return {
        "service": {"flush": 5, "log_level": "warn", "http_server": "off"},
        "parsers": [
            {
                "name": "place",
                "format": "regex",
                "regex": (
                    f"^{collector.PODS}/(?<namespace>[^_]+)_(?<pod>[^_]+)_[^/]+/(?<container>[^/]+)/"
                ),
            }
        ],
        "pipeline": {
            "inputs": [tail],
            "filters": [
                {
                    "name": "parser",
                    "match": "*",
                    "key_name": "file",
                    "parser": "place",
                    "reserve_data": True,
                }
            ],
            "outputs": [
                {
                    "name": "cloudwatch_logs",
                    "match": "*",
                    "region": cluster.region,
                    "log_group_name": cluster.log_group,
                    "log_stream_prefix": collector.STREAM_PREFIX,
                    # The cluster's stack made it, with its retention and key.
                    "auto_create_group": False,
                    "retry_limit": 30,
                }
            ],
        },
    }
