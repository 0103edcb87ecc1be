"""A spec as it counts: defaults filled, copies followed, references bound, order settled.

What later code reads. Maps are sorted by key, sizes and times are numbers, and `None` stands only
where its meaning is written down.
"""

from dataclasses import dataclass
from typing import Literal

from schemas import access, compute, names, platform, sign_in, storage
from schemas.address import Address
from schemas.cluster_outputs import ClusterOutputs
from schemas.hyperparameter import Hyperparameter
from schemas.logs import Logs
from schemas.ranges import Range

State = Literal["running", "stopped"]


@dataclass(frozen=True, slots=True)
class Image:
    """An image that trainings or notebooks run in."""

    name: str
    use: Literal["training", "notebook"]
    framework: str
    framework_version: str
    python_version: str
    core_type: Literal["cpu", "gpu"]
    reference: str
    """With a tag or digest."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A server of models of one framework."""

    framework: str
    reference: str
    """Image with a tag or digest."""
    protocol: Literal["easymaker", "v1", "v2"]


@dataclass(frozen=True, slots=True)
class Pool:
    """A group of nodes."""

    name: str
    node_selector: dict[str, str]
    taints: dict[str, compute.Taint]
    nodes: int
    gpus_per_node: int
    instance_type: str = ""
    """Of EC2; empty: not known."""


@dataclass(frozen=True, slots=True)
class Flavor:
    """The size of a pod."""

    name: str
    core_type: Literal["cpu", "gpu"]
    cpu: int
    """Thousandths of a CPU; `units.cpu_text` writes it."""
    memory: int
    """Bytes; `units.memory_text` writes it."""
    requests_cpu: int
    requests_memory: int
    gpu_model: str
    """Empty without GPUs."""
    gpu_count: int
    pool: Pool | None
    """None: any node will do."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What the platform team owns."""

    region: str
    app_key: str
    target: platform.KubernetesTarget | platform.AwsTarget
    create_namespace: bool
    security: Literal["baseline", "restricted"]
    domain: str
    gateway: platform.Gateway
    api_gateway: platform.ApiGateway
    access: sign_in.SignIn | None
    storage_classes: platform.StorageClasses
    object_storage: dict[str, storage.S3Storage | storage.SwiftStorage]
    """By host of an `obs://` address; `address.S3_HOST` stands for `s3://`."""
    system_path: Address
    nas: dict[str, storage.NfsNas | storage.EfsNas | storage.HostPathNas]
    """By id of a `nas://` address."""
    built_images: dict[str, str]
    """Reference by name, of the images that the platform itself needs."""
    images: dict[str, Image]
    serving: dict[str, Serving]
    """By framework."""
    flavors: dict[str, Flavor]
    pools: dict[str, Pool]
    packages: platform.Packages
    quotas: platform.Quotas
    retention: int
    """Seconds."""
    logs: Logs | None
    limits: dict[str, Range]
    cluster: ClusterOutputs | None = None
    """What the cluster's stack says. None: the target is no stack, or it has not been asked."""

    @property
    def is_on_aws(self) -> bool:
        """Whether a stack of this project made the cluster."""
        return isinstance(self.target, platform.AwsTarget)

    @property
    def outputs(self) -> ClusterOutputs:
        """Of the cluster's stack, where it has been asked."""
        assert self.cluster is not None  # noqa: S101
        return self.cluster

    @property
    def gateway_address(self) -> str:
        """Host and port where the gateway answers."""
        if self.gateway.address is not None:
            return self.gateway.address
        return f"{self.outputs.gateway_host}:{443 if self.gateway.tls else 80}"


@dataclass(frozen=True, slots=True)
class Experiment:
    """What groups trainings."""

    name: str
    description: str

    @property
    def object_name(self) -> str:
        """Of the objects that it becomes on Kubernetes."""
        return names.object_name("experiment", self.name)


@dataclass(frozen=True, slots=True)
class Training:
    """One run of a script."""

    name: str
    experiment: Experiment
    description: str
    code: Address
    entry_point: str
    hyperparameters: dict[str, Hyperparameter]
    """In the order of arguments."""
    image: Image
    flavor: Flavor
    instances: int
    processes_per_node: int | None
    """None: one, and with one instance without torchrun's variables."""
    input_data: dict[str, Address]
    checkpoint_input: Address | None
    """None: EM_CHECKPOINT_INPUT_DIR is not set."""
    output_data: Address
    checkpoint: Address | None
    """None: no checkpoints are kept."""
    checkpoint_interval: int
    """Seconds."""
    data_storage: int | None
    """GB; None: all addresses are `nas://`, nothing is fetched."""
    max_time: int
    """Seconds."""
    log_management: bool
    tags: dict[str, str]
    state: State
    run: int
    deletion_protection: bool
    revision: str
    """Hash of what makes the run what it is, see `schemas.revision`."""

    @property
    def object_name(self) -> str:
        """Of the objects that it becomes on Kubernetes."""
        return names.object_name("training", self.name, self.revision)


@dataclass(frozen=True, slots=True)
class Model:
    """What a stage serves."""

    name: str
    description: str
    framework: Literal["tensorflow", "pytorch", "sklearn"]
    framework_version: str
    source: Training | Address
    """The training that makes it, or where its artifacts are."""
    model_name: str
    tags: dict[str, str]

    @property
    def object_name(self) -> str:
        """Of the objects that it becomes on Kubernetes."""
        return names.object_name("model", self.name)


@dataclass(frozen=True, slots=True)
class Autoscaling:
    """How many instances a stage has, by its load. Targets are percent of what is reserved."""

    min: int
    max: int
    cpu: int | None
    """None: CPU does not count."""
    memory: int | None
    """None: memory does not count."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A model that is served, under a host of its own."""

    name: str
    endpoint: str
    description: str
    model: Model
    resource_path: str
    flavor: Flavor
    instances: int
    """With `autoscaling` those that it begins with."""
    autoscaling: Autoscaling | None
    """None: there are always `instances`."""
    max_request_size: int
    """MB of a body."""
    request_timeout: int
    """Seconds."""
    host: str

    @property
    def most_instances(self) -> int:
        """So many there may be, but for one that replaces another."""
        return self.autoscaling.max if self.autoscaling else self.instances

    @property
    def object_name(self) -> str:
        """Of the objects that it becomes on Kubernetes."""
        return names.object_name("stage", f"{self.name}-{self.endpoint}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Stages, one of which answers at the endpoint's host."""

    name: str
    description: str
    default_stage: str
    traffic: dict[str, int]
    """Percent by stage; empty: all goes to the default stage."""
    stages: dict[str, Stage]
    access: access.Access
    log_management: bool
    tags: dict[str, str]
    deletion_protection: bool
    host: str

    @property
    def shares(self) -> dict[str, int]:
        """Of the requests at the endpoint's host, by stage: of those that get any."""
        return {n: share for n, share in self.traffic.items() if share} or {self.default_stage: 1}

    @property
    def object_name(self) -> str:
        """Of the objects that it becomes on Kubernetes."""
        return names.object_name("endpoint", self.name)


@dataclass(frozen=True, slots=True)
class Notebook:
    """A JupyterLab server."""

    name: str
    display_name: str
    description: str
    image: Image
    flavor: Flavor
    boot_storage: int
    """GB."""
    data_storage: int
    """GB."""
    nas: dict[str, Address]
    """By name of the mount folder."""
    tags: dict[str, str]
    state: State
    deletion_protection: bool
    host: str

    @property
    def object_name(self) -> str:
        """Of the objects that it becomes on Kubernetes."""
        return names.object_name("notebook", self.name)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Everything that a spec declares, by name."""

    name: str
    platform: Platform
    experiments: dict[str, Experiment]
    trainings: dict[str, Training]
    models: dict[str, Model]
    endpoints: dict[str, Endpoint]
    notebooks: dict[str, Notebook]
