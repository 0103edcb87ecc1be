"""What the example's workspace has beside its cluster, through the real engine on an emulated
account. Its objects in the cluster are only written down: tests/e2e applies them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.aws.conftest import REGION, Account
from tests.aws.stacks import misfound
from tests.support.pulumi_cli import make_home

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
CLUSTER = f"""\
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
runpy.run_path({str(ROOT / "__main__.py")!r})
"""
WORKSPACE = f"""\
import sys
from dataclasses import replace

sys.path.insert(0, {str(ROOT)!r})
import pulumi
from pulumi_kubernetes import Provider

from components.aws.on_aws import OnAws
from schemas import load
from schemas.cluster_outputs import cluster_outputs


async def main():
    config = pulumi.Config("easymaker")
    said = await pulumi.StackReference("organization/demo/test").outputs.future()
    spec = load(config.require("spec"))
    spec = replace(spec, platform=replace(spec.platform, cluster=cluster_outputs("test", said)))
    beside = OnAws(spec, [])
    written = Provider("written", render_yaml_to_directory=config.require("folder"))
    made = beside.api(spec.endpoints["iris"], None, written, {{"workspace": spec}})
    pulumi.export("api", made.summary)


pulumi.run(main)
"""


class Workspace:
    """Its stack, beside the cluster's in one project."""

    def __init__(self, account: Account, folder: Path) -> None:
        self._account, self._folder = account, folder
        self._home = {"PULUMI_HOME": str(make_home(folder / "home"))}
        account.project.environment |= self._home
        account.project.write(WORKSPACE)
        account.project.pulumi("stack", "init", "workspace")
        for key, value in (
            ("aws:region", REGION),
            ("easymaker:spec", str(folder / "aws.yaml")),
            ("easymaker:folder", str(folder / "written")),
        ):
            account.project.pulumi("config", "set", key, value)
        self.change()

    def change(self, **gateway: Any) -> None:
        """Write the example, with these limits of API Gateway."""
        for name in ("platform/aws.yaml", "platform/images-local.yaml", "aws.yaml"):
            spec = yaml.safe_load((ROOT / "stacks" / name).read_text())
            if name == "platform/aws.yaml" and gateway:
                spec["platform"]["api_gateway"] = gateway
            file = self._folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(yaml.safe_dump(spec))

    def up(self) -> None:
        self._account.project.pulumi("up", "--yes", "--skip-preview")

    def preview(self) -> dict[str, int]:
        """How many resources a preview would change, by operation and kind."""
        said = self._account.project.pulumi("preview", "--json").stdout
        found: dict[str, int] = {}
        for step in json.loads(said[said.index("{") :])["steps"]:
            key = f"{step['op']} {step['urn'].split('::')[2].rpartition(':')[2]}"
            if step["op"] not in ("same", "read"):
                found[key] = found.get(key, 0) + 1
        return found


def test_a_workspace_goes_through_its_life(account: Account, tmp_path: Path) -> None:
    project = account.project
    project.write(CLUSTER)
    project.pulumi("config", "set", "easymaker:spec", str(ROOT / "stacks" / "aws-cluster.yaml"))
    project.pulumi("up", "--yes", "--skip-preview")
    bare = account.inventory()

    workspace = Workspace(account, tmp_path)
    account.killed("after aws:apigatewayv2/integration:Integration")
    said = account.recover("workspace")
    assert "aws:apigatewayv2/integration:Integration api-iris/inference: taken in as " in said
    workspace.up()
    assert workspace.preview() == {}
    assert misfound(account, least=7) == {}
    listed = account.call("eks", "list_pod_identity_associations", clusterName="dev")
    own = [item for item in listed["associations"] if item["namespace"] == "iris"]
    assert {item["serviceAccount"] for item in own} == {"logs", "serving", "training"}
    (api,) = account.call("apigatewayv2", "get_apis")["Items"]
    stages = account.call("apigatewayv2", "get_stages", ApiId=api["ApiId"])["Items"]
    assert {stage["StageName"] for stage in stages} == {"$default", "blue"}
    (route,) = account.call("apigatewayv2", "get_routes", ApiId=api["ApiId"])["Items"]
    assert route["RouteKey"] == "POST /inference"

    workspace.change(rate=7, burst=9)
    assert workspace.preview() == {"update Stage": 2}
    workspace.up()
    assert workspace.preview() == {}

    project.pulumi("destroy", "--yes", "--skip-preview")
    assert account.inventory() == bare
