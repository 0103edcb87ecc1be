"""The whole way: a file to its resolved workspace."""

import dataclasses
import json
from pathlib import Path
from typing import Any, get_origin

import pytest
from pydantic import BaseModel, ValidationError

from schemas import SpecError, kinds, load, resolved_cluster
from schemas.load import load_any
from schemas.parse import decode, parse
from schemas.partition import partition
from schemas.tree import Map
from tests.schemas import clusters, specs
from tests.schemas.test_json_schema import models_below

EXAMPLES = Path(__file__).parents[2] / "examples" / "spec"
GOLDEN = Path(__file__).parents[1] / "golden" / "cluster.json"
STACKS = Path(__file__).parents[2] / "stacks"


def test_references_are_bound() -> None:
    workspace = load(EXAMPLES / "full.yaml")
    wide = workspace.trainings["iris-wide"]
    assert wide.image is workspace.platform.images["tensorflow-2-cpu"]
    assert wide.image.reference.startswith("registry.example.com/easymaker/tensorflow:2.21@sha256:")
    assert wide.experiment is workspace.experiments["iris"]
    assert (wide.flavor.cpu, wide.flavor.requests_cpu) == (1000, 100)
    assert workspace.platform.flavors["g4.c4m16"].pool is workspace.platform.pools["a100"]
    assert workspace.models["iris"].source is workspace.trainings["iris-keras"]
    stage = workspace.endpoints["iris"].stages["blue"]
    assert stage.model is workspace.models["iris"]
    assert stage.host == "blue-iris.vision.ml.example.com"


def test_copy_takes_settings_and_not_the_run() -> None:
    workspace = load(EXAMPLES / "full.yaml")
    base, wide = workspace.trainings["iris-keras"], workspace.trainings["iris-wide"]
    assert set(wide.hyperparameters) == {*base.hyperparameters, "hidden"}
    assert (base.deletion_protection, wide.deletion_protection) == (True, False)
    same = {field.name for field in dataclasses.fields(base)} - {
        *("name", "hyperparameters", "revision", "deletion_protection"),
    }
    assert all(getattr(base, name) == getattr(wide, name) for name in same)


def test_copies_may_be_chained_and_stand_in_any_order(tmp_path: Path) -> None:
    spec = specs.document()
    base = spec["trainings"]["base"]
    spec["trainings"] = {
        "c": {"copy": "b", "hyperparameters": {"three": "3"}},
        "b": {"copy": "base", "hyperparameters": {"two": "2"}, "instances": 1, "run": 7},
        "base": base | {"state": "stopped"},
    }
    found = specs.load_document(tmp_path, spec).trainings
    assert set(found["c"].hyperparameters) == {*base["hyperparameters"], "two", "three"}
    assert [(found[n].instances, found[n].run, found[n].state) for n in ("base", "b", "c")] == [
        (2, 1, "stopped"),
        (1, 7, "running"),
        (1, 1, "running"),
    ]


def test_copy_of_a_long_chain_needs_no_deep_stack(tmp_path: Path) -> None:
    spec = specs.document()
    copies = {f"t{n}": {"copy": f"t{n + 1}" if n < 3000 else "base"} for n in range(3001)}
    spec["trainings"] |= copies
    found = specs.load_document(tmp_path, spec).trainings
    assert found["t0"].revision == found["base"].revision


def test_copy_may_change_a_part_of_the_algorithm(tmp_path: Path) -> None:
    spec = specs.changed(("trainings", "wide", "algorithm"), {"entry_point": "other.py"})
    wide = specs.load_document(tmp_path, spec).trainings["wide"]
    assert (str(wide.code), wide.entry_point) == ("obs://objects.example.com/code", "other.py")


def test_wrong_value_that_a_copy_takes_over_is_told_once(tmp_path: Path) -> None:
    spec = specs.changed(("trainings", "base", "instances"), 11)
    assert specs.lines_of(tmp_path, spec) == [
        "trainings.base.instances: must be from 1 to 10, not 11"
    ]


def test_defaults_are_filled() -> None:
    training = load(EXAMPLES / "minimal.yaml").trainings["iris"]
    assert training.description == ""
    assert (training.hyperparameters, training.input_data, training.tags) == ({}, {}, {})
    assert (training.instances, training.run, training.state) == (1, 1, "running")
    assert (training.data_storage, training.max_time) == (300, 720 * 3600)
    assert (training.checkpoint, training.checkpoint_input) == (None, None)
    assert (training.log_management, training.deletion_protection) == (False, False)


@pytest.mark.parametrize(
    ("limits", "storage"),
    [({}, 300), ({"min": 10}, 300), ({"min": 10, "max": 50}, 50), ({"min": 400}, 400)],
)
def test_default_disk_is_easymakers_where_the_platform_allows_it(
    tmp_path: Path, limits: dict[str, int], storage: int
) -> None:
    spec = specs.changed(("platform", "limits"), {"data_storage": limits})
    spec["trainings"]["base"].pop("data_storage")
    assert specs.load_document(tmp_path, spec).trainings["base"].data_storage == storage


def test_training_on_nas_alone_has_no_local_disk() -> None:
    assert load(EXAMPLES / "full.yaml").trainings["iris-torch"].data_storage is None


def test_notebook_and_model_are_called_by_their_keys(tmp_path: Path) -> None:
    spec = specs.changed(("notebooks", "explore", "display_name"), None)
    found = specs.load_document(tmp_path, spec)
    assert found.notebooks["explore"].display_name == "explore"
    assert found.models["old"].model_name == "old"


def test_secret_without_a_key_has_the_name_of_the_credential(tmp_path: Path) -> None:
    found = specs.load_document(tmp_path, specs.document())
    credentials = found.platform.object_storage["objects.example.com"].credentials
    assert credentials is not None
    assert credentials.model_dump() == {
        "access_key": {"pulumi_config": "accessKey"},
        "secret_key": {"secret": "storage", "key": "secret_key"},
    }


def test_everything_is_sorted_and_frozen(tmp_path: Path) -> None:
    workspace = specs.load_document(tmp_path, specs.document())

    def walk(value: Any) -> None:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            name = dataclasses.fields(value)[0].name
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(value, name, None)
            for field in dataclasses.fields(value):
                walk(getattr(value, field.name))
        elif isinstance(value, BaseModel):
            with pytest.raises(ValidationError, match="frozen"):
                setattr(value, next(iter(type(value).model_fields)), None)
            for _, item in value:
                walk(item)
        elif isinstance(value, dict):
            assert list(value) == sorted(value)
            for item in value.values():
                walk(item)

    walk(workspace)


def test_problem_names_file_line_and_column(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("api_version: easymaker/v1\nkind: Workspace\nworkspace: a\nexperiment: {}\n")
    with pytest.raises(SpecError) as caught:
        load(spec)
    assert str(caught.value).splitlines() == [
        f"{spec}:1:1: platform: this key is required",
        f"{spec}:4:1: experiment: unknown key (did you mean 'experiments'?)",
    ]


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("aws-cluster.yaml", resolved_cluster.Cluster),
        ("aws-addons.yaml", resolved_cluster.ClusterAddons),
    ],
)
def test_other_kinds_are_loaded_by_name(file: str, kind: type) -> None:
    assert isinstance(load_any(STACKS / file), kind)
    with pytest.raises(SpecError, match=f"kind: must be Workspace here, not {kind.__name__}"):
        load(STACKS / file)


def load_cluster(name: str) -> resolved_cluster.Cluster:
    found = load_any(EXAMPLES / name)
    assert isinstance(found, resolved_cluster.Cluster)
    return found


def test_sections_of_clusters_may_come_from_several_files() -> None:
    found = load_cluster("cluster.yaml")
    assert list(found.pools) == ["h100", "l40s", "large", "small-gpu", "system"]
    maps = {
        name
        for kind in kinds.NAMES[1:]
        for name, field in kinds.model(kind).model_fields.items()
        if get_origin(field.annotation) is dict
    }
    assert maps == set(kinds.CLUSTER_MAPS)


def test_cluster_is_settled() -> None:
    found = load_cluster("cluster.yaml")
    assert set(found.node_groups) == {"system"}
    assert set(found.node_pools) == {"h100", "l40s", "large", "small-gpu"}
    system, gpu = found.pools["system"], found.pools["l40s"]
    assert system.zones == found.zones == ("ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c")
    assert system.node_labels == {
        "easymaker.io/core-type": "cpu",
        "easymaker.io/pool": "system",
    }
    assert (system.node_taints, gpu.gpu_model, gpu.gpu_count) == ({}, "L40S", 1)
    assert gpu.node_labels == {
        "easymaker.io/core-type": "gpu",
        "easymaker.io/pool": "l40s",
        "example.com/team": "vision",
        "nvidia.com/gpu.present": "true",
    }
    assert {key: (t.value, t.effect) for key, t in gpu.node_taints.items()} == {
        "example.com/team": ("vision", "NoSchedule"),
        "nvidia.com/gpu": ("true", "NoSchedule"),
    }
    assert (gpu.vcpu, gpu.allocatable_cpu, gpu.free_cpu) == (8, 7910, 7610)


@pytest.mark.parametrize("region", ["us-gov-west-1", "us-east-1"])
def test_existing_network_is_in_any_zone_of_a_cloud_that_is_known(
    tmp_path: Path, region: str
) -> None:
    subnets = ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]
    network = {"type": "existing", "vpc": "vpc-0a1b2c3d", "private_subnets": subnets}
    arn = f"arn:{partition(region)}:iam::123456789012:role/Admin"
    document = {
        **{key: clusters.CLUSTER[key] for key in ("api_version", "kind", "cluster")},
        "region": region,
        "zones": [f"{region}a", f"{region}h"],
        "kubernetes_version": "1.36",
        "network": network,
        "access": {"admins": {"principal": arn, "policy": "view"}},
        "pools": {"cpu": {"instance_types": ["m7i.large"], "min": 1, "max": 2}},
    }
    found = clusters.loaded(tmp_path, document)
    assert isinstance(found, resolved_cluster.Cluster)
    assert found.zones == (f"{region}a", f"{region}h")


def test_whole_cluster_is_as_written_down() -> None:
    """Everything that components read of the example, with what the catalogue says of its types."""
    found = json.loads(
        json.dumps(
            dataclasses.asdict(load_cluster("cluster.yaml")),
            default=lambda model: model.model_dump(),
        )
    )
    assert found == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_without_karpenter_every_pool_is_a_node_group() -> None:
    found = load_any(STACKS / "aws-cluster.yaml")
    assert isinstance(found, resolved_cluster.Cluster)
    assert set(found.node_groups) == {"cpu", "gpu"}
    assert found.node_pools == {}


def keys_of(*names: str) -> set[str]:
    """Every key that stands anywhere in examples."""
    keys: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, Map):
            keys.update(value)
            for item in value.values():
                walk(item)

    for name in names:
        walk(parse(decode((EXAMPLES / name).read_bytes(), name))[0])
    return keys


@pytest.mark.parametrize(
    ("kind", "files", "without"),
    [
        (
            "Workspace",
            ("full.yaml", "platform/full.yaml"),
            # Of AWS, and what excludes another key: stacks/aws.yaml has some of them.
            {
                *("cluster_stack", "api_gateway", "rate", "burst", "jwt_authorizer"),
                *("jwks_url", "index", "log_group"),
            },
        ),
        ("Cluster", ("cluster.yaml", "platform/pools.yaml"), {"vpc", "private_subnets"}),
        ("ClusterAddons", ("addons.yaml",), {"include", "context"}),
    ],
)
def test_full_example_has_every_key(kind: str, files: tuple[str, ...], without: set[str]) -> None:
    """So that what a field is for can be seen, and everything that uses examples meets it."""
    keys = keys_of(*files)
    for model in models_below(kinds.model(kind)):
        assert {f.alias or n for n, f in model.model_fields.items()} - without <= keys, model


def test_gpu_flavor_without_a_pool_runs_anywhere(tmp_path: Path) -> None:
    spec = specs.changed(("platform", "flavors", "a100", "pool"), None)
    spec["trainings"]["base"] |= {"image": "gpu", "flavor": "a100", "instances": 10}
    spec["models"]["base"]["training"] = "wide"
    spec["models"]["base"]["framework"] = "pytorch"
    spec["platform"]["serving"]["pytorch"] = {"image": "registry.example.com/serve:1"}
    assert specs.load_document(tmp_path, spec).trainings["base"].flavor.pool is None
