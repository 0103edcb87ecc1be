"""A cluster on AWS: network, node pools, storage, and who may use it. Inside it nothing is made."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas import aws_types as a
from schemas import cluster_types as c
from schemas import types as t
from schemas.base import StrictModel
from schemas.compute import Flavor, Taint
from schemas.effects import IN_PLACE, Cost, Effect, OnChange
from schemas.header import Header
from schemas.ranges import Range, Within

Addon = Literal[
    "vpc-cni",
    "coredns",
    "kube-proxy",
    "eks-pod-identity-agent",
    "aws-ebs-csi-driver",
    "aws-efs-csi-driver",
    "aws-mountpoint-s3-csi-driver",
    "metrics-server",
]


class NewNetwork(StrictModel):
    elsewhere: ClassVar[dict[str, str]] = dict.fromkeys(
        ("vpc", "private_subnets"), "it is for type: existing"
    )
    type: Literal["new"]
    """A VPC is made, with a private and a public subnet in each zone."""
    cidr: c.Cidr = "10.0.0.0/16"
    """Addresses of the VPC, /16 to /20: each pod takes one. Defaults to 10.0.0.0/16."""
    nat: Literal["one", "per_zone"] = "one"
    """NAT gateways, through which nodes reach out: one costs less, with one a zone the others keep
    their way out when a zone fails. Defaults to one."""


class ExistingNetwork(StrictModel):
    elsewhere: ClassVar[dict[str, str]] = dict.fromkeys(("cidr", "nat"), "it is for type: new")
    type: Literal["existing"]
    """A VPC that exists, with its way out; the cluster makes nothing in it but its own."""
    vpc: a.VpcId
    """Id of the VPC."""
    private_subnets: Annotated[list[a.SubnetId], Field(min_length=2)]
    """Ids of subnets for nodes, in at least two zones; of several in a zone the load balancer and
    file systems take the first."""


Network = Annotated[NewNetwork | ExistingNetwork, Field(discriminator="type")]


class EndpointAccess(StrictModel):
    public_cidrs: list[c.Cidr] = Field(default_factory=list)
    """Addresses that reach the API server from the internet. Defaults to none: it answers inside
    the network alone."""
    private_cidrs: list[c.Cidr] = Field(default_factory=list)
    """Private ranges, in an existing network any, that reach the API server and the Gateway's load
    balancer inside the network; nodes and pods do anyway. Name VPNs and networks beside it here,
    and the network's own range if it is to stay. Defaults to the network's own."""


class AccessEntry(StrictModel):
    principal: a.Principal
    """IAM role or user that it is for."""
    policy: Literal["cluster-admin", "admin", "admin-view", "edit", "view"]
    """What it may do, as Kubernetes' roles of these names. `admin-view` reads everything, nodes and
    Secrets too: with it a preview says what runs on nodes that go."""
    namespaces: list[c.Namespace] = Field(default_factory=list)
    """Namespaces that it is for. Defaults to all, and what belongs to none."""


class NodeTaint(Taint):
    """A taint of a pool's nodes."""


class NodePool(StrictModel):
    instance_types: list[a.InstanceType] = Field(default_factory=list)
    """EC2 types of its nodes, alike in CPU, memory and GPUs; with spot several are wise. Defaults
    to the smallest that `flavors` fit."""
    flavors: list[t.Reference] = Field(default_factory=list)
    """What its nodes are for, in place of `instance_types`: names of `platform.flavors`, of which
    each fits a node. Defaults to none."""
    min: Annotated[t.Whole, t.between(0, 450)] = 0
    """Nodes that are always there. Defaults to none: it scales from zero."""
    max: Annotated[t.Whole, t.between(1, 450)]
    """Nodes that there can be."""
    capacity: Literal["on_demand", "spot", "capacity_block"] = "on_demand"
    """How nodes are bought: spot ones cost less and go at two minutes' notice, a capacity block is
    a reservation for a time. Defaults to on demand."""
    reservation: a.ReservationId | None = None
    """The capacity block that nodes come from. Without it there is none."""
    zones: list[a.Zone] = Field(default_factory=list)
    """Zones of its nodes. Defaults to the cluster's."""
    disk: Annotated[t.Whole, t.between(20, 16_384)] = 100
    """GB of a node's disk, for images and the local data of trainings. Defaults to 100."""
    labels: dict[a.NodeLabelKey, a.NodeLabelValue] = Field(default_factory=dict)
    """Labels of its nodes, beside those of the platform. Defaults to none."""
    taints: dict[a.NodeLabelKey, NodeTaint] = Field(default_factory=dict)
    """Taints of its nodes, by key; GPU nodes have nvidia.com/gpu anyway. Defaults to none."""
    system: bool = False
    """Whether it stays a node group under Karpenter, for what runs before Karpenter can. Defaults
    to no: with `provisioner: karpenter` it makes the nodes."""


class FileSystem(StrictModel):
    throughput: Literal["elastic", "bursting"] = "elastic"
    """How fast it is: elastic follows the load and costs by what is moved, bursting grows with what
    is stored. Defaults to elastic."""
    force_destroy: bool = False
    """Whether removing it removes what is on it. Defaults to no: Pulumi refuses it then."""


class Bucket(StrictModel):
    versioning: bool = False
    """Whether what is overwritten or deleted stays as an older version. Defaults to no."""
    force_destroy: bool = False
    """Whether removing the bucket removes what is in it. Defaults to no: Pulumi refuses it then."""


class ClusterPlatform(StrictModel):
    flavors: dict[t.EntryName, Flavor] = Field(default_factory=dict)
    """Flavors that pools are for, as a workspace has them; both may include one file. Defaults to
    none."""


class Cluster(Header):
    kind: Literal["Cluster"]
    """The resources of a cluster on AWS."""
    cluster: a.Name
    """Name of the EKS cluster, and the start of the names of everything with it."""
    region: a.Region
    """Region of AWS that all of it is in."""
    zones: Annotated[list[a.Zone], Field(min_length=2, max_length=6)]
    """Availability zones of the region, at least two."""
    kubernetes_version: a.KubernetesVersion
    """Version of Kubernetes, of the control plane and all nodes."""
    network: Network = NewNetwork(type="new")
    """The VPC. Defaults to a new one, 10.0.0.0/16 with one NAT gateway."""
    endpoint_access: EndpointAccess = EndpointAccess()
    """Who reaches the API server and, inside, the Gateway. Defaults to the network alone."""
    access: dict[t.Name, AccessEntry] = Field(default_factory=dict)
    """Who may use the cluster's API, by any name. Defaults to whoever applied this
    first."""
    platform: ClusterPlatform = ClusterPlatform()
    """What workspaces will ask of the nodes. Defaults to nothing: pools name instance types."""
    pools: Annotated[dict[a.Name, NodePool], Field(min_length=1)]
    """Groups of nodes that are alike, by name; at least one for what runs beside workloads."""
    file_systems: dict[a.FileSystemName, FileSystem] = Field(default_factory=dict)
    """EFS file systems, by the id of `nas://` addresses. Defaults to none."""
    buckets: dict[a.BucketName, Bucket] = Field(default_factory=dict)
    """S3 buckets, by name; each is called `<cluster>-<name>-<account id>`. Defaults to none."""
    repositories: list[a.Repository] = Field(default_factory=list)
    """ECR repositories of images, each called `<cluster>/<name>`. Defaults to none."""
    log_retention: a.Retention = 30
    """Days that logs stay in CloudWatch, one of those that it offers. Defaults to 30."""
    addons: dict[Addon, a.AddonVersion] = Field(default_factory=dict)
    """Versions of EKS add-ons, all of which are installed. Defaults to EKS's own choice for the
    Kubernetes version, made when it is applied and again with the next version."""
    provisioner: Literal["cluster-autoscaler", "karpenter"] = "cluster-autoscaler"
    """Who makes nodes for pods that wait. With karpenter only pools with `system: true` are node
    groups, the others its NodePools; another version of Kubernetes reaches those nodes only once
    they are empty. Defaults to cluster-autoscaler."""
    tags: Annotated[dict[a.TagKey, a.TagValue], Within(Range(0, 40, is_count=True))] = Field(
        default_factory=dict
    )
    """Tags of everything that it makes. Defaults to none but the platform's."""


_ELSEWHERE = OnChange(
    Effect.REFUSED, "a cluster stays where it is: write another cluster beside it, and move"
)
_NEW_NODES = OnChange(
    Effect.REPLACE,
    "the pool's new nodes come before its old ones go; what runs on them starts again",
    (Cost.WORK_INTERRUPTED,),
)
_AT_ONCE = OnChange(Effect.IN_PLACE, "holds at once")
CHANGES = {
    "cluster": _ELSEWHERE,
    "region": _ELSEWHERE,
    "zones": OnChange(
        Effect.REFUSED, "EKS keeps the zones of a control plane; pools can be in some of them"
    ),
    "kubernetes_version": OnChange(
        Effect.RESTART,
        "one minor version up: the control plane first, then every node is replaced and what runs "
        "on it starts again, and add-ons get the versions for it",
        (Cost.WORK_INTERRUPTED,),
    ),
    "network": _ELSEWHERE,
    "endpoint_access": _AT_ONCE,
    "access": _AT_ONCE,
    "log_retention": OnChange(Effect.IN_PLACE, "records that are older go"),
    "addons": OnChange(Effect.RESTART, "the add-on's pods are replaced one after the other"),
    "provisioner": OnChange(
        Effect.REPLACE,
        "the nodes of all pools but system ones are made anew by the other; what runs on them "
        "starts again",
        (Cost.WORK_INTERRUPTED,),
    ),
    "tags": IN_PLACE,
}
UPGRADED_WITH_KARPENTER = (
    "one minor version up: the control plane first, then nodes of system pools are replaced and "
    "what runs on them starts again, and add-ons get the versions for it; Karpenter's nodes keep "
    "theirs until they are empty or deleted"
)
NETWORK_CHANGES = {
    "type": _ELSEWHERE,
    "cidr": _ELSEWHERE,
    "nat": OnChange(Effect.IN_PLACE, "calls out of the network come from other addresses"),
}
POOL_CHANGES = {
    "instance_types": _NEW_NODES,
    "min": IN_PLACE,
    "max": OnChange(Effect.IN_PLACE, "nodes above a lower one go, and what runs on them moves"),
    "capacity": _NEW_NODES,
    "reservation": _NEW_NODES,
    "zones": _NEW_NODES,
    "disk": _NEW_NODES,
    "labels": IN_PLACE,
    "taints": IN_PLACE,
    "system": OnChange(Effect.REPLACE, _NEW_NODES.meaning, _NEW_NODES.costs),
}
TAINT_CHANGES = {"value": IN_PLACE, "effect": IN_PLACE}
POOL_CREATED = OnChange(Effect.CREATE, "new nodes can come")
POOL_DELETED = OnChange(
    Effect.DELETE,
    "its nodes go; what runs on them waits for others",
    (Cost.WORK_INTERRUPTED, Cost.SERVING_INTERRUPTED),
)
FILE_SYSTEM_CHANGES = {"throughput": IN_PLACE, "force_destroy": IN_PLACE}
FILE_SYSTEM_CREATED = OnChange(Effect.CREATE, "an empty file system")
FILE_SYSTEM_DELETED = OnChange(
    Effect.DELETE,
    "everything on it goes; unless force_destroy was applied before, Pulumi refuses",
    (Cost.DATA_LOST,),
)
BUCKET_CHANGES = {
    "versioning": OnChange(Effect.IN_PLACE, "versions that there are stay"),
    "force_destroy": IN_PLACE,
}
BUCKET_CREATED = OnChange(Effect.CREATE, "an empty bucket")
BUCKET_DELETED = OnChange(
    Effect.DELETE,
    "everything in it goes; unless force_destroy was applied before, Pulumi refuses",
    (Cost.DATA_LOST,),
)
REPOSITORY_CREATED = OnChange(Effect.CREATE, "an empty repository")
REPOSITORY_DELETED = OnChange(
    Effect.DELETE, "its images go: pods that start can no longer pull them", (Cost.DATA_LOST,)
)
