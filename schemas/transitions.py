"""Changes that are refused: rules that compare a spec with what was applied before.

Each rule is a function of path and both documents that gives the reason, or nothing.
"""

from collections.abc import Mapping
from typing import Any

from schemas.effects import Effect
from schemas.nearest import listed

Document = Mapping[str, Any]
Path = tuple[str, ...]


def refusal(path: Path, effect: Effect, old: Document, new: Document) -> str:
    """Why a change is refused; empty if it is not."""
    for rule in _RULES:
        if reason := rule(path, effect, old, new):
            return reason
    return ""


def _protected(path: Path, effect: Effect, old: Document, new: Document) -> str:
    """`deletion_protection: true` of what was applied refuses the deletion."""
    if effect is not Effect.DELETE or len(path) != 2:
        return ""
    if not old[path[0]][path[1]].get("deletion_protection"):
        return ""
    return "it is protected: apply deletion_protection: false first"


def _notebook_flavor(path: Path, effect: Effect, old: Document, new: Document) -> str:
    """[G] A notebook's core type can't change, its flavor only while it is stopped."""
    if path[0] != "notebooks" or path[2:] not in (("flavor",), ("image",)):
        return ""
    before, after = (document["notebooks"][path[1]] for document in (old, new))
    types = [
        document["platform"]["images"].get(notebook["image"], {}).get("core_type")
        for document, notebook in ((old, before), (new, after))
    ]
    if None not in types and types[0] != types[1]:
        return (
            f"a notebook stays on {types[0].upper()} flavors: make a new one for {types[1].upper()}"
        )
    if path[2] == "flavor" and before["state"] != "stopped":
        return "the flavor changes only while the notebook is stopped: apply state: stopped first"
    return ""


def _fixed_size(path: Path, effect: Effect, old: Document, new: Document) -> str:
    """[G] Storage sizes are fixed at creation."""
    if path[0] == "notebooks" and path[2:] in (("boot_storage",), ("data_storage",)):
        return "a volume keeps its size: a new notebook can have another"
    return ""


def _storage_class(path: Path, effect: Effect, old: Document, new: Document) -> str:
    """The class of a volume that exists is fixed; without notebooks that stay there is none."""
    if path[:2] != ("platform", "storage_classes"):
        return ""
    stay = [name for name in old["notebooks"] if name in new["notebooks"]]
    if not stay:
        return ""
    return f"a volume keeps its class, and there are notebooks: {listed(stay)}"


def _namespace(path: Path, effect: Effect, old: Document, new: Document) -> str:
    """The program would delete a namespace that it gives up, and at its end one that it took."""
    if path != ("platform", "create_namespace"):
        return ""
    return "who the namespace belongs to is settled when it is made: choose another `workspace`"


def _nas(path: Path, effect: Effect, old: Document, new: Document) -> str:
    """A volume that exists keeps its source, and pods that run have it mounted."""
    name = path[2] if len(path) > 2 else ""
    if path[:2] != ("platform", "nas") or not all(name in d["platform"]["nas"] for d in (old, new)):
        return ""
    if not any(_mentions(old[section], f"nas://{name}:") for section in _WITH_NAS):
        return ""
    return f"{name!r} is in use and keeps its place: give another NAS an id of its own"


def _mentions(value: object, prefix: str) -> bool:
    """Whether some text in it begins so."""
    if isinstance(value, Mapping):
        return any(_mentions(item, prefix) for item in value.values())
    return isinstance(value, str) and value.startswith(prefix)


def _training_of_model(path: Path, effect: Effect, old: Document, new: Document) -> str:
    """[G] A training can't be deleted while a model made from it exists."""
    if effect is not Effect.DELETE or path[0] != "trainings" or len(path) != 2:
        return ""
    made = (n for n, model in old["models"].items() if model.get("training") == path[1])
    left = sorted(name for name in made if name in new["models"])
    return f"model {left[0]!r} was made by it: apply the model's change first" if left else ""


_WITH_NAS = ("trainings", "models", "notebooks")
_RULES = (
    _protected,
    _notebook_flavor,
    _fixed_size,
    _storage_class,
    _namespace,
    _nas,
    _training_of_model,
)


# What people choose by, and what the spec alone is checked with: no pod has it.
_TOLD_ONLY = {
    "images": ("use", "framework", "framework_version", "python_version", "core_type"),
    "flavors": ("core_type", "gpu.model"),
    "pools": ("nodes", "gpus_per_node", "instance_type"),
}


def users(path: Path, old: Document, new: Document) -> tuple[str, ...]:
    """Who restarts when an entry of the platform changes: what is in both specs."""
    section, entry = path[1], path[2] if len(path) > 2 else ""
    if ".".join(path[3:]) in _TOLD_ONLY.get(section, ()):
        return ()
    found = []
    for name, notebook in new["notebooks"].items():
        if name in old["notebooks"] and _notebook_uses(section, entry, notebook, new):
            found.append(f"notebooks.{name}")
    for name, endpoint in new["endpoints"].items():
        before = old["endpoints"].get(name, {"stages": {}})["stages"]
        for stage_name, stage in endpoint["stages"].items():
            if stage_name in before and _stage_uses(section, entry, stage, new):
                found.append(f"endpoints.{name}.stages.{stage_name}")
    if section in ("access", "system_path"):
        found += [
            f"experiments.{name}" for name in new["experiments"] if name in old["experiments"]
        ]
    return tuple(found)


def _notebook_uses(section: str, entry: str, notebook: Document, new: Document) -> bool:
    flavor = new["platform"]["flavors"].get(notebook["flavor"], {})
    used: dict[str, bool] = {
        "images": notebook["image"] == entry,
        "flavors": notebook["flavor"] == entry,
        "pools": flavor.get("pool") == entry,
        "packages": entry in ("python_index", "ca_bundle"),
        "security": True,
        "access": True,
    }
    return used.get(section, False)


def _stage_uses(section: str, entry: str, stage: Document, new: Document) -> bool:
    model = new["models"][stage["model"]]
    flavor = new["platform"]["flavors"].get(stage["flavor"], {})
    training = new["trainings"].get(model.get("training"), {})
    address = model.get("path") or training.get("output_data", "")
    server = new["platform"]["serving"].get(model["framework"], {})
    foreign = server.get("protocol") != "easymaker"
    used: dict[str, bool] = {
        "serving": model["framework"] == entry,
        "flavors": stage["flavor"] == entry,
        "pools": flavor.get("pool") == entry,
        "object_storage": _host(address) == entry,
        "security": True,
        "built_images": entry == "tools" or (entry == "serving-front" and foreign),
    }
    return used.get(section, False)


def _host(address: str) -> str:
    if address.startswith("s3://"):
        return "s3.amazonaws.com"
    return address.removeprefix("obs://").partition("/")[0] if address.startswith("obs:") else ""
