"""What pods in a workspace can reach, who reaches them, and what they may use."""

import json
from collections.abc import Iterator

import pytest

from components.manifests import Manifest, policies, workspace
from components.manifests.metadata import labels
from schemas import resolved
from tests.support.cluster import LocalCluster, namespace, pod, service, until
from tests.support.web import Web
from tests.support.workspaces import workspace as spec_of

pytestmark = pytest.mark.e2e

NAME = "bounds"
OTHER = "bounds-other"
SERVED = {"notebook": 8888, "stage": 8080, "experiment": 6006}
# Every port of theirs answers, so that a refusal is a policy's.
SERVE = """
import http.server, os, threading
for port in (6006, 8080, 8888, 9999):
    server = http.server.ThreadingHTTPServer(
        (os.environ["POD_IP"], port), http.server.SimpleHTTPRequestHandler
    )
    threading.Thread(target=server.serve_forever).start()
"""
POD_IP = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
# Policies reach a new pod at some distance: each try is an event of its own.
CONNECT = """
import socket, sys, time
host, port, wanted = sys.argv[1], int(sys.argv[2]), sys.argv[3]
until = time.monotonic() + 30
while time.monotonic() < until:
    try:
        socket.create_connection((host, port), 2).close()
        outcome = "admitted"
    except OSError:
        outcome = "refused"
    if outcome == wanted:
        sys.exit()
sys.exit(f"{host}:{port} is {outcome}")
"""


@pytest.fixture(scope="module")
def spec(cluster: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> resolved.Workspace:
    port = cluster.gateway_port
    return spec_of(
        tmp_path_factory.mktemp("spec"),
        ("workspace: lab", f"workspace: {NAME}"),
        ("domain: ml.test", "domain: easymaker.localhost"),
        ("objects.ml.test:8088", f"objects.ml.test:{port}"),
        ("objects.ml.test", "objects.easymaker.localhost"),
        ("pod_selector: {app: edge}", "pod_selector: {app.kubernetes.io/name: traefik}"),
        ("cpu: 8, memory: 20Gi, gpu: 2", "cpu: 1, memory: 1Gi, gpu: 0"),
        ("  fit:", "  fit:\n    state: stopped"),
        ("    data_storage: 20", "    data_storage: 20\n    state: stopped"),
    )


@pytest.fixture(scope="module")
def home(cluster: LocalCluster, spec: resolved.Workspace) -> Iterator[str]:
    """The workspace, with pods of all kinds in it, and a pod elsewhere."""
    quota = workspace.quota(spec)
    assert quota is not None
    cluster.apply(workspace.namespace(spec, "easymaker/test"), namespace(OTHER))
    cluster.apply(
        workspace.owner(spec, "easymaker/test"),
        workspace.limit_range(spec),
        quota,
        workspace.viewer(spec),
        *policies.policies(spec),
        policies.training_peers(NAME, "fit"),
    )
    pods = [
        serving(NAME, "fit-0", labels("training", "fit")),
        serving(NAME, "fit-1", labels("training", "fit")),
        serving(NAME, "other", labels("training", "other")),
        serving(OTHER, "stranger", labels("training", "fit")),
        *(serving(NAME, kind, {**labels(kind, "x"), "app": kind}) for kind in SERVED),
    ]
    cluster.apply(*pods)
    for item in pods:
        place = item["metadata"]
        cluster.wait("-n", place["namespace"], f"pod/{place['name']}", "--for=condition=Ready")
    yield NAME
    cluster.kubectl("delete", "namespace", NAME, OTHER, "--wait=false")


def serving(space: str, name: str, carried: dict[str, str]) -> Manifest:
    return pod(space, name, ["python3", "-c", SERVE], labels=carried, container={"env": [POD_IP]})


def address(cluster: LocalCluster, space: str, name: str) -> str:
    ip: str = cluster.get("-n", space, "pod", name)["status"]["podIP"]
    return ip


def outcome_is(
    cluster: LocalCluster, wanted: str, source: tuple[str, str], host: str, port: int
) -> None:
    space, name = source
    command = ["python3", "-c", CONNECT, host, str(port), wanted]
    cluster.kubectl("-n", space, "exec", name, "--", *command)


def test_a_training_reaches_its_instances_and_storage_alone(
    cluster: LocalCluster, home: str
) -> None:
    source = (home, "fit-0")
    storage = address(
        cluster,
        "object-storage",
        cluster.get("-n", "object-storage", "pods")["items"][0]["metadata"]["name"],
    )
    gateway = cluster.get("-n", "gateway-system", "pods")["items"][0]["status"]["podIP"]
    node = cluster.get("nodes")["items"][0]["status"]["addresses"][0]["address"]
    outcome_is(cluster, "admitted", source, "objects.easymaker.localhost", cluster.gateway_port)
    outcome_is(cluster, "admitted", source, address(cluster, home, "fit-1"), 9999)
    for host, port in (
        (address(cluster, home, "other"), 8080),
        (address(cluster, home, "notebook"), 8888),
        (address(cluster, OTHER, "stranger"), 8080),
        (storage, 8333),
        (gateway, 8080),
        ("kubernetes.default.svc", 443),
        (node, 6443),
        (node, 10250),
        ("169.254.169.254", 80),
        ("192.0.2.1", 443),
    ):
        outcome_is(cluster, "refused", source, host, port)


def test_what_is_refused_is_there(cluster: LocalCluster, home: str) -> None:
    """Without policies, as in another namespace, the same places answer."""
    source = (OTHER, "stranger")
    storage = cluster.get("-n", "object-storage", "pods")["items"][0]["status"]["podIP"]
    for host, port in ((storage, 8333), ("kubernetes.default.svc", 443)):
        outcome_is(cluster, "admitted", source, host, port)


@pytest.mark.parametrize("kind", SERVED)
def test_the_gateway_alone_reaches_a_pod_and_only_its_port(
    cluster: LocalCluster, web: Web, home: str, kind: str
) -> None:
    for source in ((OTHER, "stranger"), (home, "fit-0"), (home, "other")):
        outcome_is(cluster, "refused", source, address(cluster, home, kind), SERVED[kind])
    for suffix, port, status in (("right", SERVED[kind], 200), ("wrong", 9999, 502)):
        name = f"{kind}-{suffix}"
        host = f"{name}.{home}.easymaker.localhost"
        made = service(home, name, 80, selector={"app": kind})
        made["spec"]["ports"][0]["targetPort"] = port
        cluster.apply(made, route(home, name, host))
        until(
            lambda: web.call(f"http://{host}/").status == status,  # noqa: B023
            f"status {status} of {name}",
        )


def route(space: str, name: str, host: str) -> Manifest:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": space},
        "spec": {
            "parentRefs": [{"name": "easymaker", "namespace": "gateway-system"}],
            "hostnames": [host],
            "rules": [{"backendRefs": [{"name": name, "port": 80}]}],
        },
    }


def test_pods_that_ask_for_nothing_count(cluster: LocalCluster, home: str) -> None:
    (container,) = cluster.get("-n", home, "pod", "other")["spec"]["containers"]
    assert container["resources"] == {"requests": {"cpu": "10m", "memory": "32Mi"}}
    used = cluster.get("-n", home, "resourcequota", "quota")["status"]["used"]
    assert used["requests.cpu"] == "60m"
    assert used["requests.memory"] == "192Mi"


def test_a_viewer_looks_and_sees_no_credentials(cluster: LocalCluster, home: str) -> None:
    cluster.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "viewer", "namespace": home},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "Role",
                "name": "viewer",
            },
            "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "ann"}],
        }
    )

    def allowed(verb: str, group: str, resource: str, subresource: str = "") -> bool:
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": "ann",
                "resourceAttributes": {
                    "namespace": home,
                    "verb": verb,
                    "group": group,
                    "resource": resource,
                    "subresource": subresource,
                },
            },
        }
        made = cluster.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(review))
        return bool(json.loads(made)["status"]["allowed"])

    until(lambda: allowed("list", "", "pods"), "the binding")
    for group, resource, subresource in (
        ("", "pods", "log"),
        ("", "namespaces", ""),
        ("apps", "statefulsets", ""),
        ("batch", "jobs", ""),
        ("gateway.networking.k8s.io", "httproutes", ""),
    ):
        assert allowed("get", group, resource, subresource)
    assert not allowed("get", "", "secrets")
    assert not allowed("create", "", "pods", "exec")
    assert not allowed("delete", "", "pods")
