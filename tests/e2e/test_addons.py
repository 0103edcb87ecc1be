"""A cluster's add-ons on the local cluster: all of them judged by the API server, and what their
images allow applied by the program, from the outputs of a stack."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import program_addons
from components.manifests.addons import (
    cluster_autoscaler,
    gateway,
    gpu,
    karpenter,
    logs,
    storage,
)
from components.manifests.addons.facts import facts
from schemas import load_any, resolved_cluster
from schemas.resolved_cluster import GPU_LABEL
from tests.support import cluster_outputs, pulumi_cli
from tests.support.checkout import Checkout
from tests.support.cluster import IMAGES, LocalCluster, pod_spec, service
from tests.support.web import Web

pytestmark = pytest.mark.e2e

HOST = "here.addons.test"
PLACE = "easymaker-gateway"
SERVER = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8000)"
SPEC = f"""\
api_version: easymaker/v1
kind: ClusterAddons
cluster: dev
target: {{type: aws, cluster_stack: organization/easymaker/{pulumi_cli.STACK}}}
# The cluster has them, and its own Gateway needs them when these are gone.
gateway: {{definitions: false, replicas: 1}}
logs: {{type: cloudwatch}}
images:
  gateway: {IMAGES["gateway"]}
  # It stands still: nothing here calls AWS.
  fluent_bit: {IMAGES["pause"]}
"""


@pytest.fixture(scope="module")
def addons() -> resolved_cluster.ClusterAddons:
    found = load_any(Path(__file__).parents[2] / "stacks" / "aws-addons.yaml")
    assert isinstance(found, resolved_cluster.ClusterAddons)
    return found


def everything(addons: resolved_cluster.ClusterAddons) -> dict[str, list[dict[str, Any]]]:
    """The objects of each add-on with its own images, as a stack on AWS gets them."""
    images, stack = addons.images, "easymaker/addons"
    known = facts("a stack", cluster_outputs.OUTPUTS)
    assert addons.logs is not None
    # The node's port is another's where the test below is at work.
    edge = replace(addons.gateway, namespace="judged-gateway", name="judged", node_port=30981)
    return {
        "gateway": gateway.objects(edge, images.gateway, stack),
        "gpu": gpu.objects(images.device_plugin),
        "autoscaler": cluster_autoscaler.objects("dev", known.region, "example.test/ca:1"),
        "karpenter": karpenter.objects(known, images.karpenter),
        "pools": karpenter.pools(known),
        "logs": logs.objects(known, addons.logs.namespaces, images.fluent_bit, stack),
        "storage": storage.objects(known.key_arn),
    }


@pytest.fixture
def definitions(cluster: LocalCluster) -> Iterator[list[dict[str, Any]]]:
    """Karpenter's, in the cluster while a test runs."""
    made = program_addons.definitions("karpenter-crds")
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    cluster.kubectl("apply", "--server-side", "-f", "-", stdin=text)
    names = [item["metadata"]["name"] for item in made]
    cluster.wait("crd", *names, "--for=condition=Established")
    yield made
    cluster.kubectl("delete", "crd", *names)


def judged(cluster: LocalCluster, *manifests: dict[str, Any]) -> None:
    """Have the API server take objects without keeping them; fails with what it says."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
    arguments = ("--server-side", "--dry-run=server", "--force-conflicts", "--validate=strict")
    said = cluster.kubectl("apply", *arguments, "-f", "-", stdin=text)
    assert len(said.splitlines()) == len(manifests), said


@pytest.mark.usefixtures("definitions")
def test_the_api_server_takes_every_object(
    cluster: LocalCluster, addons: resolved_cluster.ClusterAddons
) -> None:
    found = everything(addons)
    # A dry run keeps no namespace for what stands in it: these are made before.
    homes = [item for items in found.values() for item in items if item["kind"] == "Namespace"]
    assert len(homes) == 2
    cluster.apply(*homes)
    try:
        for name, items in found.items():
            assert items, name
            judged(cluster, *items)
    finally:
        names = [item["metadata"]["name"] for item in homes]
        cluster.kubectl("delete", "namespace", *names)


def test_the_api_server_takes_the_gateway_apis_definitions(cluster: LocalCluster) -> None:
    judged(cluster, *program_addons.definitions("gateway-api-crds"))


def test_a_pod_waits_for_gpus_until_they_are_allocatable(cluster: LocalCluster, space: str) -> None:
    """No taint has to come off when they are (docs/adr/0143)."""
    (node,) = cluster.get("nodes")["items"]
    path = "/status/capacity/example.com~1gpu"
    where = ("patch", "node", node["metadata"]["name"], "--subresource=status", "--type=json")
    gpus = {"requests": {"example.com/gpu": "1"}, "limits": {"example.com/gpu": "1"}}
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "asks", "namespace": space},
            "spec": pod_spec(["true"], container={"resources": gpus}),
        }
    )
    cluster.wait("-n", space, "pod/asks", "--for=condition=PodScheduled=False")
    said = cluster.get("pod", "asks", "-n", space)["status"]["conditions"]
    assert "Insufficient example.com/gpu" in next(
        found["message"] for found in said if found["type"] == "PodScheduled"
    )
    # As a device plugin does: the node says how many it has once they answer.
    cluster.kubectl(*where, "-p", json.dumps([{"op": "add", "path": path, "value": "1"}]))
    try:
        cluster.wait("-n", space, "pod/asks", "--for=jsonpath={.status.phase}=Succeeded")
    finally:
        cluster.kubectl(*where, "-p", json.dumps([{"op": "remove", "path": path}]))


# --- the program --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stacks:
    """A checkout whose stack `addons` stands on the outputs of another."""

    checkout: Checkout

    def pulumi(self, *arguments: str) -> str:
        done = self.checkout.pulumi(*arguments, "--stack=addons")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def stacks(checkout: Checkout, pulumi_home: Path, tmp_path: Path) -> Iterator[Stacks]:
    made = Stacks(checkout)
    (checkout.folder / "stacks" / "addons.yaml").write_text(SPEC)
    checkout.plain_stack("addons", "stacks/addons.yaml")
    own = yaml.safe_load(checkout.cluster.kubeconfig.read_text())
    outputs = {
        **cluster_outputs.OUTPUTS,
        "kubeconfig": json.dumps(cluster_outputs.kubeconfig(own)),
    }
    state = checkout.folder / ".state"
    environment = {
        **pulumi_cli.environment(pulumi_home, state),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(state / "passphrase"),
    }
    del environment["PULUMI_CONFIG_PASSPHRASE"]
    cluster_stack = pulumi_cli.Project(tmp_path / "cluster", environment, "easymaker")
    cluster_stack.create()
    cluster_stack.write(
        f"import json, pulumi\nfor k, v in json.loads({json.dumps(outputs)!r}).items():\n"
        "    pulumi.export(k, v)\n"
    )
    cluster_stack.pulumi("up", "--yes", "--skip-preview")
    try:
        yield made
    finally:
        made.pulumi("destroy", "--yes", "--skip-preview")
        made.pulumi("stack", "rm", "--yes")
        cluster_stack.pulumi("stack", "rm", "--yes", "--force")


def test_the_program_brings_them_from_a_clusters_stack(
    stacks: Stacks, cluster: LocalCluster, space: str, web: Web
) -> None:
    stacks.pulumi("up", "--yes", "--skip-preview")
    outputs = json.loads(stacks.pulumi("stack", "output", "--json"))
    assert outputs == {
        "cluster": "dev",
        "gateway": {
            "namespace": PLACE,
            "name": "easymaker",
            "listener": "http",
            "pod_selector": {"app.kubernetes.io/name": "traefik"},
            "node_port": 30080,
        },
        "storage_classes": {"block": "em-gp3"},
    }
    cluster.wait("-n", PLACE, "gateway/easymaker", "--for=condition=Programmed")
    cluster.apply(*backend(space), route(space))
    cluster.wait("-n", space, "deploy/web", "--for=condition=Available")
    (node,) = cluster.get("nodes")["items"]
    address = node["status"]["addresses"][0]["address"]
    # Through the port of the node, as the load balancer calls.
    code = ASK.format(url=f"http://{address}:30080/", host=HOST)
    assert cluster.run_python(space, "asks", code).strip() == "200 404"
    # The cluster's own gateway knows nothing of it, and goes on with its own.
    assert web.call(f"http://{HOST}/").status == 404
    assert cluster.get("gatewayclass", "traefik")["status"]["conditions"][0]["status"] == "True"

    steps = json.loads(stacks.pulumi("preview", "--json"))["changeSummary"]
    assert set(steps) == {"same"}, steps
    daemons = cluster.get("daemonset", "nvidia-device-plugin", "-n", "kube-system")
    assert daemons["spec"]["template"]["spec"]["nodeSelector"] == {GPU_LABEL: "true"}
    assert daemons["status"]["desiredNumberScheduled"] == 0

    stacks.pulumi("destroy", "--yes", "--skip-preview")
    kinds = "namespaces,clusterroles,clusterrolebindings,gatewayclasses,storageclasses"
    left = cluster.get(kinds, "-l", "easymaker.io/kind=addon")["items"]
    left += cluster.get(
        "all,roles,rolebindings,configmaps", "-n", "kube-system", "-l", "easymaker.io/kind=addon"
    )["items"]
    assert [item["metadata"]["name"] for item in left] == []


ASK = """
import time, urllib.error, urllib.request
def ask(host):
    call = urllib.request.Request("{url}", headers={{"Host": host}})
    try:
        return urllib.request.urlopen(call, timeout=5).status
    except urllib.error.HTTPError as error:
        return error.code
end = time.monotonic() + 30
while ask("{host}") != 200 and time.monotonic() < end:
    time.sleep(0.1)
print(ask("{host}"), ask("other.addons.test"))
"""


def backend(space: str) -> list[dict[str, Any]]:
    """A server of files and its service, called web."""
    found = {"app": "web"}
    spec = pod_spec(["python3", "-c", SERVER]) | {"restartPolicy": "Always"}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": space},
        "spec": {
            "selector": {"matchLabels": found},
            "template": {"metadata": {"labels": found}, "spec": spec},
        },
    }
    return [deployment, service(space, "web", 8000)]


def route(space: str) -> dict[str, Any]:
    """What a workspace's route looks like, to the Gateway of the add-ons."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "web", "namespace": space},
        "spec": {
            "parentRefs": [{"name": "easymaker", "namespace": PLACE, "sectionName": "http"}],
            "hostnames": [HOST],
            "rules": [{"backendRefs": [{"name": "web", "port": 8000}]}],
        },
    }
