"""The stack of a cluster, with a spec that tests change, and what a kill would leave of any."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from cli.recovery.find import find
from cli.recovery.pending import CREATING, known, operations
from cli.recovery.rows import ROWS, Again
from components.manifests.aws.addons import ADDONS
from tests.aws.conftest import ROOT, Account

PROGRAM = f"""\
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
runpy.run_path({str(ROOT / "__main__.py")!r})
"""
Spec = dict[str, Any]


class Stack:
    """The stack of a spec that a test changes."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account = account
        self.project = account.project
        self._path = folder / "cluster.yaml"
        self.spec: Spec = yaml.safe_load((ROOT / "stacks" / "aws-cluster.yaml").read_text())
        # What holds data is removed only where the spec has said so before.
        for kind in ("buckets", "file_systems"):
            for item in self.spec[kind].values():
                item["force_destroy"] = True
        self.change(lambda spec: None)
        self.project.pulumi("config", "set", "easymaker:spec", str(self._path))
        self.project.write(PROGRAM)

    def change(self, edit: Callable[[Spec], object]) -> None:
        """Change the spec."""
        edit(self.spec)
        self._path.write_text(yaml.safe_dump(self.spec))

    def up(self) -> str:
        """Apply it; what Pulumi said."""
        return self.project.pulumi("up", "--yes", "--skip-preview").stdout

    def refused(self, changed: Spec) -> str:
        """Why a preview of a changed spec fails; the spec is as before then."""
        whole = self._path.read_text()
        self._path.write_text(yaml.safe_dump({**self.spec, **changed}))
        done = self.project.pulumi("preview", check=False)
        self._path.write_text(whole)
        assert done.returncode != 0
        return done.stdout

    def preview(self) -> dict[str, set[str]]:
        """What a preview would do: names of resources, by operation and type."""
        done = self.project.pulumi("preview", "--json")
        steps = json.loads(done.stdout[done.stdout.index("{") :])["steps"]
        found: dict[str, set[str]] = {}
        for step in steps:
            kind, name = step["urn"].split("::")[2:]
            if step["op"] != "same" and kind.rpartition("$")[2].startswith("aws:"):
                key = f"{step['op']} {kind.rpartition(':')[2]}"
                found.setdefault(key, set()).add(name)
        return found

    def addons(self) -> dict[str, str]:
        """The versions of the add-ons that there are."""
        found = {}
        for addon in ADDONS:
            of = {"clusterName": "dev", "addonName": addon.name}
            found[addon.name] = self.account.call("eks", "describe_addon", **of)["addon"]
        return {name: addon["addonVersion"] for name, addon in found.items()}

    def groups(self) -> dict[str, Any]:
        """The node groups that there are, by pool."""
        found = {}
        for name in self.account.inventory()["eks dev nodegroups"]:
            of = {"clusterName": "dev", "nodegroupName": name}
            group = self.account.call("eks", "describe_nodegroup", **of)["nodegroup"]
            found[group["labels"]["easymaker.io/pool"]] = group
        return found


def misfound(account: Account, least: int) -> dict[str, str]:
    """Things that would not be found if a run had been killed as it made them: one of each type,
    of so many at least."""
    state = json.loads(account.project.pulumi("stack", "export").stdout)
    resources = state["deployment"]["resources"]
    latest = {item["type"]: item for item in resources if item["type"] in ROWS}
    made = [item for type_, item in latest.items() if not isinstance(ROWS[type_], Again)]
    assert len(made) >= least
    state["deployment"]["pending_operations"] = [
        {"type": CREATING, "resource": item} for item in made
    ]
    wrong = {}
    for operation in operations(state):
        own = latest[operation.type]["id"]
        others = known(state, operation.type) - {(operation.urn, own)}
        found = find(operation, others, account.aws)
        if found != own:
            wrong[str(operation)] = f"{found} instead of {own}"
    return wrong
