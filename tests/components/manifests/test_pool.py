"""What is said about the nodes of pools."""

from pathlib import Path

from components.manifests import Manifest, pool
from schemas import resolved
from schemas.compute import Taint
from tests.support.workspaces import workspace as spec_of

GPUS = resolved.Pool(
    "gpus", {"pool": "gpus", "zone": "a"}, {"gpu": Taint(value="yes"), "busy": Taint()}, 2, 2
)
LABELS = {"pool": "gpus", "zone": "a", "more": "x"}
TAINTS = [
    {"key": "gpu", "value": "yes", "effect": "NoSchedule"},
    {"key": "busy", "effect": "NoSchedule"},
]


def node(labels: dict[str, str], taints: list[dict[str, str]], gpus: str) -> Manifest:
    return {
        "metadata": {"name": "n1", "labels": labels},
        "spec": {"taints": taints} if taints else {},
        "status": {"allocatable": {"cpu": "4", "nvidia.com/gpu": gpus}},
    }


def test_nodes_as_declared_are_fine() -> None:
    assert pool.check_pools({"gpus": GPUS}, [node(LABELS, TAINTS, "2")]) == []


def test_no_node_with_all_labels() -> None:
    other = node({**LABELS, "zone": "b"}, TAINTS, "2")
    bare: Manifest = {"metadata": {"name": "n2"}, "spec": {}}
    expected = ["pool 'gpus': no node has the labels pool=gpus, zone=a yet: its pods wait"]
    assert pool.check_pools({"gpus": GPUS}, [other, bare]) == expected
    assert pool.check_pools({"gpus": GPUS}, []) == expected


def test_node_without_taint_or_gpus() -> None:
    assert pool.check_pools({"gpus": GPUS}, [node(LABELS, TAINTS[1:], "1")]) == [
        "pool 'gpus': node 'n1' lacks the taint gpu=yes:NoSchedule: "
        "pods of others may take its place",
        "pool 'gpus': node 'n1' offers 1 GPUs, not 2: does its device plugin run?",
    ]
    assert pool.check_pools({"gpus": GPUS}, [node(LABELS, [], "2")]) == [
        "pool 'gpus': node 'n1' lacks the taint gpu=yes:NoSchedule: "
        "pods of others may take its place",
        "pool 'gpus': node 'n1' lacks the taint busy:NoSchedule: pods of others may take its place",
    ]


def test_pools_that_nothing_runs_on_are_left_out(tmp_path: Path) -> None:
    assert pool.used_pools(spec_of(tmp_path)) == {"gpus": ["gpu"]}
