"""The cluster's own collector, and the class of its volumes."""

import json
from collections.abc import Iterator
from typing import Any

from components.manifests.addons import logs, storage
from components.manifests.addons.facts import facts
from tests.support import cluster_outputs

KNOWN = facts("organization/easymaker/dev", cluster_outputs.OUTPUTS)


def labels(name: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/managed-by": "pulumi",
        "easymaker.io/kind": "addon",
        "easymaker.io/name": name,
    }


def objects(*namespaces: str) -> list[dict[str, Any]]:
    return logs.objects(KNOWN, namespaces, "example.test/fluent-bit:4", "easymaker/addons")


def test_it_sends_what_these_namespaces_write_and_says_whose_it_is() -> None:
    assert logs.configuration(KNOWN, ["edge", "kube-system"]) == {
        "service": {"flush": 5, "log_level": "warn", "http_server": "off"},
        "parsers": [
            {
                "name": "place",
                "format": "regex",
                "regex": (
                    "^/var/log/pods/(?<namespace>[^_]+)_(?<pod>[^_]+)_[^/]+/(?<container>[^/]+)/"
                ),
            }
        ],
        "pipeline": {
            "inputs": [
                {
                    "name": "tail",
                    "tag": "pods.*",
                    "path": ("/var/log/pods/edge_*/*/*.log,/var/log/pods/kube-system_*/*/*.log"),
                    "path_key": "file",
                    "multiline.parser": "cri",
                    "read_from_head": True,
                    "refresh_interval": 5,
                    "mem_buf_limit": "16MB",
                    "db": "/state/tail.db",
                }
            ],
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
                    "region": "ap-northeast-2",
                    "log_group_name": "/easymaker/dev/pods",
                    "log_stream_prefix": "easymaker-",
                    "auto_create_group": False,
                    "retry_limit": 30,
                }
            ],
        },
    }


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def test_no_text_is_empty() -> None:
    """Fluent Bit takes that for a key that is missing, and ends where it needs one."""
    assert all(texts(logs.configuration(KNOWN, ["*"])))


def test_its_pods_have_a_role_and_no_token() -> None:
    made = {item["kind"]: item for item in objects("*")}
    spec = made["DaemonSet"]["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == made["ServiceAccount"]["metadata"]["name"] == "fluent-bit"
    assert spec["automountServiceAccountToken"] is False
    (container,) = spec["containers"]
    assert container["env"] == [{"name": "AWS_REGION", "value": "ap-northeast-2"}]
    assert not [kind for kind in made if kind.endswith("Role") or kind.endswith("Binding")]
    text = made["ConfigMap"]["data"]["fluent-bit.yaml"]
    assert json.loads(text) == logs.configuration(KNOWN, ["*"])


def test_it_reaches_aws_and_its_credentials_alone() -> None:
    made = {item["metadata"]["name"]: item["spec"] for item in objects("*") if "spec" in item}
    assert made["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert made["allow-sink"] == {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [
            {
                "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}],
                "ports": [{"protocol": "TCP", "port": 443}],
            }
        ],
    }
    assert made["allow-pod-identity"] == {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [
            {
                "to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}],
                "ports": [{"protocol": "TCP", "port": 80}],
            }
        ],
    }


def test_volumes_are_encrypted_with_the_clusters_key() -> None:
    assert storage.objects(cluster_outputs.KEY) == [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": "em-gp3",
                "labels": labels("storage"),
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "ebs.csi.aws.com",
            "parameters": {"type": "gp3", "encrypted": "true", "kmsKeyId": cluster_outputs.KEY},
            "reclaimPolicy": "Delete",
            "allowVolumeExpansion": True,
            "volumeBindingMode": "WaitForFirstConsumer",
        }
    ]
    (plain,) = storage.objects("")
    assert plain["parameters"] == {"type": "gp3", "encrypted": "true"}
