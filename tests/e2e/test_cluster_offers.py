"""What a workload finds in the local cluster."""

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import IMAGES, LocalCluster, namespace, pod, pod_spec, service, until

pytestmark = pytest.mark.e2e

SERVE = ["sh", "-c", 'exec python3 -m http.server 8000 --bind "$POD_IP" --directory /usr/share']
POD_IP = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
READY = {"tcpSocket": {"port": 8000}, "periodSeconds": 1}


@pytest.fixture
def space(cluster: LocalCluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:50]
    cluster.apply(namespace(name))
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def web(space: str, name: str = "web") -> dict[str, object]:
    """A pod that answers HTTP on port 8000."""
    return pod(
        space,
        name,
        SERVE,
        labels={"app": name},
        container={"env": [POD_IP], "readinessProbe": READY, "ports": [{"containerPort": 8000}]},
    )


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


def test_a_claim_of_a_stateful_set_survives_scaling_to_zero(
    cluster: LocalCluster, space: str
) -> None:
    code = "open('/data/starts', 'a').write('x'); import signal; signal.pause()"
    template = pod_spec(
        ["python3", "-c", code],
        container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        # Any user must be able to write a volume of the default class.
        securityContext={"runAsUser": 1234, "runAsGroup": 1234},
    )
    del template["restartPolicy"]
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    cluster.apply(
        service(space, "store", 80, clusterIP="None"),
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "store", "namespace": space},
            "spec": {
                "serviceName": "store",
                "selector": {"matchLabels": {"app": "store"}},
                "template": {"metadata": {"labels": {"app": "store"}}, "spec": template},
                "volumeClaimTemplates": [claim],
            },
        },
    )
    for starts in ("x", "xx"):
        cluster.kubectl("-n", space, "scale", "statefulset/store", "--replicas=1")
        cluster.kubectl("-n", space, "rollout", "status", "statefulset/store", "--timeout=60s")
        counted = "until [ -s /data/starts ]; do :; done; cat /data/starts"
        found = cluster.kubectl("-n", space, "exec", "store-0", "--", "sh", "-c", counted)
        assert found == starts
        cluster.kubectl("-n", space, "scale", "statefulset/store", "--replicas=0")
        cluster.wait("-n", space, "pod/store-0", "--for=delete")


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
    # Opens connections until the outcome is the wanted one; each attempt is an event of its own.
    code = """
import socket, sys, time
wanted, until = sys.argv[1], time.monotonic() + 30
while time.monotonic() < until:
    try:
        socket.create_connection(("web", 8000), 1).close()
        outcome = "admitted"
    except OSError:
        outcome = "refused"
    if outcome == wanted:
        sys.exit()
sys.exit(f"still {outcome}")
"""

    def outcome_is(wanted: str) -> None:
        cluster.kubectl("-n", space, "exec", "caller", "--", "python3", "-c", code, wanted)

    deny = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": space},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]},
    }
    outcome_is("admitted")
    cluster.apply(deny)
    outcome_is("refused")
    cluster.kubectl("-n", space, "delete", "networkpolicy", "deny")
    outcome_is("admitted")


def test_a_route_answers_on_loopback(cluster: LocalCluster, space: str) -> None:
    host = f"{space}.easymaker.localhost"
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "web", "namespace": space},
        "spec": {
            "parentRefs": [{"name": "easymaker", "namespace": "gateway-system"}],
            "hostnames": [host],
            "rules": [{"backendRefs": [{"name": "web", "port": 8000}]}],
        },
    }
    cluster.apply(web(space), service(space, "web", 8000), route)
    cluster.wait("-n", space, "pod/web", "--for=condition=Ready")
    accepted = "jsonpath={.status.parents[0].conditions[?(@.type=='Accepted')].status}=True"
    cluster.wait("-n", space, "httproute/web", f"--for={accepted}")

    def answers() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", cluster.gateway_port, timeout=5)
        connection.request("GET", "/", headers={"Host": host})
        status = connection.getresponse().status
        connection.close()
        return status == 200

    until(answers, "the route's first answer")
    # Pods reach the very same address.
    url = f"http://{host}:{cluster.gateway_port}/"
    code = f"import urllib.request; print(urllib.request.urlopen({url!r}, timeout=10).status)"
    assert cluster.run_python(space, "caller", code).strip() == "200"


def rclone_environment(cluster: LocalCluster) -> dict[str, str]:
    storage = cluster.storage
    return {
        "RCLONE_CONFIG": "",
        "RCLONE_CONFIG_S_TYPE": "s3",
        "RCLONE_CONFIG_S_PROVIDER": "Other",
        "RCLONE_CONFIG_S_ENDPOINT": storage.endpoint,
        "RCLONE_CONFIG_S_ACCESS_KEY_ID": storage.access_key,
        "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": storage.secret_key,
    }


def test_objects_go_from_host_to_pod_and_back(
    cluster: LocalCluster, space: str, tmp_path: Path
) -> None:
    environment = rclone_environment(cluster)

    def rclone(*arguments: str, stdin: bytes = b"") -> bytes:
        program = Path(sys.executable).with_name("rclone")
        return subprocess.run(
            [program, *arguments],
            env={**os.environ, **environment},
            input=stdin,
            capture_output=True,
            check=True,
        ).stdout

    payload = os.urandom(2_000_000)
    rclone("mkdir", f"s:{space}")
    rclone("rcat", f"s:{space}/there", stdin=payload)
    script = f"rclone copyto s:{space}/there /tmp/o && rclone copyto /tmp/o s:{space}/back"
    caller = pod(
        space,
        "caller",
        ["sh", "-c", script],
        container={
            "image": IMAGES["tools"],
            "env": [{"name": name, "value": value} for name, value in environment.items()],
        },
    )
    cluster.apply(caller)
    cluster.wait("-n", space, "pod/caller", "--for=jsonpath={.status.phase}=Succeeded")
    assert rclone("cat", f"s:{space}/back") == payload


def test_wrong_keys_are_refused_by_the_object_storage(cluster: LocalCluster) -> None:
    program = Path(sys.executable).with_name("rclone")
    wrong = {**rclone_environment(cluster), "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": "wrong"}
    done = subprocess.run(
        [program, "lsd", "s:", "--retries=1", "--low-level-retries=1"],
        env={**os.environ, **wrong},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "403" in done.stderr


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


def test_logs_and_exec_work(cluster: LocalCluster, space: str) -> None:
    cluster.apply(pod(space, "talker", ["sh", "-c", "echo said; exec sleep 600"]))
    cluster.wait("-n", space, "pod/talker", "--for=condition=Ready")
    assert cluster.kubectl("-n", space, "logs", "talker") == "said\n"
    echoed = cluster.kubectl("-n", space, "exec", "-i", "talker", "--", "cat", stdin="through\n")
    assert echoed == "through\n"


def test_the_nas_folder_is_the_same_in_pods_and_on_the_host(
    cluster: LocalCluster, space: str
) -> None:
    (cluster.folder / "nas" / "from-host").write_text("hello")
    code = "print(open('/nas/from-host').read()); open('/nas/from-pod', 'w').write('back')"
    volume = {"name": "nas", "hostPath": {"path": "/run/easymaker/nas"}}
    mount = {"volumeMounts": [{"name": "nas", "mountPath": "/nas"}]}
    text = cluster.run_python(space, "caller", code, volumes=[volume], container=mount)
    assert text == "hello\n"
    assert (cluster.folder / "nas" / "from-pod").read_text() == "back"


def test_simulated_gpus_schedule_and_are_called_simulated(
    cluster: LocalCluster, space: str
) -> None:
    changed = cluster.emctl("up", "--simulate-gpus=2")
    assert changed.returncode == 0, changed.stderr
    assert "2, simulated" in changed.stdout
    assert json.loads(cluster.emctl("status", "--json").stdout)["simulated_gpus"] == 2
    want = {"resources": {"limits": {"nvidia.com/gpu": "2"}}}
    assert cluster.run_python(space, "gpu", "print('ran')", container=want) == "ran\n"
    cluster.apply(
        pod(space, "more", ["true"], container={"resources": {"limits": {"nvidia.com/gpu": "3"}}})
    )
    unschedulable = "jsonpath={.status.conditions[?(@.type=='PodScheduled')].reason}=Unschedulable"
    cluster.wait("-n", space, "pod/more", f"--for={unschedulable}")


def test_images_are_never_collected_and_need_no_pull(cluster: LocalCluster) -> None:
    backend = cluster.backend
    node = cluster.get("node", "local")
    assert backend.images().has(IMAGES["python"])
    # The same by the API: the kubelet reports what the node holds.
    names = {name for image in node["status"]["images"] for name in image.get("names", [])}
    assert IMAGES["tools"] in names
    config = cluster.kubectl("get", "--raw", "/api/v1/nodes/local/proxy/configz")
    kubelet = json.loads(config)["kubeletconfig"]
    assert kubelet["imageGCHighThresholdPercent"] == 100
    assert not kubelet.get("evictionHard")
