"""Manifests of a workspace, whole."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.manifests import certificate, experiment, policies, reader, retention, workspace
from schemas import resolved, units
from schemas.document import platform_document
from schemas.platform import Certificate
from schemas.storage import S3Storage, SwiftStorage
from tests.support.workspaces import workspace as spec_of

GOLDEN = Path(__file__).parents[2] / "golden" / "workspace.json"
KEYS = {"access_key": {"secret": "keys"}, "secret_key": {"secret": "keys"}}
WIDE = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}


@pytest.fixture
def spec(tmp_path: Path) -> resolved.Workspace:
    return spec_of(tmp_path)


def with_platform(spec: resolved.Workspace, **changes: Any) -> resolved.Workspace:
    return replace(spec, platform=replace(spec.platform, **changes))


def policy(spec: resolved.Workspace, name: str) -> Any:
    (found,) = [p for p in policies.policies(spec) if p["metadata"]["name"] == name]
    return found["spec"]


def test_whole_workspace(spec: resolved.Workspace) -> None:
    made = [
        workspace.namespace(spec, "easymaker/dev"),
        workspace.owner(spec, "easymaker/dev"),
        workspace.limit_range(spec),
        workspace.quota(spec),
        workspace.viewer(spec),
        reader.stateful_set(spec),
        workspace.opener(spec),
        *retention.objects(spec, "x"),
        *policies.policies(spec),
        policies.training_peers("lab", "fit"),
    ]
    annotations = made[1]["metadata"]["annotations"]  # type: ignore[index]
    assert json.loads(annotations.pop("easymaker.io/spec")) == platform_document(spec.platform)
    assert made == json.loads(GOLDEN.read_text())


def test_certificate_is_the_workspaces_and_the_gateway_may_read_it(
    spec: resolved.Workspace,
) -> None:
    def made(**named: str) -> list[Any]:
        given = Certificate.model_validate(named) if named else None
        gateway = spec.platform.gateway.model_copy(update={"certificate": given})
        return certificate.manifests(with_platform(spec, gateway=gateway))

    assert made() == []
    metadata = {
        "name": "certificate",
        "namespace": "lab",
        "labels": {
            "app.kubernetes.io/managed-by": "pulumi",
            "easymaker.io/kind": "workspace",
            "easymaker.io/name": "lab",
        },
    }
    grant = {
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": metadata,
        "spec": {
            "from": [
                {
                    "group": "gateway.networking.k8s.io",
                    "kind": "Gateway",
                    "namespace": spec.platform.gateway.namespace,
                }
            ],
            "to": [{"group": "", "kind": "Secret", "name": "hosts"}],
        },
    }
    assert made(secret="hosts") == [grant]
    assert made(secret="hosts", issuer="letsencrypt") == [
        grant,
        {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": {**metadata, "annotations": {"pulumi.com/skipAwait": "true"}},
            "spec": {
                "secretName": "hosts",
                "dnsNames": ["*.lab.ml.test"],
                "issuerRef": {
                    "group": "cert-manager.io",
                    "kind": "ClusterIssuer",
                    "name": "letsencrypt",
                },
            },
        },
    ]


def test_each_storage_is_let_out_to_where_it_is(spec: resolved.Workspace) -> None:
    def s3(endpoint: str) -> S3Storage:
        return S3Storage.model_validate({"type": "s3", "endpoint": endpoint, "credentials": KEYS})

    swift = {
        "type": "swift",
        "endpoint": "https://identity.test/v2.0",
        "tenant": "t1",
        "region": "KR1",
        "credentials": KEYS,
    }
    storage: dict[str, S3Storage | SwiftStorage] = {
        "a": s3("https://s3.cloud.test"),
        "b": s3("http://minio.storage.svc.cluster.local:9000"),
        "c": s3("http://10.1.2.3"),
        "d": SwiftStorage.model_validate(swift),
        "e": s3("http://x.ml.test:8088"),
        "f": s3("http://html.test:8088"),
    }
    out = policy(with_platform(spec, object_storage=storage), "allow-object-storage")
    label = "kubernetes.io/metadata.name"
    gateway = {
        "namespaceSelector": {"matchLabels": {label: "gateway-system"}},
        "podSelector": {"matchLabels": {"app": "edge"}},
    }
    assert [(rule["to"], [port["port"] for port in rule["ports"]]) for rule in out["egress"]] == [
        ([WIDE], [443]),
        ([{"namespaceSelector": {"matchLabels": {label: "storage"}}}], [9000]),
        ([{"ipBlock": {"cidr": "10.1.2.3/32"}}], [80]),
        ([gateway], [8088]),
        ([WIDE], [8088]),
    ]


def test_no_storage_lets_nothing_out(spec: resolved.Workspace) -> None:
    names = {
        p["metadata"]["name"] for p in policies.policies(with_platform(spec, object_storage={}))
    }
    assert "allow-object-storage" not in names


def test_package_index_is_for_those_who_install(tmp_path: Path) -> None:
    packages = "\n  packages: {python_index: https://pypi.test/simple}\n  quotas"
    out = policy(spec_of(tmp_path, ("\n  quotas", packages)), "allow-python-index")
    assert out == {
        "podSelector": {
            "matchExpressions": [
                {"key": "easymaker.io/kind", "operator": "In", "values": ["notebook", "training"]}
            ]
        },
        "policyTypes": ["Egress"],
        "egress": [{"to": [WIDE], "ports": [{"protocol": "TCP", "port": 443}]}],
    }


@pytest.mark.parametrize(
    ("cidr", "block"),
    [
        ("0.0.0.0/0", WIDE["ipBlock"]),
        ("10.1.2.3/8", {"cidr": "10.0.0.0/8"}),
        ("169.0.0.0/8", {"cidr": "169.0.0.0/8", "except": ["169.254.0.0/16"]}),
        # What is named on purpose counts.
        ("169.254.0.0/16", {"cidr": "169.254.0.0/16"}),
        ("169.254.170.23/32", {"cidr": "169.254.170.23/32"}),
    ],
)
def test_named_egress_leaves_metadata_out(
    tmp_path: Path, cidr: str, block: dict[str, object]
) -> None:
    egress = f'\n  packages: {{egress: {{x: {{cidr: "{cidr}", ports: [443, 8443]}}}}}}\n  quotas'
    out = policy(spec_of(tmp_path, ("\n  quotas", egress)), "allow-egress")
    ports = [{"protocol": "TCP", "port": 443}, {"protocol": "TCP", "port": 8443}]
    assert out["podSelector"] == {}
    assert out["egress"] == [{"to": [{"ipBlock": block}], "ports": ports}]


def test_quota_has_room_for_what_a_spec_that_fits_needs(spec: resolved.Workspace) -> None:
    quota = workspace.quota(spec)
    assert quota is not None
    hard = quota["spec"]["hard"]
    pod = experiment.deployment(spec, spec.experiments["iris"], "")["spec"]["template"]["spec"]
    # Two instances, a stage with its surge, two notebooks; what reads logs and cleans up.
    beside = 2 * (2 + 2 + 2) + 2
    cpu = 8000 + beside * 10 + 2 * sum(requests(pod, "cpu"))
    memory = 20 * 2**30 + beside * 32 * 2**20 + 2 * sum(requests(pod, "memory"))
    assert units.millicores(hard["requests.cpu"]) == cpu
    assert units.memory_bytes(hard["requests.memory"]) == memory
    assert hard["requests.nvidia.com/gpu"] == "2"
    assert units.memory_bytes(hard["requests.storage"]) == (100 + 30) * 2**30 + 2**20


def requests(pod: Any, what: str) -> list[int]:
    read = units.millicores if what == "cpu" else units.memory_bytes
    return [read(container["resources"]["requests"][what]) for container in pod["containers"]]


@pytest.mark.parametrize(
    ("written", "hard"),
    [("quotas: {gpu: 0}", {"requests.nvidia.com/gpu": "0"}), ("quotas: {}", None)],
)
def test_only_what_is_bounded_is_in_the_quota(
    tmp_path: Path, written: str, hard: dict[str, str] | None
) -> None:
    stopped = spec_of(
        tmp_path,
        ("quotas: {cpu: 8, memory: 20Gi, gpu: 2, storage: 100}", written),
    )
    made = workspace.quota(stopped)
    assert (None if made is None else made["spec"]["hard"]) == hard


def test_viewer_sees_no_secrets_and_changes_nothing(spec: resolved.Workspace) -> None:
    *looking, reading = workspace.viewer(spec)["rules"]
    assert reading == {
        "apiGroups": [""],
        "resources": ["pods/portforward"],
        "resourceNames": ["log-reader-0"],
        "verbs": ["create", "get"],
    }
    for rule in looking:
        assert set(rule["verbs"]) == {"get", "list", "watch"}
        assert not {"*", "secrets", "pods/exec"} & {*rule["resources"], *rule["apiGroups"]}


def test_opener_reads_tokens_and_no_other_secret(spec: resolved.Workspace) -> None:
    made = workspace.opener(spec)
    assert made is not None
    (rule,) = made["rules"]
    assert rule["verbs"] == ["get"]
    assert rule["resourceNames"] == ["experiment-iris", "notebook-explore", "notebook-train"]
    # An empty list of names would mean every Secret.
    assert workspace.opener(replace(spec, experiments={}, notebooks={})) is None


def test_restricted_platform_enforces_it(spec: resolved.Workspace) -> None:
    made = workspace.namespace(with_platform(spec, security="restricted"), "easymaker/dev")
    level = made["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    assert level == "restricted"


def test_without_experiments_there_is_nothing_to_keep_in_order(spec: resolved.Workspace) -> None:
    bare = replace(spec, experiments={}, trainings={})
    assert workspace.upkeep(bare, "x") == []
    assert "allow-api-server" not in [p["metadata"]["name"] for p in policies.policies(bare)]
    made = workspace.upkeep(spec, "x")
    assert made == [reader.stateful_set(spec), *retention.objects(spec, "x")]
