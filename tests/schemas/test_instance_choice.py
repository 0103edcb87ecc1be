"""Instance types chosen for flavors: each flavor fits, and nothing smaller would do."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import load, resolved_cluster
from schemas.compute import CpuFlavor, GpuFlavor
from schemas.instance_choice import choose, gpu_models, need
from schemas.instance_types import InstanceType, catalogue
from tests.schemas import clusters, specs


def cpu(cores: float, gib: float) -> CpuFlavor:
    return CpuFlavor.model_validate({"core_type": "cpu", **_size(cores, gib)})


def gpu(cores: float, gib: float, model: str, count: int) -> GpuFlavor:
    gpus = {"model": model, "count": count}
    return GpuFlavor.model_validate({"core_type": "gpu", "gpu": gpus, **_size(cores, gib)})


def _size(cores: float, gib: float) -> dict[str, str]:
    return {"cpu": f"{round(cores * 1000)}m", "memory": f"{round(gib * 1024)}Mi"}


@pytest.mark.parametrize(
    ("flavors", "types"),
    [
        ([cpu(1, 2)], ["c6i.large", "c5.large"]),
        # All of two CPUs are never for pods.
        ([cpu(2, 2)], ["c6i.xlarge", "c5.xlarge"]),
        ([cpu(1, 5)], ["m6i.large", "m5.large"]),
        ([cpu(3, 2), cpu(1, 20)], ["r6i.xlarge", "r5.xlarge"]),
        ([gpu(3, 12, "a10g", 1)], ["g5.xlarge"]),
        ([gpu(4, 12, "A10G", 1)], ["g5.2xlarge"]),
        ([gpu(3, 12, "T4", 1), gpu(3, 12, "t4", 2)], ["g4dn.12xlarge"]),
        ([gpu(8, 64, "h100", 8)], ["p5.48xlarge"]),
        ([gpu(3, 12, "t4", 9)], []),
        ([cpu(1, 9000)], []),
        ([gpu(3, 12, "t4", 1), gpu(3, 12, "l4", 1)], []),
        ([gpu(3, 12, "t4", 1), cpu(1, 1)], []),
    ],
)
def test_types_are_the_smallest(flavors: list[Any], types: list[str]) -> None:
    assert [kind.name for kind in choose(need(flavors))] == types


@given(
    cores=st.floats(0.1, 190),
    gib=st.floats(0.1, 1500),
    model=st.sampled_from(["", *sorted(gpu_models())]),
    count=st.integers(1, 8),
)
def test_what_is_chosen_fits_and_nothing_smaller_does(
    cores: float, gib: float, model: str, count: int
) -> None:
    flavor = gpu(cores, gib, model, count) if model else cpu(cores, gib)
    wanted = count if model else 0

    def fits(kind: InstanceType) -> bool:
        return (
            kind.gpu_model.lower() == model
            and kind.gpu_count >= wanted
            and kind.free_cpu >= flavor.cpu
            and kind.free_memory >= flavor.memory
        )

    found = choose(need([flavor]))
    assert all(fits(kind) and kind.alike == found[0].alike for kind in found)
    families = [kind.name.partition(".")[0] for kind in found]
    smaller = [
        kind.name
        for kind in catalogue().values()
        if kind.name.partition(".")[0] in families and fits(kind) and size(kind) < size(found[0])
    ]
    assert not smaller


def size(kind: InstanceType) -> tuple[int, int, int]:
    return kind.gpu_count, kind.vcpu, kind.memory


def test_cluster_and_workspace_share_a_file_of_flavors(tmp_path: Path) -> None:
    flavors = {
        "own": {"core_type": "cpu", "cpu": 1, "memory": "2Gi"},
        "g1": {
            "core_type": "gpu",
            "cpu": 3,
            "memory": "12Gi",
            "gpu": {"model": "t4", "count": 1},
        },
    }
    shared = {"platform": {"flavors": flavors}}
    (tmp_path / "flavors.yaml").write_text(specs.flow(shared), encoding="utf-8")
    pools = {
        "cpu": {"flavors": ["own"], "min": 1, "max": 2},
        "gpu": {"flavors": ["g1"], "max": 4},
    }
    cluster = clusters.changed(clusters.CLUSTER, ("pools",), pools)
    cluster["include"] = ["flavors.yaml"]
    found = clusters.loaded(tmp_path, cluster)
    assert isinstance(found, resolved_cluster.Cluster)
    assert found.pools["cpu"].instance_types == ("c6i.large", "c5.large")
    assert found.pools["gpu"].instance_types == ("g4dn.xlarge",)
    (tmp_path / "team.yaml").write_text(
        specs.flow({**specs.document(), "include": ["flavors.yaml"]}), encoding="utf-8"
    )
    assert load(tmp_path / "team.yaml").platform.flavors.keys() > flavors.keys()
