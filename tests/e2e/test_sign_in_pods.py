"""Signing in on the cluster: to a notebook and a TensorBoard, with the proxy in their pods."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import oci
from tests.support.checkout import Checkout
from tests.support.cluster import LocalCluster, Manifest, namespace, pod, service, until
from tests.support.signing_in import Browser, issuer
from tools import images, toolchain

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

STACK = "sign-in"
SPEC = f"stacks/{STACK}.yaml"
SPACE = "issuer"
CLIENT = "easymaker"
IMAGE = "easymaker.local/oauth2-proxy:1"


def host(name: str, cluster: LocalCluster) -> str:
    return f"http://{name}.easymaker.localhost:{cluster.gateway_port}"


def text(cluster: LocalCluster) -> str:
    return f"""\
api_version: easymaker/v1
kind: Workspace
workspace: {STACK}
include: [platform/local.yaml]
platform:
  flavors:
    small: {{core_type: cpu, cpu: 1, memory: 1Gi, requests: {{cpu: 20m, memory: 64Mi}}}}
  access:
    issuer: {host(SPACE, cluster)}
    client_id: {CLIENT}
    client_secret: {{pulumi_config: signInSecret}}
    image: {IMAGE}
    email_domains: [ml.test]
experiments: {{board: {{}}}}
notebooks:
  book: {{image: python-3-notebook-cpu, flavor: small, boot_storage: 10, data_storage: 10}}
"""


def issuing(cluster: LocalCluster) -> list[Manifest]:
    """The issuer behind the gateway, which has one address for pods and browsers."""
    command = issuer(host(SPACE, cluster), CLIENT)
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": SPACE, "namespace": SPACE},
        "spec": {
            "parentRefs": [{"name": "easymaker", "namespace": "gateway-system"}],
            "hostnames": [f"{SPACE}.easymaker.localhost"],
            "rules": [{"backendRefs": [{"name": SPACE, "port": 8080}]}],
        },
    }
    made = pod(SPACE, SPACE, command, labels={"app": SPACE})
    return [namespace(SPACE), made, service(SPACE, SPACE, 8080), route]


@pytest.fixture(name="stack", scope="module")
def _stack(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    cluster = checkout.cluster
    needed = ["tools", "python", "notebook-python", "tensorboard"]
    images.ensure_loaded(cluster.backend.images(), needed, print)
    archive = tmp_path_factory.mktemp("image") / "proxy.tar"
    program = Path(toolchain.path("oauth2-proxy")).read_bytes()
    oci.write_image(archive, IMAGE, "bin/oauth2-proxy", program)
    cluster.backend.images().load(archive)
    for manifest in issuing(cluster):
        cluster.apply(manifest)
    known = f"{host(SPACE, cluster)}/.well-known/openid-configuration"
    until(lambda: Browser().ask(known)[0] == 200, "the issuer", 60)
    (checkout.folder / SPEC).write_text(text(cluster))
    pulumi = checkout.plain_stack(STACK, SPEC)
    try:
        pulumi("config", "set", "--secret", "easymaker:signInSecret", "a client's secret")
        pulumi("up", "--yes", "--skip-preview")
        for what in ("notebook/book", "experiment/board"):
            done = checkout.emctl("wait", SPEC, what, "--timeout=5m")
            assert done.returncode == 0, done.stdout + done.stderr
        yield cluster
    finally:
        pulumi("destroy", "--yes", "--skip-preview")
        pulumi("stack", "rm", "--yes")
        cluster.kubectl("delete", "namespace", SPACE, "--wait=false")


@pytest.mark.parametrize(
    ("name", "path", "inside"),
    [("notebook-book", "/api/kernelspecs", "python3"), ("tensorboard-board", "/data/runs", "[]")],
)
def test_who_signs_in_gets_in_and_nobody_else(
    stack: LocalCluster, name: str, path: str, inside: str
) -> None:
    url = host(f"{name}.{STACK}", stack) + path
    until(lambda: Browser().ask(url)[0] == 302, "the route's first answer", 60)
    person = Browser()
    assert person.sign_in(url, "ann@ml.test") == (302, path)
    status, said = person.ask(url)
    assert status == 200, said
    assert inside in said
    stranger = Browser()
    assert stranger.sign_in(url, "eve@elsewhere.test")[0] == 403
    assert stranger.ask(url)[0] == 302
