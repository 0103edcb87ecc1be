"""What trainings, stages and notebooks choose from: images, servers, flavors, pools."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas import aws_types as a
from schemas import cluster_types as c
from schemas import types as t
from schemas.base import StrictModel

ImageFramework = Literal["tensorflow", "pytorch", "sklearn", "python"]
Framework = Literal["tensorflow", "pytorch", "sklearn"]
CoreType = Literal["cpu", "gpu"]


class Image(StrictModel):
    use: Literal["training", "notebook"]
    """What it is for."""
    framework: ImageFramework
    """Framework that it holds; `python` for none."""
    framework_version: t.Version
    """Version of the framework, for people to choose by."""
    python_version: t.Version
    """Version of Python, for people to choose by."""
    core_type: CoreType
    """A `gpu` image runs on GPU flavors only, a `cpu` image on the others."""
    image: c.Image
    """Reference with a tag or digest, or a name of `built_images`."""


class Serving(StrictModel):
    image: c.Image
    """Reference with a tag or digest, or a name of `built_images`."""
    protocol: Literal["easymaker", "v1", "v2"] = "easymaker"
    """What the server speaks: `v1` is the REST API of TensorFlow Serving, `v2` the open inference
    protocol; a front of ours stands before both. Defaults to this project's own server."""


class Requests(StrictModel):
    cpu: t.Cpu | None = None
    """CPU that is reserved. Without it the flavor's whole CPU is."""
    memory: t.Memory | None = None
    """Memory that is reserved. Without it the flavor's whole memory is."""


_OF_A_POOL = "instance types are those of a pool, which `pool` names"


class _Flavor(StrictModel):
    elsewhere: ClassVar[dict[str, str]] = dict.fromkeys(
        ("instance_type", "instance_types"), _OF_A_POOL
    )
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
    value: c.LabelValue = ""
    """Value of the taint. Defaults to none."""
    effect: Literal["NoSchedule", "NoExecute", "PreferNoSchedule"] = "NoSchedule"
    """What the taint does to pods that do not tolerate it. Defaults to keeping new ones away."""


class Pool(StrictModel):
    node_selector: Annotated[dict[c.LabelKey, c.LabelValue], Field(min_length=1)]
    """Labels that its nodes carry."""
    taints: dict[c.LabelKey, Taint] = Field(default_factory=dict)
    """Taints that its nodes carry, by key: pods of its flavors tolerate them. Defaults to none."""
    nodes: Annotated[t.Whole, t.between(1, 5000)]
    """How many nodes it can have at most."""
    gpus_per_node: Annotated[t.Whole, t.between(0, 16)] = 0
    """GPUs of each node. Defaults to none: GPU flavors need another pool."""
    instance_type: a.InstanceType | None = None
    """EC2 type of its nodes, on AWS: flavors must fit a node, beside what runs on each. Without it
    nobody checks that."""
