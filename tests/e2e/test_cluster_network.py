"""Whom a workload reaches in the local cluster, and who reaches it."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.cluster import LocalCluster, pod, pod_spec, service, until

pytestmark = pytest.mark.e2e

SERVE = ["sh", "-c", 'exec python3 -m http.server 8000 --bind "$POD_IP" --directory /usr/share']
POD_IP = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
READY = {"tcpSocket": {"port": 8000}, "periodSeconds": 1}


def web(space: str, name: str = "web") -> dict[str, object]:
    """A pod that answers HTTP on port 8000."""
    return pod(
        space,
        name,
        SERVE,
        labels={"app": name},
        container={"env": [POD_IP], "readinessProbe": READY, "ports": [{"containerPort": 8000}]},
    )


def policy(space: str, name: str, pods: dict[str, str], **spec: object) -> dict[str, object]:
    """A NetworkPolicy for the pods with these labels."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": space},
        "spec": {"podSelector": {"matchLabels": pods}, **spec},
    }


def route(space: str, name: str) -> dict[str, object]:
    """A route from the namespace's own host to port 8000 of a service."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": space},
        "spec": {
            "parentRefs": [{"name": "easymaker", "namespace": "gateway-system"}],
            "hostnames": [f"{space}.easymaker.localhost"],
            "rules": [{"backendRefs": [{"name": name, "port": 8000}]}],
        },
    }


def status(cluster: LocalCluster, host: str) -> int:
    """What the gateway answers for a host, asked from the machine."""
    connection = http.client.HTTPConnection("127.0.0.1", cluster.gateway_port, timeout=5)
    connection.request("GET", "/", headers={"Host": host})
    answer = connection.getresponse().status
    connection.close()
    return answer


def reach(cluster: LocalCluster, space: str, caller: str, target: str, wanted: str) -> None:
    """Open connections from a pod until the outcome is the wanted one; each is an event of its own.

    Fails the test if it stays the other one. The port is 8000 where the target names none.
    """
    code = """
import socket, sys, time
host, _, port = sys.argv[1].partition(":")
until = time.monotonic() + 30
while time.monotonic() < until:
    try:
        socket.create_connection((host, int(port or 8000)), 1).close()
        outcome = "admitted"
    except OSError:
        outcome = "refused"
    if outcome == sys.argv[2]:
        sys.exit()
sys.exit(f"{sys.argv[1]} still {outcome}")
"""
    cluster.kubectl("-n", space, "exec", caller, "--", "python3", "-c", code, target, wanted)


def test_pods_of_an_indexed_job_reach_each_other_by_name(cluster: LocalCluster, space: str) -> None:
    code = """
import os, socket
index = int(os.environ["JOB_COMPLETION_INDEX"])
server = socket.create_server((os.environ["POD_IP"], 2222))
peer = f"pair-{1 - index}.pair"
while True:
    try:
        with socket.create_connection((peer, 2222), 1) as link:
            link.sendall(f"hello from {index}".encode())
        break
    except OSError:
        pass  # the peer's name or port is not there yet
print(server.accept()[0].recv(100).decode())
"""
    template = pod_spec(["python3", "-c", code], container={"env": [POD_IP]}, subdomain="pair")
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "pair", "namespace": space},
        "spec": {
            "completionMode": "Indexed",
            "completions": 2,
            "parallelism": 2,
            "backoffLimit": 0,
            "template": {"metadata": {"labels": {"app": "pair"}}, "spec": template},
        },
    }
    headless = service(space, "pair", 2222, clusterIP="None", publishNotReadyAddresses=True)
    cluster.apply(headless, job)
    cluster.wait("-n", space, "job/pair", "--for=condition=Complete")
    logs = cluster.kubectl("-n", space, "logs", "-l", "app=pair", "--prefix=false")
    assert sorted(logs.split("\n")) == ["", "hello from 0", "hello from 1"]


def test_a_service_answers_by_name(cluster: LocalCluster, space: str) -> None:
    cluster.apply(web(space), service(space, "web", 8000))
    cluster.wait("-n", space, "pod/web", "--for=condition=Ready")
    code = f"""
import time, urllib.request
until = time.monotonic() + 30
for name in ("web", "web.{space}", "web.{space}.svc.cluster.local"):
    while True:  # the service's rules follow the pod's readiness at some distance
        try:
            print(urllib.request.urlopen(f"http://{{name}}:8000/", timeout=5).status)
            break
        except OSError as error:
            assert time.monotonic() < until, error
"""
    assert cluster.run_python(space, "caller", code).split() == ["200"] * 3


def test_a_network_policy_refuses_and_admits(cluster: LocalCluster, space: str) -> None:
    cluster.apply(web(space), service(space, "web", 8000), pod(space, "caller", ["sleep", "600"]))
    cluster.wait("-n", space, "pod/web", "pod/caller", "--for=condition=Ready")
    reach(cluster, space, "caller", "web", "admitted")
    cluster.apply(policy(space, "deny", {"app": "web"}, policyTypes=["Ingress"]))
    reach(cluster, space, "caller", "web", "refused")
    cluster.kubectl("-n", space, "delete", "networkpolicy", "deny")
    reach(cluster, space, "caller", "web", "admitted")


def test_policies_can_admit_names_objects_and_the_gateway_alone(
    cluster: LocalCluster, space: str
) -> None:
    """The guide says what a policy has to name: pods and their ports, never a service's address."""
    gateway = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateway-system"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "traefik"}},
    }
    dns = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    asked = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    cluster.apply(
        policy(space, "deny", {}, policyTypes=["Ingress", "Egress"]),
        policy(
            space,
            "caller",
            {"app": "caller"},
            policyTypes=["Egress"],
            egress=[
                {"to": [dns], "ports": asked},
                {"to": [gateway], "ports": [{"port": cluster.gateway_port}]},
            ],
        ),
        policy(
            space,
            "web",
            {"app": "web"},
            policyTypes=["Ingress"],
            ingress=[{"from": [gateway], "ports": [{"port": 8000}]}],
        ),
        web(space),
        service(space, "web", 8000),
        route(space, "web"),
        pod(space, "caller", ["sleep", "600"], labels={"app": "caller"}),
        pod(space, "stranger", ["sleep", "600"]),
    )
    for name in ("web", "caller", "stranger"):
        cluster.wait("-n", space, f"pod/{name}", "--for=condition=Ready")
    objects = f"objects.easymaker.localhost:{cluster.gateway_port}"
    address = cluster.get("-n", space, "pod", "web")["status"]["podIP"]
    for target, wanted in ((objects, "admitted"), ("web:8000", "refused"), (address, "refused")):
        reach(cluster, space, "caller", target, wanted)
    for target in (objects, address):
        reach(cluster, space, "stranger", target, "refused")
    until(
        lambda: status(cluster, f"{space}.easymaker.localhost") == 200,
        "the route's first answer",
    )


def test_a_route_answers_on_loopback(cluster: LocalCluster, space: str) -> None:
    host = f"{space}.easymaker.localhost"
    cluster.apply(web(space), service(space, "web", 8000), route(space, "web"))
    cluster.wait("-n", space, "pod/web", "--for=condition=Ready")
    accepted = "jsonpath={.status.parents[0].conditions[?(@.type=='Accepted')].status}=True"
    cluster.wait("-n", space, "httproute/web", f"--for={accepted}")
    until(lambda: status(cluster, host) == 200, "the route's first answer")
    # Pods reach the very same address.
    url = f"http://{host}:{cluster.gateway_port}/"
    code = f"import urllib.request; print(urllib.request.urlopen({url!r}, timeout=10).status)"
    assert cluster.run_python(space, "caller", code).strip() == "200"


def test_pods_reach_the_world_behind_the_host(
    cluster: LocalCluster, space: str, outside: tuple[str, int]
) -> None:
    """The world has no way back to pods or node: it answers only to the host's own address."""
    code = f"import socket; print(socket.create_connection({outside!r}, 10).recv(100).decode())"
    assert cluster.run_python(space, "caller", code).startswith("you are 10.199.255.1")


@pytest.fixture
def outside() -> Iterator[tuple[str, int]]:
    """A server in a network namespace of its own that says who called."""
    code = """
import socket
server = socket.create_server(("10.199.255.2", 7000))
print("listening", flush=True)
while True:
    link, peer = server.accept()
    link.sendall(f"you are {peer[0]}".encode())
    link.close()
"""
    name = f"emt{os.getpid()}"
    commands = (
        ["ip", "netns", "add", name],
        ["ip", "link", "add", name[:15], "type", "veth", "peer", "name", "e0", "netns", name],
        ["ip", "addr", "add", "10.199.255.1/30", "dev", name[:15]],
        ["ip", "link", "set", name[:15], "up"],
        ["ip", "-n", name, "addr", "add", "10.199.255.2/30", "dev", "e0"],
        ["ip", "-n", name, "link", "set", "e0", "up"],
    )
    try:
        for command in commands:
            subprocess.run(command, check=True)
        server = subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, "-c", code], stdout=subprocess.PIPE
        )
        with server:
            assert server.stdout is not None
            assert server.stdout.readline() == b"listening\n"
            yield "10.199.255.2", 7000
            server.kill()
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def test_pods_resolve_what_the_host_resolves(cluster: LocalCluster, space: str) -> None:
    """Names outside go to the host's own servers: the answer is the same, be it 'no such name'."""
    question = "no-such-host.example"

    def answer() -> str:
        try:
            return str(socket.getaddrinfo(question, 80)[0][4][0])
        except socket.gaierror as error:
            return str(error.errno)

    code = f"""
import socket
try:
    print(socket.getaddrinfo({question!r}, 80)[0][4][0])
except socket.gaierror as error:
    print(error.errno)
"""
    assert cluster.run_python(space, "caller", code).strip() == answer()
