"""Karpenter, which makes nodes one by one for pods that wait, and the pools that it makes them of.

The rights are those of its release: a new one may need others.
"""

from components.manifests import Manifest
from components.manifests.addons import common
from components.manifests.addons.common import rule
from components.manifests.addons.facts import Facts, NodePool
from components.manifests.metadata import labels
from components.manifests.pods import CONTAINER_SECURITY

ADDON = NAME = "karpenter"
"""Name of its service account too, in kube-system: its Pod Identity names both."""
_CLASS = "EC2NodeClass"
_GROUP = "karpenter.k8s.aws"
_USER = 65532
_METRICS, _HEALTH = 8080, 8081
_CAPACITY = {"on_demand": "on-demand", "spot": "spot", "capacity_block": "reserved"}
_GATES = {
    "ReservedCapacity": True,
    **dict.fromkeys(
        ("SpotToSpotConsolidation", "NodeRepair", "NodeOverlay", "StaticCapacity"), False
    ),
    "CapacityBuffer": False,
}


def objects(cluster: Facts, image: str) -> list[Manifest]:
    """Service account with its rights, and the controllers; its definitions must be there."""
    found = labels(common.KIND, ADDON)
    deployment = common.made("apps/v1", "Deployment", ADDON, NAME, common.SYSTEM)
    deployment["spec"] = {
        "replicas": 2,
        "selector": {"matchLabels": found},
        "strategy": {"rollingUpdate": {"maxUnavailable": 1}},
        "template": {"metadata": {"labels": found}, "spec": _pod(cluster, image, found)},
    }
    budget = common.made(
        "policy/v1",
        "PodDisruptionBudget",
        ADDON,
        NAME,
        common.SYSTEM,
        spec={"maxUnavailable": 1, "selector": {"matchLabels": found}},
    )
    rights = common.account(ADDON, NAME, common.SYSTEM, RULES, OWN_RULES)
    return [*rights, deployment, budget]


def pools(cluster: Facts) -> list[Manifest]:
    """A NodePool and its class for each; the controllers must run when these go."""
    return [
        made
        for pool in cluster.node_pools.values()
        for made in (_node_class(cluster, pool), _node_pool(pool))
    ]


def _node_class(cluster: Facts, pool: NodePool) -> Manifest:
    spec: Manifest = {
        # NVIDIA's variant for types with GPUs. A new image reaches the next node.
        "amiSelectorTerms": [{"alias": "al2023@latest"}],
        "role": cluster.node_role,
        "subnetSelectorTerms": [{"id": name} for name in cluster.subnets],
        "securityGroupSelectorTerms": [{"id": cluster.security_group}],
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "rootVolume": True,
                # As those of node groups are: with the account's key.
                "ebs": {
                    "volumeSize": f"{pool.disk}Gi",
                    "volumeType": "gp3",
                    "encrypted": True,
                    "deleteOnTermination": True,
                },
            }
        ],
        # Pods don't get at the node's own role: each has one of its own, or none.
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpProtocolIPv6": "disabled",
            "httpPutResponseHopLimit": 1,
            "httpTokens": "required",
        },
        "tags": {"Name": f"{cluster.name}-{pool.name}", **cluster.tags},
    }
    if pool.reservation:
        spec["capacityReservationSelectorTerms"] = [{"id": pool.reservation}]
    return common.made(f"{_GROUP}/v1", _CLASS, ADDON, pool.name, spec=spec)


def _node_pool(pool: NodePool) -> Manifest:
    wanted = {
        "node.kubernetes.io/instance-type": pool.instance_types,
        "karpenter.sh/capacity-type": (_CAPACITY[pool.capacity],),
        "topology.kubernetes.io/zone": pool.zones,
    }
    return common.made(
        "karpenter.sh/v1",
        "NodePool",
        ADDON,
        pool.name,
        spec={
            "template": {
                "metadata": {"labels": dict(sorted(pool.labels.items()))},
                "spec": {
                    "nodeClassRef": {"group": _GROUP, "kind": _CLASS, "name": pool.name},
                    "requirements": [
                        {"key": key, "operator": "In", "values": sorted(values)}
                        for key, values in sorted(wanted.items())
                    ],
                    "taints": [
                        {"key": key, "value": taint["value"], "effect": taint["effect"]}
                        for key, taint in sorted(pool.taints.items())
                    ],
                    # A training may take longer than any age that a node could be bound to.
                    "expireAfter": "Never",
                },
            },
            # Of a limit of nodes Karpenter knows only once they are there: a burst passes it
            # (kubernetes-sigs/karpenter#2657). CPUs it counts earlier, so a burst
            # passes it less.
            "limits": {"nodes": pool.max, "cpu": pool.max * pool.vcpu},
            # A node goes when it is empty and for no other reason: a training that is moved
            # begins at its last checkpoint, and a notebook loses what is in its memory.
            "disruption": {
                "consolidationPolicy": "WhenEmpty",
                "consolidateAfter": "10m",
                "budgets": [
                    {"nodes": "100%", "reasons": ["Empty"]},
                    {"nodes": "0", "reasons": ["Drifted", "Underutilized"]},
                ],
            },
        },
    )


def _pod(cluster: Facts, image: str, found: dict[str, str]) -> Manifest:
    settings = {
        "KUBERNETES_MIN_VERSION": "1.19.0-0",
        "KARPENTER_SERVICE": NAME,
        "LOG_LEVEL": "info",
        "METRICS_PORT": str(_METRICS),
        "HEALTH_PROBE_PORT": str(_HEALTH),
        "FEATURE_GATES": ",".join(f"{k}={str(v).lower()}" for k, v in _GATES.items()),
        "CLUSTER_NAME": cluster.name,
        "CLUSTER_ENDPOINT": cluster.endpoint,
        "AWS_REGION": cluster.region,
    }
    if cluster.interruption_queue:
        settings["INTERRUPTION_QUEUE"] = cluster.interruption_queue
    sizes = (("CPU_REQUESTS", "requests.cpu", "1m"), ("MEMORY_LIMIT", "limits.memory", "0"))
    return {
        "serviceAccountName": NAME,
        "enableServiceLinks": False,
        **common.CRITICAL,
        **common.spread(found),
        # On nodes of its own it could take away the one that it runs on.
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {
                            "matchExpressions": [
                                {"key": "karpenter.sh/nodepool", "operator": "DoesNotExist"}
                            ]
                        }
                    ]
                }
            }
        },
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": NAME,
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "env": [
                    *({"name": name, "value": value} for name, value in settings.items()),
                    {
                        "name": "SYSTEM_NAMESPACE",
                        "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}},
                    },
                    *(
                        {
                            "name": name,
                            "valueFrom": {
                                "resourceFieldRef": {
                                    "containerName": NAME,
                                    "divisor": divisor,
                                    "resource": resource,
                                }
                            },
                        }
                        for name, resource, divisor in sizes
                    ),
                ],
                "ports": [
                    {"name": "http-metrics", "containerPort": _METRICS, "protocol": "TCP"},
                    {"name": "http", "containerPort": _HEALTH, "protocol": "TCP"},
                ],
                "livenessProbe": {
                    "httpGet": {"path": "/healthz", "port": _HEALTH},
                    "initialDelaySeconds": 30,
                    "timeoutSeconds": 30,
                },
                "readinessProbe": {
                    "httpGet": {"path": "/readyz", "port": _HEALTH},
                    "initialDelaySeconds": 5,
                    "timeoutSeconds": 30,
                },
                "resources": {
                    "requests": {"cpu": "250m", "memory": "512Mi"},
                    "limits": {"memory": "1Gi"},
                },
                "securityContext": {**CONTAINER_SECURITY, "readOnlyRootFilesystem": True},
            }
        ],
    }


_READ = "get list watch"
_OWN = "karpenter.sh"
_BUFFERS = "autoscaling.x-k8s.io"
RULES = [
    rule(
        _OWN,
        [
            f"{name}{part}"
            for name in ("nodepools", "nodeclaims", "nodeoverlays")
            for part in ("", "/status")
        ],
        _READ,
    ),
    rule(_OWN, ["nodeclaims", "nodeclaims/status"], "create delete update patch"),
    rule(_OWN, ["nodepools", "nodepools/status", "nodeoverlays/status"], "update patch"),
    rule(_BUFFERS, ["capacitybuffers", "capacitybuffers/status"], _READ),
    rule(_BUFFERS, ["capacitybuffers/status"], "update patch"),
    rule(_GROUP, ["ec2nodeclasses"], _READ),
    rule(_GROUP, ["ec2nodeclasses", "ec2nodeclasses/status"], "patch update"),
    rule(
        "",
        [
            "events",
            "namespaces",
            "nodes",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "podtemplates",
            "replicationcontrollers",
        ],
        _READ,
    ),
    rule("storage.k8s.io", ["csinodes", "storageclasses", "volumeattachments"], _READ),
    rule("apps", ["daemonsets", "deployments", "replicasets", "statefulsets"], _READ),
    rule("policy", ["poddisruptionbudgets"], _READ),
    rule("", ["events"], "create patch"),
    rule("", ["nodes"], "patch delete update"),
    rule("", ["pods/eviction"], "create"),
    rule("", ["pods"], "delete"),
]
OWN_RULES = [
    rule("coordination.k8s.io", ["leases"], "get watch"),
    rule("coordination.k8s.io", ["leases"], "patch update", "karpenter-leader-election"),
    # `create` can't be bound to a name.
    rule("coordination.k8s.io", ["leases"], "create"),
    # The address that nodes ask for names.
    rule("", ["services"], "get", "kube-dns"),
]
