"""A cluster and its add-ons as they count: defaults filled, lists sorted, sizes looked up.

What components read. Maps are sorted by key.
"""

from dataclasses import dataclass
from typing import Literal

from schemas import compute, platform
from schemas.instance_types import DAEMONS_CPU, DAEMONS_MEMORY

POOL_LABEL = "easymaker.io/pool"
CORE_TYPE_LABEL = "easymaker.io/core-type"
GPU_LABEL = "nvidia.com/gpu.present"
GPU_TAINT = "nvidia.com/gpu"
ACCELERATOR_LABEL = "k8s.amazonaws.com/accelerator"
"""By it the cluster autoscaler knows a node whose GPUs are not allocatable yet, and waits for them
instead of making another one."""
OWN_GROUP_TAGS = {"cpu": 4, "gpu": 8}
"""Tags that a pool's autoscaling group has of us: for our labels, our taint, and its resources."""
EKS_GROUP_TAGS = 5
"""Those that EKS adds: names of cluster and group, and what the cluster autoscaler looks for."""
GROUP_TAGS = 50
"""AWS allows a resource so many."""
Policy = Literal["cluster-admin", "admin", "admin-view", "edit", "view"]
Capacity = Literal["on_demand", "spot", "capacity_block"]
Provisioner = Literal["cluster-autoscaler", "karpenter"]


@dataclass(frozen=True, slots=True)
class NewNetwork:
    """A VPC that is made."""

    cidr: str
    nat: Literal["one", "per_zone"]


@dataclass(frozen=True, slots=True)
class ExistingNetwork:
    """A VPC that exists."""

    vpc: str
    private_subnets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndpointAccess:
    """Who reaches the API server; nodes and pods always do."""

    public_cidrs: tuple[str, ...]
    """Empty: it has no public address."""
    private_cidrs: tuple[str, ...]
    """Who reaches the load balancer, too. Empty: the ranges of the network."""


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """What an IAM principal may do."""

    name: str
    principal: str
    policy: Policy
    namespaces: tuple[str, ...]
    """Empty: the whole cluster."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Nodes that are alike."""

    name: str
    instance_types: tuple[str, ...]
    min: int
    max: int
    capacity: Capacity
    reservation: str
    """Empty but for a capacity block."""
    zones: tuple[str, ...]
    disk: int
    """GB."""
    labels: dict[str, str]
    """As written; `node_labels` has the platform's too."""
    taints: dict[str, compute.Taint]
    """As written; `node_taints` has the platform's too."""
    system: bool
    core_type: Literal["cpu", "gpu"]
    architecture: Literal["x86_64", "arm64"]
    gpu_model: str
    """Empty without GPUs."""
    gpu_count: int
    vcpu: int
    memory: int
    """Bytes."""
    max_pods: int
    """Of the type that has the fewest."""
    allocatable_cpu: int
    """Thousandths of a CPU that a node offers to pods."""
    allocatable_memory: int
    """Bytes that a node offers to pods."""

    @property
    def free_cpu(self) -> int:
        """Thousandths of a CPU for one pod that has a node for itself."""
        return max(0, self.allocatable_cpu - DAEMONS_CPU)

    @property
    def free_memory(self) -> int:
        """Bytes for one pod that has a node for itself."""
        return max(0, self.allocatable_memory - DAEMONS_MEMORY)

    @property
    def node_labels(self) -> dict[str, str]:
        """Labels of its nodes."""
        own = {POOL_LABEL: self.name, CORE_TYPE_LABEL: self.core_type}
        if self.core_type == "gpu":
            own[GPU_LABEL] = "true"
        return dict(sorted({**self.labels, **own}.items()))

    @property
    def node_taints(self) -> dict[str, compute.Taint]:
        """Taints of its nodes, by key."""
        if self.core_type == "cpu":
            return self.taints
        own = {GPU_TAINT: compute.Taint(value="true", effect="NoSchedule")}
        return dict(sorted({**self.taints, **own}.items()))


@dataclass(frozen=True, slots=True)
class FileSystem:
    """An EFS file system."""

    name: str
    throughput: Literal["elastic", "bursting"]
    force_destroy: bool


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket."""

    name: str
    versioning: bool
    force_destroy: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster on AWS."""

    name: str
    region: str
    zones: tuple[str, ...]
    kubernetes_version: str
    network: NewNetwork | ExistingNetwork
    endpoint_access: EndpointAccess
    access: dict[str, AccessEntry]
    pools: dict[str, Pool]
    file_systems: dict[str, FileSystem]
    buckets: dict[str, Bucket]
    repositories: tuple[str, ...]
    log_retention: int
    """Days."""
    addons: dict[str, str]
    """Versions by add-on; of others EKS chooses."""
    provisioner: Provisioner
    tags: dict[str, str]

    @property
    def node_groups(self) -> dict[str, Pool]:
        """Pools that are managed node groups."""
        if self.provisioner == "cluster-autoscaler":
            return self.pools
        return {name: pool for name, pool in self.pools.items() if pool.system}

    @property
    def node_pools(self) -> dict[str, Pool]:
        """Pools that are NodePools of Karpenter's."""
        own = self.node_groups
        return {name: pool for name, pool in self.pools.items() if name not in own}


@dataclass(frozen=True, slots=True)
class AddonGateway:
    """The Gateway of all workspaces."""

    namespace: str
    name: str
    listener: str
    replicas: int
    node_port: int
    definitions: bool


@dataclass(frozen=True, slots=True)
class AddonGpu:
    """What GPU nodes need."""

    device_plugin: bool


@dataclass(frozen=True, slots=True)
class AddonLogs:
    """What is sent to CloudWatch."""

    namespaces: tuple[str, ...]
    """`*` is any."""


@dataclass(frozen=True, slots=True)
class AddonImages:
    """Image references."""

    gateway: str
    device_plugin: str
    cluster_autoscaler: str
    """Empty: that of the cluster's Kubernetes version."""
    karpenter: str
    fluent_bit: str


@dataclass(frozen=True, slots=True)
class ClusterAddons:
    """What a cluster needs inside."""

    name: str
    """Of the cluster."""
    target: platform.KubernetesTarget | platform.AwsTarget
    gateway: AddonGateway
    autoscaler: Literal["cluster-autoscaler", "karpenter", "none"]
    gpu: AddonGpu
    logs: AddonLogs | None
    """None: they are sent nowhere."""
    images: AddonImages
