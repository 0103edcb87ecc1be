"""The example on AWS: roles and APIs on an emulated account, workloads on a real cluster.

EKS says that its API server is the real one's, and everybody signs in there as on AWS: by `aws eks
get-token`, of which there is a stand-in.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import aws
from tests.support.aws.provider import plugin
from tests.support.checkout import Checkout, make_checkout
from tests.support.cluster import LocalCluster
from tests.support.endpoint_stack import ROWS, model
from tests.support.web import Web
from tools import images

pytestmark = pytest.mark.e2e

REGION = "ap-northeast-2"
MODELS = "obs://objects.easymaker.localhost/aws"
KEYED = "obs://keyed.example.com/aws"
GROUP = "eks.amazonaws.com/nodegroup"
AWS = f"""\
#!/bin/sh
if [ "$*" != "eks get-token --output json --cluster-name dev --region {REGION}" ]; then
    echo "no such command: aws $*" >&2
    exit 1
fi
cat "$0.json"
"""
SUMS = {"framework": "sklearn", "framework_version": "1.9"}


@dataclass
class Stacks:
    """The cluster's stack and the workspace's, and the account that they are on."""

    checkout: Checkout
    emulators: aws.Emulators

    def up(self, stack: str) -> None:
        done = self.checkout.pulumi("up", "--yes", "--skip-preview", f"--stack={stack}")
        assert done.returncode == 0, done.stdout + done.stderr

    def unchanged(self, stack: str) -> None:
        done = self.checkout.pulumi("preview", "--expect-no-changes", f"--stack={stack}")
        assert done.returncode == 0, done.stdout + done.stderr

    def destroy(self, stack: str) -> None:
        done = self.checkout.pulumi("destroy", "--yes", "--skip-preview", f"--stack={stack}")
        assert done.returncode == 0, done.stdout + done.stderr

    def outputs(self, stack: str) -> Any:
        done = self.checkout.pulumi("stack", "output", "--json", f"--stack={stack}")
        return json.loads(done.stdout)

    def warnings(self, stack: str) -> list[str]:
        """What a preview warns of."""
        done = self.checkout.pulumi("preview", f"--stack={stack}")
        assert done.returncode == 0, done.stdout + done.stderr
        start = "warning: "
        lines = (line.strip() for line in done.stdout.splitlines())
        return [line.removeprefix(start) for line in lines if line.startswith(start)]

    def inventory(self) -> Any:
        """All that there is in the account."""
        return self.emulators.run(
            "import json; from tests.support.aws.inventory import inventory;"
            f"print(json.dumps(inventory({REGION!r})))"
        )

    def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """One call of the SDK."""
        return self.emulators.run(
            "import json; from tests.support.aws.clients import call;"
            f"found = call({REGION!r}, {service!r}, {operation!r}, **{parameters!r});"
            "print(json.dumps(found, default=str))"
        )


@pytest.fixture
def token(cluster: LocalCluster) -> Iterator[str]:
    """Of somebody who may do anything on the cluster, by no kubeconfig."""
    account = ("serviceaccount", "caller", "--namespace=kube-system")
    bound = ("clusterrolebinding", "caller")
    cluster.kubectl("create", *account)
    may = ("--clusterrole=cluster-admin", "--serviceaccount=kube-system:caller")
    cluster.kubectl("create", *bound, *may)
    yield cluster.kubectl("create", "token", *account[1:], "--duration=2h").strip()
    cluster.kubectl("delete", *bound)
    cluster.kubectl("delete", *account)


@pytest.fixture
def command_line(token: str, tmp_path: Path) -> Path:
    """The folder of a program `aws` that signs in, and can do nothing else."""
    program = tmp_path / "bin" / "aws"
    program.parent.mkdir()
    program.write_text(AWS)
    program.chmod(0o755)
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "kind": "ExecCredential",
        "status": {"token": token},
    }
    program.with_suffix(".json").write_text(json.dumps(credential))
    return program.parent


def api_server(cluster: LocalCluster) -> aws.ApiServer:
    """The real one, as EKS would tell it."""
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--flatten", "-o", "json"))
    (found,) = (item["cluster"] for item in config["clusters"])
    return aws.ApiServer(found["server"], found["certificate-authority-data"])


@pytest.fixture
def stacks(
    cluster: LocalCluster, pulumi_home: Path, command_line: Path, tmp_path: Path
) -> Iterator[Stacks]:
    wanted = ["notebook-python", "serving-sklearn", "tools"]
    images.ensure_loaded(cluster.backend.images(), wanted, print)
    for name in ("emulators", "checkout"):
        (tmp_path / name).mkdir()
    with aws.serve(aws.install(), tmp_path / "emulators") as served:
        emulators = replace(served, api_server=api_server(cluster))
        checkout = make_checkout(tmp_path / "checkout", cluster, pulumi_home)
        checkout.environment |= {
            "PATH": f"{command_line}{os.pathsep}{checkout.environment['PATH']}",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        project = checkout.folder / "Pulumi.yaml"
        written = plugin.write_plugin(tmp_path / "plugin", emulators)
        more = f"plugins:\n  providers: [{{name: aws, path: {written}}}]\n"
        project.write_text(project.read_text() + more)
        for name, method in (("of-0", "sum"), ("of-1", "max")):
            checkout.put(f"{MODELS}/{name}/model.joblib", model(method))
        yield Stacks(checkout, emulators)


@pytest.fixture
def node(cluster: LocalCluster) -> Iterator[Callable[[str], str]]:
    """Puts the cluster's node into a node group of EKS."""
    (name,) = (item["metadata"]["name"] for item in cluster.get("nodes")["items"])
    yield lambda group: cluster.kubectl("label", "--overwrite", "node", name, f"{GROUP}={group}")
    cluster.kubectl("label", "node", name, f"{GROUP}-")


def write_spec(checkout: Checkout, default: str = "blue") -> None:
    """The example on AWS with its workloads on the test's cluster: a notebook and an endpoint."""
    folder = checkout.folder / "stacks"
    spec = yaml.safe_load((folder / "aws.yaml").read_text())
    ground = yaml.safe_load((folder / "platform" / "aws.yaml").read_text())
    local = yaml.safe_load((folder / "platform" / "local.yaml").read_text())["platform"]
    platform = ground["platform"]
    platform["domain"], platform["gateway"] = local["domain"], local["gateway"]
    (keyed,) = local["object_storage"].values()
    platform["object_storage"]["keyed.example.com"] = keyed
    (folder / "platform" / "test.yaml").write_text(yaml.safe_dump(ground))
    for item in spec["trainings"].values():
        item["state"] = "stopped"
    spec["notebooks"]["explore"]["image"] = "python-3-notebook-cpu"
    spec["include"] = ["platform/test.yaml"]
    spec["workspace"] = "on-aws"
    spec["models"] |= {name: {**SUMS, "path": f"{KEYED}/{name}"} for name in ("of-0", "of-1")}
    stage = {"resource_path": "/inference", "flavor": "m2.c1m2"}
    spec["endpoints"]["sums"] = {
        "default_stage": default,
        "stages": {"blue": {"model": "of-0", **stage}, "green": {"model": "of-1", **stage}},
    }
    (folder / "on-aws.yaml").write_text(yaml.safe_dump(spec))


def called(stacks: Stacks, web: Web, stage: str) -> float:
    """What a stage of the API answers: the request is as API Gateway would send it."""
    url = stacks.outputs("on-aws")["endpoints"]["sums"]["api"]["url"]
    api = url.partition("://")[2].partition(".")[0]
    (route,) = stacks.call("apigatewayv2", "get_routes", ApiId=api)["Items"]
    (integration,) = stacks.call("apigatewayv2", "get_integrations", ApiId=api)["Items"]
    assert route["RouteKey"] == "POST /inference"
    assert route["Target"] == f"integrations/{integration['IntegrationId']}"
    names = {s["StageName"] for s in stacks.call("apigatewayv2", "get_stages", ApiId=api)["Items"]}
    assert names == {"$default", "blue", "green"}
    told = {
        key.removeprefix("overwrite:header."): value.replace("$context.stage", stage)
        for key, value in integration["RequestParameters"].items()
        if key.startswith("overwrite:header.") and not value.startswith("$context.requestId")
    }
    path = integration["RequestParameters"]["overwrite:path"]
    answer = web.call(f"http://any.thing{path}", ROWS, headers=told)
    assert answer.status == 200, answer.body
    return float(answer.json()["predictions"][0])


def pools_that_go_are_warned_of(stacks: Stacks, node: Callable[[str], str]) -> None:
    """By a preview of the cluster's stack, of what people run on their nodes."""
    checkout = stacks.checkout
    listed = stacks.call("eks", "list_nodegroups", clusterName="dev")["nodegroups"]
    groups = {name.rpartition("-")[0]: name for name in listed}
    kubectl, of = checkout.cluster.kubectl, ("--namespace=on-aws", "--timeout=300s")
    kubectl("rollout", "status", "statefulset/notebook-explore", *of)
    running = ", ".join(
        f"{what} of workspace on-aws"
        for what in ("experiment iris", "notebook explore", "stage sums.blue", "stage sums.green")
    )

    node(groups["cpu"])
    assert stacks.warnings("aws-cluster") == []
    spec = "stacks/aws-cluster.yaml"
    checkout.change("[m7i.xlarge, m6i.xlarge]", "[m7i.2xlarge]", spec)
    checkout.change(
        "  gpu: {instance_types: [g5.2xlarge], max: 4, disk: 400, zones: [ap-northeast-2a]}\n",
        "",
        spec,
    )
    assert stacks.warnings("aws-cluster") == [
        f"pool 'cpu' gets new nodes, and the old ones go; on them run {running}"
    ]
    node(groups["gpu"])
    assert stacks.warnings("aws-cluster") == [
        f"pool 'gpu' goes, with its nodes; on them run {running}"
    ]


def test_example_on_aws_goes_through_its_life(
    stacks: Stacks, web: Web, node: Callable[[str], str]
) -> None:
    checkout = stacks.checkout
    checkout.plain_stack("aws-cluster", "stacks/aws-cluster.yaml")
    checkout.pulumi("config", "set", "aws:region", REGION, "--stack=aws-cluster")
    stacks.up("aws-cluster")
    bare = stacks.inventory()

    write_spec(checkout)
    checkout.plain_stack("on-aws", "stacks/on-aws.yaml")
    stacks.up("on-aws")
    stacks.unchanged("on-aws")
    found = stacks.call("eks", "list_pod_identity_associations", clusterName="dev")["associations"]
    own = {item["serviceAccount"] for item in found if item["namespace"] == "on-aws"}
    assert own == {"logs", "serving", "training"}
    assert [called(stacks, web, stage) for stage in ("$default", "blue", "green")] == [10, 10, 4]

    pools_that_go_are_warned_of(stacks, node)

    write_spec(checkout, default="green")
    stacks.up("on-aws")
    assert [called(stacks, web, stage) for stage in ("$default", "blue", "green")] == [4, 10, 4]

    stacks.destroy("on-aws")
    assert stacks.inventory() == bare
