"""Differences between specs: every field's class is its table's, refusals have their text."""

from pathlib import Path
from typing import Any

import pytest

from schemas import endpoint, experiment, model, notebook, platform, training, workspace
from schemas.base import StrictModel
from schemas.change import Change
from schemas.changes import compare
from schemas.document import workspace_document
from schemas.effects import Cost, Effect, OnChange
from schemas.shape import fields_by_key
from schemas.text import Literal
from tests.schemas import specs

Document = dict[str, Any]
Path_ = tuple[str, ...]
OBS = "obs://objects.example.com"

# A different value for every field of every kind, at a place of the test document.
VALUES: dict[Path_, dict[str, Any]] = {
    ("experiments", "iris"): {"description": "other"},
    ("trainings", "base"): {
        "experiment": "wine",
        "description": "other",
        "algorithm": {"path": f"{OBS}/other", "entry_point": "train.py"},
        "hyperparameters": {"epochs": Literal("61")},
        "image": "train2",
        "flavor": "big",
        "instances": 3,
        "input_data": {"train": f"{OBS}/other"},
        "checkpoint_input": f"{OBS}/start",
        "output_data": f"{OBS}/other",
        "checkpoint": f"{OBS}/other",
        "checkpoint_interval": "30s",
        "data_storage": 400,
        "max_time": "3h",
        "log_management": True,
        "tags": {"team": "other"},
        "state": "stopped",
        "run": 2,
        "deletion_protection": True,
    },
    ("trainings", "torch"): {"processes_per_node": 1},
    ("models", "base"): {
        "description": "other",
        "framework": "sklearn",
        "framework_version": "3",
        "training": "wide",
        "model_name": "Other",
        "tags": {"a": "b"},
    },
    ("models", "old"): {"path": "nas://models:/other"},
    ("endpoints", "iris"): {
        "description": "other",
        "default_stage": "off",
        "access": {"api_keys": {"secret": "callers"}},
        "traffic": {"on": 90, "off": 10},
        "log_management": True,
        "tags": {"a": "b"},
        "deletion_protection": True,
    },
    ("endpoints", "iris", "stages", "on"): {
        "description": "other",
        "model": "old",
        "resource_path": "/other",
        "flavor": "big",
        "instances": 2,
        "autoscaling": {"min": 1, "max": 3, "cpu": 70},
        "max_request_size": 20,
        "request_timeout": "2m",
    },
    ("notebooks", "explore"): {
        "display_name": "Other",
        "description": "other",
        "image": "note2",
        "flavor": "big",
        "boot_storage": 20,
        "data_storage": 30,
        "nas": {"shared": "nas://models:/other"},
        "tags": {"a": "b"},
        "state": "running",
        "deletion_protection": True,
    },
    ("platform",): {
        "region": "kr2",
        "app_key": "other",
        "target": {"type": "kubernetes", "context": "other"},
        "create_namespace": False,
        "security": "restricted",
        "domain": "example.org",
        "gateway": specs.platform()["gateway"] | {"listener": "other"},
        "access": {
            "issuer": "https://login.example.com",
            "client_id": "easymaker",
            "client_secret": {"pulumi_config": "signInSecret"},
            "image": "registry.example.com/oauth2-proxy:7",
            "email_domains": ["example.com"],
        },
        "storage_classes": {"block": "fast"},
        "object_storage": {
            "objects.example.com": specs.platform()["object_storage"]["objects.example.com"]
            | {"region": "other"}
        },
        "system_path": f"{OBS}/other",
        "nas": {"models": {"type": "host_path", "path": "/srv/other"}},
        "built_images": {"tools": "registry.example.com/tools:2"},
        "images": {"note": {"image": "registry.example.com/note:2"}},
        "serving": {"tensorflow": {"image": "registry.example.com/serve:2"}},
        "flavors": {"m2.c1m2": {"memory": "3Gi"}},
        "pools": {"cpus": {"node_selector": {"a": "c"}}},
        "packages": {"python_index": "https://pypi.example.com/simple"},
        "quotas": {"cpu": Literal("1000")},
        "retention": "1d",
        "logs": {"type": "loki", "url": "http://loki.example.com"},
        "limits": {"instances": {"max": 20}},
    },
    (): {"workspace": "other"},
}
TABLES: dict[Path_, dict[str, OnChange]] = {
    ("experiments", "iris"): experiment.CHANGES,
    ("trainings", "base"): training.CHANGES,
    ("trainings", "torch"): training.CHANGES,
    ("models", "base"): model.CHANGES,
    ("models", "old"): model.CHANGES,
    ("endpoints", "iris"): endpoint.CHANGES,
    ("endpoints", "iris", "stages", "on"): endpoint.STAGE_CHANGES,
    ("notebooks", "explore"): notebook.CHANGES,
    ("platform",): platform.CHANGES,
    (): workspace.CHANGES,
}
SCHEMAS: dict[Path_, tuple[type[StrictModel], set[str]]] = {
    ("experiments", "iris"): (experiment.Experiment, set()),
    ("trainings", "base"): (training.Training, {"copy"}),
    ("models", "base"): (model.Model, set()),
    ("endpoints", "iris"): (endpoint.Endpoint, {"stages"}),
    ("endpoints", "iris", "stages", "on"): (endpoint.Stage, set()),
    ("notebooks", "explore"): (notebook.Notebook, set()),
    ("platform",): (platform.Platform, set()),
}
# Another of the kind, where one can't have all fields.
FURTHER: dict[Path_, list[Path_]] = {
    ("models", "base"): [("models", "old")],
    ("trainings", "base"): [("trainings", "torch")],
}
ON_AWS: dict[Path_, set[str]] = {("platform",): {"api_gateway"}}
"""What a platform on Kubernetes has not: `test_target` tries it."""
FIELDS = [(path, key) for path, values in VALUES.items() for key in values]


def base() -> Document:
    """The test document, with what the changes need: two of some, a stopped notebook."""
    document = specs.document()
    ground = document["platform"]
    ground["images"]["train2"] = dict(ground["images"]["train"])
    ground["images"]["note2"] = ground["images"]["note"] | {"image": "registry.example.com/note:9"}
    ground["serving"]["sklearn"] = {"image": "registry.example.com/serve:1"}
    ground["images"]["train"]["framework"] = "python"
    ground["pools"]["cpus"] = {"node_selector": {"a": "b"}, "nodes": 3}
    ground["flavors"]["m2.c1m2"]["pool"] = "cpus"
    ground["images"]["torch"] = ground["images"]["train"] | {"framework": "pytorch"}
    document["trainings"]["torch"] = dict(document["trainings"]["base"], image="torch")
    document["notebooks"]["explore"]["state"] = "stopped"
    return document


def changed(path: Path_, key: str, value: Any) -> Document:
    """The base with one field changed; entries of maps are joined."""
    document = base()
    node = document
    for part in path:
        node = node[part]
    node[key] = joined(node.get(key), value)
    return document


def joined(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: joined(old.get(key), value) for key, value in new.items()}}
    return new


def resolved_document(folder: Path, spec: Document) -> Document:
    return workspace_document(specs.load_document(folder, spec))


def changes(folder: Path, old: Document, new: Document) -> list[Change]:
    return compare(resolved_document(folder, old), resolved_document(folder, new))


@pytest.mark.parametrize(("path", "key"), FIELDS, ids=lambda x: ".".join(x) if x else "root")
def test_change_of_a_field_has_the_class_of_its_table(
    tmp_path: Path, path: Path_, key: str
) -> None:
    found = changes(tmp_path, base(), changed(path, key, VALUES[path][key]))
    mine = [change for change in found if change.path[: len(path) + 1] == (*path, key)]
    table = TABLES[path]
    assert mine
    assert {change.effect for change in mine} == {table[key].effect}
    for change in mine:
        assert change.meaning == table[key].meaning
        refused = change.effect is Effect.REFUSED
        assert change.costs == (() if refused else table[key].costs)
        assert bool(change.refusal) is (change.effect is Effect.REFUSED)
    # Nothing else changes, but for what the change itself brings about.
    others = {change.path[:2] for change in found if change not in mine}
    expected = {
        "built_images": {("platform", "images")},
        "autoscaling": {("endpoints", "iris")},  # the fixed number of instances leaves
    }.get(key, {("trainings", "wide")} if path == ("trainings", "base") else set())
    assert others <= expected


@pytest.mark.parametrize("path", SCHEMAS, ids=".".join)
def test_tables_and_values_cover_every_field(path: Path_) -> None:
    schema, without = SCHEMAS[path]
    fields = set(fields_by_key(schema)) - without
    assert set(TABLES[path]) == fields
    tried = {key for each in (path, *FURTHER.get(path, ())) for key in VALUES[each]}
    assert tried | ON_AWS.get(path, set()) == fields


def test_same_spec_has_no_changes(tmp_path: Path) -> None:
    assert changes(tmp_path, base(), base()) == []


def test_platform_change_names_who_restarts(tmp_path: Path) -> None:
    new = changed(("platform",), "flavors", VALUES["platform",]["flavors"])
    (change,) = (c for c in changes(tmp_path, base(), new) if c.path[3:] == ("memory",))
    assert change.affects == (
        "notebooks.explore",
        "endpoints.iris.stages.off",
        "endpoints.iris.stages.on",
    )


def test_platform_change_that_nobody_uses_is_in_place(tmp_path: Path) -> None:
    new = changed(("platform",), "images", {"gpu": {"image": "registry.example.com/gpu:2"}})
    (change,) = changes(tmp_path, base(), new)
    assert change.path == ("platform", "images", "gpu", "image")
    assert change.effect is Effect.IN_PLACE
    assert change.affects == ()


def test_nas_that_nobody_uses_may_move(tmp_path: Path) -> None:
    old = base()
    old["platform"]["nas"]["spare"] = {"type": "host_path", "path": "/srv/spare"}
    new = changed(("platform",), "nas", {"spare": {"type": "host_path", "path": "/srv/other"}})
    (change,) = changes(tmp_path, old, new)
    assert change.path == ("platform", "nas", "spare", "path")
    assert change.effect is Effect.IN_PLACE


def test_change_within_a_map_names_the_key(tmp_path: Path) -> None:
    new = changed(("trainings", "base"), "hyperparameters", {"epochs": "60", "new": Literal("1")})
    found = [c for c in changes(tmp_path, base(), new) if c.path[1] == "base"]
    assert [(c.name, c.old, c.new) for c in found] == [
        ("trainings.base.hyperparameters.epochs", "60", "60"),
        ("trainings.base.hyperparameters.new", None, "1"),
    ]
    assert {c.effect for c in found} == {Effect.NEW_REVISION}


SECTIONS = {
    "experiments": experiment,
    "trainings": training,
    "models": model,
    "endpoints": endpoint,
    "notebooks": notebook,
}


@pytest.mark.parametrize("section", SECTIONS)
def test_new_and_gone_have_their_class(tmp_path: Path, section: str) -> None:
    old, new = resolved_document(tmp_path, base()), resolved_document(tmp_path, base())
    for other in ("models", "endpoints"):  # so that what is gone is not referred to
        old[other], new[other] = {}, {}
    if section in ("models", "endpoints"):
        old[section] = resolved_document(tmp_path, base())[section]
    name = sorted(old[section])[0]
    if section == "endpoints":
        old["models"] = new["models"] = resolved_document(tmp_path, base())["models"]
    new[section] = {k: v for k, v in old[section].items() if k != name}
    module = SECTIONS[section]
    (gone,) = compare(old, new)
    assert (gone.path, gone.effect, gone.meaning) == (
        (section, name),
        Effect.DELETE,
        module.DELETED.meaning,
    )
    (made,) = compare(new, old)
    assert (made.path, made.effect, made.meaning) == (
        (section, name),
        Effect.CREATE,
        module.CREATED.meaning,
    )


def test_new_and_gone_stages_have_their_class(tmp_path: Path) -> None:
    new = base()
    del new["endpoints"]["iris"]["stages"]["off"]
    (gone,) = changes(tmp_path, base(), new)
    assert (gone.name, gone.effect) == ("endpoints.iris.stages.off", Effect.DELETE)
    assert gone.meaning == endpoint.STAGE_DELETED.meaning
    (made,) = changes(tmp_path, new, base())
    assert (made.effect, made.meaning) == (Effect.CREATE, endpoint.STAGE_CREATED.meaning)


def test_renamed_key_is_recognised(tmp_path: Path) -> None:
    new = base()
    new["notebooks"]["research"] = new["notebooks"].pop("explore") | {"description": "other"}
    gone, made = changes(tmp_path, base(), new)
    assert (gone.name, gone.renamed_to) == ("notebooks.explore", "research")
    assert made.name == "notebooks.research"


def test_something_else_under_another_key_is_no_rename(tmp_path: Path) -> None:
    new = base()
    del new["trainings"]["wide"]
    new["trainings"]["other"] = {
        "experiment": "wine",
        "algorithm": {"path": f"{OBS}/x", "entry_point": "x.py"},
        "image": "train2",
        "flavor": "big",
        "output_data": f"{OBS}/y",
    }
    gone = next(c for c in changes(tmp_path, base(), new) if c.effect is Effect.DELETE)
    assert gone.renamed_to == ""


def test_each_new_name_takes_one_rename(tmp_path: Path) -> None:
    old, new = base(), base()
    old["experiments"] |= {"a": {"description": "x"}, "b": {"description": "x"}}
    new["experiments"] |= {"c": {"description": "x"}}
    found = [c for c in changes(tmp_path, old, new) if c.effect is Effect.DELETE]
    assert [(c.path[1], c.renamed_to) for c in found] == [("a", "c"), ("b", "")]


@pytest.mark.parametrize(
    ("before", "path", "value", "refusal"),
    [
        (
            ("notebooks", "explore", "state", "running"),
            ("notebooks", "explore", "flavor"),
            "big",
            "the flavor changes only while the notebook is stopped: apply state: stopped first",
        ),
        (
            None,
            ("notebooks", "explore", "data_storage"),
            30,
            "a volume keeps its size: a new notebook can have another",
        ),
        (
            None,
            ("notebooks", "explore", "boot_storage"),
            20,
            "a volume keeps its size: a new notebook can have another",
        ),
        (
            None,
            ("platform", "storage_classes"),
            {"block": "fast"},
            "a volume keeps its class, and there are notebooks: explore",
        ),
        (
            ("notebooks", "explore", "deletion_protection", True),
            ("notebooks", "explore"),
            None,
            "it is protected: apply deletion_protection: false first",
        ),
        (
            ("endpoints", "iris", "deletion_protection", True),
            ("endpoints", "iris"),
            None,
            "it is protected: apply deletion_protection: false first",
        ),
        (
            ("trainings", "wide", "deletion_protection", True),
            ("trainings", "wide"),
            None,
            "it is protected: apply deletion_protection: false first",
        ),
    ],
)
def test_transition_is_refused_with_its_text(
    tmp_path: Path,
    before: tuple[str, str, str, Any] | None,
    path: Path_,
    value: Any,
    refusal: str,
) -> None:
    old = base() if before is None else specs.changed(before[:3], before[3], base())
    new = specs.changed(path, value, old)
    found = [c for c in changes(tmp_path, old, new) if c.effect is Effect.REFUSED]
    assert [c.refusal for c in found] == [refusal]
    assert found[0].path[: len(path)] == path


def test_core_type_of_a_notebook_stays(tmp_path: Path) -> None:
    old = base()
    images = old["platform"]["images"]
    images["note-gpu"] = images["gpu"] | {"use": "notebook"}
    new = specs.changed(("notebooks", "explore", "image"), "note-gpu", old)
    new["notebooks"]["explore"]["flavor"] = "a100"
    found = changes(tmp_path, old, new)
    assert {c.name: c.refusal for c in found} == {
        f"notebooks.explore.{key}": ("a notebook stays on CPU flavors: make a new one for GPU")
        for key in ("image", "flavor")
    }


def test_training_stays_as_long_as_its_model(tmp_path: Path) -> None:
    old, new = base(), base()
    new["trainings"]["wide"] = dict(new["trainings"]["base"])
    new["models"]["base"]["training"] = "wide"
    del new["trainings"]["base"]
    refused = [c for c in changes(tmp_path, old, new) if c.effect is Effect.REFUSED]
    assert [(c.name, c.refusal) for c in refused] == [
        ("trainings.base", "model 'base' was made by it: apply the model's change first")
    ]


def test_storage_class_changes_where_no_notebook_stays(tmp_path: Path) -> None:
    old = base()
    old["notebooks"] = {}
    new = specs.changed(("platform", "storage_classes"), {"block": "fast"}, old)
    (change,) = changes(tmp_path, old, new)
    assert (change.effect, change.meaning, change.refusal) == (Effect.IN_PLACE, "", "")


def test_protection_is_asked_of_what_was_applied(tmp_path: Path) -> None:
    """Taking the protection and the resource out in one change is what it protects from."""
    old = specs.changed(("trainings", "wide", "deletion_protection"), True, base())
    new = specs.changed(("trainings", "wide"), None, old)
    assert [c.effect for c in changes(tmp_path, old, new)] == [Effect.REFUSED]
    unprotected = specs.changed(("trainings", "wide", "deletion_protection"), False, old)
    assert [c.effect for c in changes(tmp_path, unprotected, new)] == [Effect.DELETE]


def test_platform_change_interrupts_work_only_where_a_notebook_restarts(tmp_path: Path) -> None:
    old, new = base(), changed(("platform",), "flavors", VALUES["platform",]["flavors"])
    assert {c.costs for c in changes(tmp_path, old, new)} == {(Cost.WORK_INTERRUPTED,)}
    for spec in (old, new):
        spec["notebooks"] = {}
    assert {c.costs for c in changes(tmp_path, old, new)} == {()}
