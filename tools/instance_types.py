"""Writes schemas/data/instance_types.json anew: `python -m tools.instance_types WHEEL DATE`.

WHEEL is a wheel of moto (Apache-2.0), which carries the answers of EC2's DescribeInstanceTypes:
`pip download --no-deps moto==VERSION`. DATE is the day that version was published.
"""

import gzip
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "schemas" / "data" / "instance_types.json"
COLUMNS = (
    "vcpu",
    "memory_mib",
    "architecture",
    "interfaces",
    "addresses_per_interface",
    "gpu_model",
    "gpu_count",
    "gpu_memory_mib",
)
# Generations that EKS nodes are made of today: general ones from the fifth on, and NVIDIA GPUs.
_FAMILY = re.compile(
    r"(?:[mcr](?:[5-9])[a-z]*(?:-flex)?|t(?:3|3a|4g|8i)|g4dn|g5g?|g6e?|gr6|g7e?|p4de?|p5(?:en?)?|p6-[a-z0-9]+)\Z"
)


def main() -> None:
    """Read the wheel, write the file."""
    wheel, date = sys.argv[1:]
    FILE.write_text(content(Path(wheel), date), encoding="utf-8")


def content(wheel: Path, date: str) -> str:
    """The catalogue's text: a line for each type."""
    version = wheel.name.split("-")[1]
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.read("moto/ec2/resources/instance_types.json.gz")
    types: dict[str, Any] = json.loads(gzip.decompress(packed))
    rows = {
        name: row(found)
        for name, found in sorted(types.items())
        if _FAMILY.match(name.partition(".")[0]) and not found.get("BareMetal")
    }
    head = {
        "source": f"moto {version} (PyPI, Apache-2.0): moto/ec2/resources/instance_types.json.gz, "
        "answers of EC2's DescribeInstanceTypes",
        "as_of": date,
        "columns": COLUMNS,
    }
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
    opening = json.dumps(head, indent=1).removesuffix("\n}")
    return f'{opening},\n "types": {{\n{lines}\n }}\n}}\n'


def row(found: dict[str, Any]) -> list[object]:
    """What a pool needs to know of one type, in the order of `COLUMNS`."""
    network = found["NetworkInfo"]
    card = network["NetworkCards"][network.get("DefaultNetworkCardIndex", 0)]
    gpus = found.get("GpuInfo", {}).get("Gpus", [])
    model, count, memory = "", 0, 0
    for gpu in gpus:
        model, count, memory = gpu["Name"], gpu["Count"], gpu["MemoryInfo"]["SizeInMiB"]
    return [
        found["VCpuInfo"]["DefaultVCpus"],
        found["MemoryInfo"]["SizeInMiB"],
        found["ProcessorInfo"]["SupportedArchitectures"][-1],
        # Only interfaces of the default card carry pods.
        card["MaximumNetworkInterfaces"],
        network["Ipv4AddressesPerInterface"],
        model,
        count,
        memory,
    ]


if __name__ == "__main__":
    main()
