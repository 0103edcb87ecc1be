"""Who makes nodes: the cluster autoscaler and Karpenter, with what they may do."""

from typing import Any

import pytest

from components.manifests.addons import cluster_autoscaler, karpenter
from components.manifests.addons.facts import Facts, MissingFacts, NodePool, facts
from schemas.addons import CLUSTER_AUTOSCALER
from tests.support import cluster_outputs

KNOWN = facts("organization/easymaker/dev", cluster_outputs.OUTPUTS)
_RBAC = "rbac.authorization.k8s.io"


def labels(name: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/managed-by": "pulumi",
        "easymaker.io/kind": "addon",
        "easymaker.io/name": name,
    }


def by_kind(made: list[dict[str, Any]]) -> dict[str, Any]:
    found = {item["kind"]: item for item in made}
    assert len(found) == len(made)
    return found


def test_the_autoscaler_finds_groups_by_the_clusters_tags() -> None:
    name = "cluster-autoscaler"
    found = by_kind(cluster_autoscaler.objects("dev", "ap-northeast-2", "example.test/ca:1"))
    own = labels(name)
    assert found["Deployment"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "kube-system", "labels": own},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": own},
            "strategy": {"type": "Recreate"},
            "template": {
                "metadata": {"labels": own},
                "spec": {
                    "serviceAccountName": name,
                    "enableServiceLinks": False,
                    "priorityClassName": "system-cluster-critical",
                    "securityContext": {
                        "seccompProfile": {"type": "RuntimeDefault"},
                        "runAsNonRoot": True,
                        "runAsUser": 1000,
                        "runAsGroup": 1000,
                        "fsGroup": 1000,
                    },
                    "containers": [
                        {
                            "name": name,
                            "image": "example.test/ca:1",
                            "imagePullPolicy": "IfNotPresent",
                            "command": [
                                "./cluster-autoscaler",
                                "--v=2",
                                "--logtostderr=true",
                                "--cloud-provider=aws",
                                "--namespace=kube-system",
                                "--node-group-auto-discovery=asg:tag="
                                "k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/dev",
                                "--expander=least-waste",
                                "--balance-similar-node-groups=true",
                                "--skip-nodes-with-local-storage=true",
                                "--skip-nodes-with-system-pods=true",
                                "--scale-down-unneeded-time=10m",
                                "--max-node-provision-time=20m",
                            ],
                            "env": [{"name": "AWS_REGION", "value": "ap-northeast-2"}],
                            "ports": [{"name": "http", "containerPort": 8085, "protocol": "TCP"}],
                            "livenessProbe": {
                                "httpGet": {"path": "/health-check", "port": 8085},
                                "initialDelaySeconds": 60,
                                "periodSeconds": 10,
                            },
                            "resources": {
                                "requests": {"cpu": "50m", "memory": "256Mi"},
                                "limits": {"memory": "1Gi"},
                            },
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "capabilities": {"drop": ["ALL"]},
                                "readOnlyRootFilesystem": True,
                            },
                        }
                    ],
                },
            },
        },
    }
    assert found["ClusterRoleBinding"] == {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"easymaker:addon:{name}", "labels": own},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": f"easymaker:addon:{name}"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}],
    }


def test_its_release_goes_with_kubernetes() -> None:
    assert cluster_autoscaler.image_of("1.36") == f"{CLUSTER_AUTOSCALER}:v1.36.0"


@pytest.mark.parametrize(
    "made",
    [cluster_autoscaler.objects("dev", "r", "i"), karpenter.objects(KNOWN, "i")],
    ids=["cluster-autoscaler", "karpenter"],
)
def test_rights_are_no_wider_than_the_work(made: list[dict[str, Any]]) -> None:
    found = by_kind(made)
    for kind in ("ClusterRole", "Role"):
        for rule in found[kind]["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            assert "secrets" not in rule["resources"]
            writes = set(rule["verbs"]) - {"get", "list", "watch"}
            # Pods are evicted or deleted with their node; none is ever made.
            if "pods" in rule["resources"]:
                assert writes <= {"delete"}
            if kind == "Role" and writes - {"create"}:
                assert rule["resourceNames"]


def test_karpenters_pods_do_not_run_on_its_own_nodes() -> None:
    found = by_kind(karpenter.objects(KNOWN, "example.test/karpenter:1"))
    pod = found["Deployment"]["spec"]["template"]["spec"]
    assert pod["affinity"]["nodeAffinity"] == {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": "karpenter.sh/nodepool", "operator": "DoesNotExist"}]}
            ]
        }
    }
    (container,) = pod["containers"]
    said = {item["name"]: item["value"] for item in container["env"] if "value" in item}
    assert said == {
        "KUBERNETES_MIN_VERSION": "1.19.0-0",
        "KARPENTER_SERVICE": "karpenter",
        "LOG_LEVEL": "info",
        "METRICS_PORT": "8080",
        "HEALTH_PROBE_PORT": "8081",
        "FEATURE_GATES": (
            "ReservedCapacity=true,SpotToSpotConsolidation=false,NodeRepair=false,"
            "NodeOverlay=false,StaticCapacity=false,CapacityBuffer=false"
        ),
        "CLUSTER_NAME": "dev",
        "CLUSTER_ENDPOINT": "https://abc.eks.test",
        "AWS_REGION": "ap-northeast-2",
        "INTERRUPTION_QUEUE": "dev-interruptions",
    }
    assert container["image"] == "example.test/karpenter:1"


def test_a_pool_becomes_a_node_pool_that_moves_no_pod() -> None:
    own = labels("karpenter")
    node_class, node_pool, *_ = karpenter.pools(KNOWN)
    assert node_class == {
        "apiVersion": "karpenter.k8s.aws/v1",
        "kind": "EC2NodeClass",
        "metadata": {"name": "gpu", "labels": own},
        "spec": {
            "amiSelectorTerms": [{"alias": "al2023@latest"}],
            "role": "dev-karpenter-node",
            "subnetSelectorTerms": [{"id": "subnet-0a"}, {"id": "subnet-0c"}],
            "securityGroupSelectorTerms": [{"id": "sg-0123456789abcdef0"}],
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "rootVolume": True,
                    "ebs": {
                        "volumeSize": "200Gi",
                        "volumeType": "gp3",
                        "encrypted": True,
                        "deleteOnTermination": True,
                    },
                }
            ],
            "metadataOptions": {
                "httpEndpoint": "enabled",
                "httpProtocolIPv6": "disabled",
                "httpPutResponseHopLimit": 1,
                "httpTokens": "required",
            },
            "tags": {"Name": "dev-gpu", "team": "vision"},
        },
    }
    assert node_pool == {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "gpu", "labels": own},
        "spec": {
            "template": {
                "metadata": {
                    "labels": {"easymaker.io/pool": "gpu", "nvidia.com/gpu.present": "true"}
                },
                "spec": {
                    "nodeClassRef": {
                        "group": "karpenter.k8s.aws",
                        "kind": "EC2NodeClass",
                        "name": "gpu",
                    },
                    "requirements": [
                        {
                            "key": "karpenter.sh/capacity-type",
                            "operator": "In",
                            "values": ["spot"],
                        },
                        {
                            "key": "node.kubernetes.io/instance-type",
                            "operator": "In",
                            "values": ["g4dn.xlarge", "g5.xlarge"],
                        },
                        {
                            "key": "topology.kubernetes.io/zone",
                            "operator": "In",
                            "values": ["ap-northeast-2a", "ap-northeast-2c"],
                        },
                    ],
                    "taints": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}],
                    "expireAfter": "Never",
                },
            },
            "limits": {"nodes": 4, "cpu": 16},
            "disruption": {
                "consolidationPolicy": "WhenEmpty",
                "consolidateAfter": "10m",
                "budgets": [
                    {"nodes": "100%", "reasons": ["Empty"]},
                    {"nodes": "0", "reasons": ["Drifted", "Underutilized"]},
                ],
            },
        },
    }


def test_a_capacity_block_is_taken_from_its_reservation() -> None:
    node_class, node_pool = karpenter.pools(KNOWN)[2:]
    assert node_class["spec"]["capacityReservationSelectorTerms"] == [
        {"id": "cr-0123456789abcdef0"}
    ]
    values = {
        item["key"]: item["values"]
        for item in node_pool["spec"]["template"]["spec"]["requirements"]
    }
    assert values["karpenter.sh/capacity-type"] == ["reserved"]


def test_what_a_clusters_stack_says() -> None:
    assert (
        Facts(
            name="dev",
            region="ap-northeast-2",
            kubernetes_version="1.36",
            endpoint="https://abc.eks.test",
            security_group="sg-0123456789abcdef0",
            key_arn=cluster_outputs.KEY,
            log_group="/easymaker/dev/pods",
            subnets=("subnet-0a", "subnet-0c"),
            sizes_groups=True,
            tags={"team": "vision"},
            node_role="dev-karpenter-node",
            interruption_queue="dev-interruptions",
            node_pools={
                "gpu": NodePool(
                    name="gpu",
                    instance_types=("g5.xlarge", "g4dn.xlarge"),
                    max=4,
                    vcpu=4,
                    capacity="spot",
                    reservation="",
                    zones=("ap-northeast-2a", "ap-northeast-2c"),
                    disk=200,
                    labels={"nvidia.com/gpu.present": "true", "easymaker.io/pool": "gpu"},
                    taints={"nvidia.com/gpu": {"value": "true", "effect": "NoSchedule"}},
                ),
                "reserved": NodePool(
                    name="reserved",
                    instance_types=("p5.48xlarge",),
                    max=2,
                    vcpu=192,
                    capacity="capacity_block",
                    reservation="cr-0123456789abcdef0",
                    zones=("ap-northeast-2a",),
                    disk=500,
                    labels={},
                    taints={},
                ),
            },
        )
        == KNOWN
    )


def test_a_stack_without_outputs_is_named() -> None:
    with pytest.raises(MissingFacts, match="the cluster stack a/b/c has no outputs yet"):
        facts("a/b/c", {})


def test_a_stack_of_before_is_to_be_applied_again() -> None:
    pools = {name: {**pool} for name, pool in cluster_outputs.OUTPUTS["node_pools"].items()}
    del pools["gpu"]["vcpu"]
    with pytest.raises(MissingFacts) as error:
        facts("a/b/c", {**cluster_outputs.OUTPUTS, "node_pools": pools})
    assert str(error.value) == (
        "target: the cluster stack a/b/c does not say how many CPUs nodes have "
        "(node_pools.gpu): apply it again"
    )
