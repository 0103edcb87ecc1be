"""What a platform team owns: the cluster, its storage, images, flavors and limits."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from schemas import types as t
from schemas.base import StrictModel
from schemas.limits import Limits


class KubernetesTarget(StrictModel):
    type: Literal["kubernetes"]
    """A Kubernetes cluster that exists."""
    context: t.Word
    """Context of the kubeconfig, found as kubectl does: KUBECONFIG, else ~/.kube/config."""


class AwsTarget(StrictModel):
    type: Literal["aws"]
    """An EKS cluster that a stack of this project made."""
    cluster_stack: t.Word
    """Pulumi stack of the cluster, such as `organization/easymaker/cluster-dev`."""


class Gateway(StrictModel):
    namespace: t.ObjectName
    """Namespace of the Gateway."""
    name: t.ObjectName
    """Name of a Gateway (gateway.networking.k8s.io) that exists."""
    listener: t.ObjectName
    """Listener that the routes attach to."""
    pod_selector: Annotated[dict[t.LabelKey, t.LabelValue], Field(min_length=1)]
    """Labels of the gateway's pods: NetworkPolicies let them reach notebooks and stages."""
    address: t.HostPort
    """Where the gateway answers, to check routes at; the Host header says which is meant."""
    tls: bool = False
    """Whether the listener speaks HTTPS. Without it URLs start with http://."""


class StorageClasses(StrictModel):
    block: t.ObjectName | None = None
    """StorageClass of notebook volumes. Without it the cluster's default class is used."""
    shared: t.ObjectName | None = None
    """StorageClass of volumes that several pods mount. Without it the cluster's default is used."""


class FromConfig(StrictModel):
    pulumi_config: t.ConfigKey
    """Key of an encrypted value of the stack's configuration; the program makes a Secret of it."""


class FromSecret(StrictModel):
    secret: t.ObjectName
    """Name of a Secret that exists in the workspace's namespace."""
    key: t.ConfigKey
    """Key of the Secret's data."""


def _credential_form(value: Any) -> str | None:
    if isinstance(value, dict):
        return "secret" if "secret" in value or "key" in value else "pulumi_config"
    return None


Credential = Annotated[
    Annotated[FromConfig, Tag("pulumi_config")] | Annotated[FromSecret, Tag("secret")],
    Discriminator(
        _credential_form,
        custom_error_type="credential",
        custom_error_message="a credential is named, never written",
    ),
]


class Credentials(StrictModel):
    access_key: Credential
    """User or access key id, by name."""
    secret_key: Credential
    """Password or secret access key, by name."""


class S3Storage(StrictModel):
    type: Literal["s3"]
    """An S3 endpoint."""
    endpoint: t.Url
    """URL of the endpoint, the same from pods and from where `emctl` runs."""
    region: t.Word = "us-east-1"
    """Region to sign requests for."""
    credentials: Credentials
    """Who reads and writes."""


class SwiftStorage(StrictModel):
    type: Literal["swift"]
    """An OpenStack Swift endpoint, such as NHN Cloud's Object Storage."""
    auth_url: t.Url
    """URL of the identity service (v2.0 or v3)."""
    tenant: t.Word
    """Tenant (project) id."""
    region: t.Word
    """Region of the service catalogue."""
    credentials: Credentials
    """Who reads and writes."""


ObjectStorage = Annotated[S3Storage | SwiftStorage, Field(discriminator="type")]


class NfsNas(StrictModel):
    type: Literal["nfs"]
    """An NFS export."""
    server: t.ObjectName
    """Host name or address of the server."""
    export: t.AbsolutePath
    """Exported path that is the root of the NAS."""


class EfsNas(StrictModel):
    type: Literal["efs"]
    """An EFS file system, mounted by its CSI driver."""
    file_system: t.EfsId
    """Id of the file system."""


class HostPathNas(StrictModel):
    type: Literal["host_path"]
    """A folder of the node, for clusters with one node."""
    path: t.AbsolutePath
    """The folder, which must exist."""


Nas = Annotated[NfsNas | EfsNas | HostPathNas, Field(discriminator="type")]

ImageFramework = Literal["tensorflow", "pytorch", "sklearn", "python"]
Framework = Literal["tensorflow", "pytorch", "sklearn"]
CoreType = Literal["cpu", "gpu"]


class Image(StrictModel):
    use: Literal["training", "notebook"]
    """What it is for."""
    framework: ImageFramework
    """Deep-learning framework that it holds; `python` for none."""
    framework_version: t.Version
    """Version of the framework, for people to choose by."""
    python_version: t.Version
    """Version of Python, for people to choose by."""
    core_type: CoreType
    """A `gpu` image runs on GPU flavors only, a `cpu` image on the others."""
    image: t.Image
    """Reference with a tag or digest, or a name of `built_images`."""


class Serving(StrictModel):
    image: t.Image
    """Reference with a tag or digest, or a name of `built_images`."""
    protocol: Literal["easymaker", "v1", "v2"] = "easymaker"
    """What the server speaks: `easymaker` is this project's own server, `v1` the TensorFlow Serving
    REST API, `v2` the open inference protocol; before the last two stands a front of ours."""


class Requests(StrictModel):
    cpu: t.Cpu | None = None
    """CPU that is reserved. Without it the flavor's whole CPU is."""
    memory: t.Memory | None = None
    """Memory that is reserved. Without it the flavor's whole memory is."""


class _Flavor(StrictModel):
    cpu: t.Cpu
    """CPU limit of a pod."""
    memory: t.Memory
    """Memory limit of a pod."""
    pool: t.Reference | None = None
    """Nodes to run on, a name of `pools`. Without it any node will do."""
    requests: Requests = Requests()
    """What is reserved, where that is less than the limit. Without it all of it is."""


class CpuFlavor(_Flavor):
    core_type: Literal["cpu"]
    """No GPU: it takes `cpu` images."""


class Gpu(StrictModel):
    model: t.Word
    """Model, for people to choose by, such as `a100`."""
    count: Annotated[t.Whole, t.between(1, 16)]
    """GPUs of a pod."""


class GpuFlavor(_Flavor):
    core_type: Literal["gpu"]
    """With GPUs: it takes `gpu` images."""
    gpu: Gpu
    """The GPUs of a pod."""


Flavor = Annotated[CpuFlavor | GpuFlavor, Field(discriminator="core_type")]


class Taint(StrictModel):
    value: t.LabelValue = ""
    """Value of the taint. Without it the taint has none."""
    effect: Literal["NoSchedule", "NoExecute", "PreferNoSchedule"] = "NoSchedule"
    """What the taint does to pods that do not tolerate it."""


class Pool(StrictModel):
    node_selector: Annotated[dict[t.LabelKey, t.LabelValue], Field(min_length=1)]
    """Labels that its nodes carry."""
    taints: dict[t.LabelKey, Taint] = Field(default_factory=dict)
    """Taints that its nodes carry, by key: pods of its flavors tolerate them."""
    nodes: Annotated[t.Whole, t.between(1, 5000)]
    """How many nodes it can have at most."""
    gpus_per_node: Annotated[t.Whole, t.between(0, 16)] = 0
    """GPUs of each node. Defaults to none: GPU flavors need another pool."""


class CaBundle(StrictModel):
    config_map: t.ObjectName
    """ConfigMap of the workspace's namespace that holds the certificates."""
    key: t.ConfigKey = "ca.crt"
    """Key of its data."""


class Egress(StrictModel):
    cidr: t.Cidr
    """Addresses that pods may reach."""
    ports: Annotated[list[Annotated[t.Whole, t.between(1, 65535)]], Field(min_length=1)]
    """TCP ports that pods may reach there."""


class Packages(StrictModel):
    python_index: t.Url | None = None
    """Index for `pip install`. Without it pip uses its own default."""
    ca_bundle: CaBundle | None = None
    """Certificates to trust beside the image's. Without it the image's alone count."""
    egress: dict[t.EntryName, Egress] = Field(default_factory=dict)
    """What pods may reach outside the cluster, by name. Defaults to object storage and DNS."""


class Quotas(StrictModel):
    cpu: t.Cpu | None = None
    """CPU that the workspace may reserve. Without it there is no bound."""
    memory: t.Memory | None = None
    """Memory that the workspace may reserve. Without it there is no bound."""
    gpu: Annotated[t.Whole, t.between(0, 100_000)] | None = None
    """GPUs that the workspace may use. Without it there is no bound."""
    storage: Annotated[t.Whole, t.between(0, 100_000_000)] | None = None
    """GB of notebook data volumes. Without it there is no bound."""


class Platform(StrictModel):
    region: t.Word = "kr1"
    """EM_REGION of every training. Defaults to NHN Cloud's `kr1`, which scripts expect."""
    app_key: t.Word = "easymaker"
    """EM_APPKEY of every training. Defaults to `easymaker`."""
    target: Annotated[KubernetesTarget | AwsTarget, Field(discriminator="type")]
    """The cluster that everything runs on."""
    create_namespace: bool = True
    """Whether the program makes the namespace. With false it must exist, and stays when it goes."""
    security: Literal["baseline", "restricted"] = "baseline"
    """Pod Security level. `baseline` runs pods as the image's user, `restricted` as uid 1000."""
    domain: t.Domain
    """Hosts are `<name>.<workspace>.<domain>`."""
    gateway: Gateway
    """The Gateway that routes attach to."""
    storage_classes: StorageClasses = StorageClasses()
    """StorageClasses of volumes. Without it the cluster's default class is used."""
    object_storage: dict[t.StorageHost, ObjectStorage] = Field(default_factory=dict)
    """Where the hosts of `obs://` addresses are. Defaults to none: `obs://` is refused."""
    system_path: t.ObsAddress
    """Prefix of the platform's own: TensorBoard events and archived logs."""
    nas: dict[t.EntryName, Nas] = Field(default_factory=dict)
    """Where the ids of `nas://` addresses are. Defaults to none: `nas://` is refused."""
    built_images: dict[t.EntryName, t.FullImage] = Field(default_factory=dict)
    """Images that this project builds, by name; a lock file that `emctl images` writes."""
    images: dict[t.EntryName, Image] = Field(default_factory=dict)
    """Images that trainings and notebooks choose from."""
    serving: dict[Framework, Serving] = Field(default_factory=dict)
    """Servers of models, by framework. Defaults to none: endpoints are refused."""
    flavors: dict[t.EntryName, Flavor] = Field(default_factory=dict)
    """Sizes that trainings, stages and notebooks choose from."""
    pools: dict[t.EntryName, Pool] = Field(default_factory=dict)
    """Groups of nodes that flavors choose from."""
    packages: Packages = Packages()
    """Where packages come from."""
    quotas: Quotas = Quotas()
    """What the workspace may use in all. Defaults to no bounds."""
    limits: Limits = Limits()
    """Ranges of values. Defaults to EasyMaker's."""
