"""The catalogue of instance types, written from a wheel."""

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

from tools.instance_types import content


def described(vcpu: int, memory: int, **other: Any) -> dict[str, Any]:
    """A type as EC2 describes it, as far as the catalogue reads it."""
    network = {
        "DefaultNetworkCardIndex": 1,
        "Ipv4AddressesPerInterface": 15,
        "MaximumNetworkInterfaces": 12,
        "NetworkCards": [{"MaximumNetworkInterfaces": 8}, {"MaximumNetworkInterfaces": 4}],
    }
    return {
        "BareMetal": False,
        "VCpuInfo": {"DefaultVCpus": vcpu},
        "MemoryInfo": {"SizeInMiB": memory},
        "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
        "NetworkInfo": network,
        **other,
    }


def test_catalogue_has_what_nodes_are_made_of(tmp_path: Path) -> None:
    gpu = {"Name": "A10G", "Count": 1, "MemoryInfo": {"SizeInMiB": 22888}}
    types = {
        "g5.xlarge": described(4, 16384, GpuInfo={"Gpus": [gpu]}),
        "m7i.large": described(2, 8192),
        "m7i.metal-24xl": described(96, 393216, BareMetal=True),
        "m1.small": described(1, 1740),
        "g4ad.xlarge": described(4, 16384),
        "mac2.metal": described(8, 16384),
    }
    wheel = tmp_path / "moto-9.9.9-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        packed = gzip.compress(json.dumps(types).encode())
        archive.writestr("moto/ec2/resources/instance_types.json.gz", packed)
    assert json.loads(content(wheel, "2026-11-30")) == {
        "source": "moto 9.9.9 (PyPI, Apache-2.0): moto/ec2/resources/instance_types.json.gz, "
        "answers of EC2's DescribeInstanceTypes",
        "as_of": "2026-11-30",
        "columns": [
            "vcpu",
            "memory_mib",
            "architecture",
            "interfaces",
            "addresses_per_interface",
            "gpu_model",
            "gpu_count",
            "gpu_memory_mib",
        ],
        "types": {
            "g5.xlarge": [4, 16384, "x86_64", 4, 15, "A10G", 1, 22888],
            "m7i.large": [2, 8192, "x86_64", 4, 15, "", 0, 0],
        },
    }
