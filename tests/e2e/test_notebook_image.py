"""The notebook images in pods, reached through the gateway as a browser reaches them."""

import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.support.cluster import IMAGES, LocalCluster, Manifest, namespace, service, until
from tests.support.jupyter_page import SESSION, SILENCE
from tests.support.web import Web
from tools import images, toolchain

pytestmark = pytest.mark.e2e

SPACE = "notebook-images"
TOKEN = "opensesame-7f3c"
TOKENED = {"Authorization": f"token {TOKEN}"}
USER_1000 = {
    "runAsUser": 1000,
    "runAsGroup": 1000,
    "runAsNonRoot": True,
    "fsGroup": 1000,
}
ROOT = {"runAsUser": 0}
# What a person left on the data volume before this start.
LEFT_BEHIND = """\
cd /root/easymaker
mkdir -p custom-conda-envs cont-init.d
python3 -m venv --system-site-packages --without-pip custom-conda-envs/mine
python3 -m venv --without-pip custom-conda-envs/bare
cat >cont-init.d/10-touch <<'END'
#!/bin/sh
echo "token [$JUPYTER_TOKEN]"
touch /root/touched
exit 3
END
chmod +x cont-init.d/10-touch
"""
SILENT_SECONDS = 1800 if "SOAK" in os.environ else 75
"""Longer than the minute after which things between people and servers like to hang up."""


@pytest.fixture(scope="module")
def web(cluster: LocalCluster) -> Iterator[Web]:
    """The images are there, and a namespace as restricted as can be."""
    names = ["notebook-python", "notebook-tensorflow", "notebook-pytorch"]
    images.ensure_loaded(cluster.backend.images(), names, print)
    space = namespace(SPACE)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "namespace": SPACE},
        "stringData": {"token": TOKEN},
    }
    cluster.apply(space)
    cluster.apply(secret)
    yield Web(cluster)
    cluster.kubectl("delete", "namespace", SPACE, "--wait=false")


def _pod(name: str, image: str, user: Manifest) -> Manifest:
    mounts = [
        {"name": "boot", "mountPath": "/root"},
        {"name": "data", "mountPath": "/root/easymaker"},
    ]
    container = {
        "image": IMAGES[image],
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "HOME", "value": "/root"},
            {
                "name": "JUPYTER_TOKEN",
                "valueFrom": {"secretKeyRef": {"name": "token", "key": "token"}},
            },
        ],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": mounts,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": SPACE, "labels": {"app": name}},
        "spec": {
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, **user},
            "terminationGracePeriodSeconds": 60,
            "initContainers": [
                {**container, "name": "before", "command": ["sh", "-ec", LEFT_BEHIND]}
            ],
            "containers": [
                {
                    **container,
                    "name": "notebook",
                    "command": ["easymaker-notebook"],
                    "readinessProbe": {
                        "httpGet": {"path": "/api", "port": 8888},
                        "periodSeconds": 1,
                        "timeoutSeconds": 5,
                    },
                }
            ],
            "volumes": [{"name": "boot", "emptyDir": {}}, {"name": "data", "emptyDir": {}}],
        },
    }


def _start(web: Web, name: str, image: str, user: Manifest) -> str:
    """A notebook that is ready: its URL."""
    host = f"{name}.{SPACE}.easymaker.localhost"
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": SPACE},
        "spec": {
            "parentRefs": [{"name": "easymaker", "namespace": "gateway-system"}],
            "hostnames": [host],
            "rules": [{"backendRefs": [{"name": name, "port": 8888}]}],
        },
    }
    web.cluster.apply(_pod(name, image, user), service(SPACE, name, 8888), route)
    web.cluster.wait("-n", SPACE, f"pod/{name}", "--for=condition=Ready", seconds=120)
    url = f"http://{host}:{web.cluster.gateway_port}"
    until(lambda: web.call(f"{url}/api").status == 200, "the route's first answer")
    return url


def _log_in(port: int, host: str) -> str:
    """The cookies that a browser has after it opened the address with the token."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", f"/lab?token={TOKEN}", headers={"Host": host})
        answer = connection.getresponse()
        assert answer.status == 200
        given = answer.headers.get_all("Set-Cookie") or []
        return "; ".join(cookie.partition(";")[0] for cookie in given)
    finally:
        connection.close()


def _session(web: Web, name: str, url: str, kernel: str, code: str) -> list[str]:
    argv = ["python3", "-c", SESSION, url, TOKEN, kernel, code]
    return web.cluster.kubectl("-n", SPACE, "exec", name, "--", *argv).splitlines()


@pytest.fixture(scope="module")
def silence(web: Web) -> Iterator["subprocess.Popen[str]"]:
    """Lines to a notebook on which nobody says anything, while other tests run."""
    url = _start(web, "silent", "notebook-python", USER_1000)
    kubectl = [str(toolchain.path("kubectl")), f"--kubeconfig={web.cluster.kubeconfig}"]
    argv = ["python3", "-c", SILENCE, url, TOKEN, "python3", str(SILENT_SECONDS)]
    begun = subprocess.Popen(
        [*kubectl, "-n", SPACE, "exec", "silent", "--container=notebook", "--", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with begun:
        yield begun
        begun.kill()


@pytest.mark.usefixtures("silence")
def test_a_notebook_of_user_1000_from_start_to_stop(web: Web) -> None:
    url = _start(web, "plain", "notebook-python", USER_1000)
    host = urlsplit(url).hostname or ""
    # The path of the health check tells nothing but the version, and needs no token.
    assert list(web.call(f"{url}/api").json()) == ["version"]
    for path in ("/api/kernels", "/api/contents", "/api/terminals"):
        assert web.call(url + path).status == 403
        assert web.call(url + path, headers={"Authorization": "token wrong"}).status == 403
        assert web.call(url + path, headers=TOKENED).status == 200
    # A browser is shown the way to the login page, or gets in by the token in the address.
    assert web.call(f"{url}/lab").headers["Location"].startswith("/login?next=")
    cookies = {"Cookie": _log_in(web.cluster.gateway_port, host)}
    assert web.call(f"{url}/api/kernels", headers=cookies).status == 200
    # Another site's page gets nothing through a browser that is logged in here.
    foreign = {"Origin": "http://elsewhere.example"}
    assert web.call(f"{url}/api/kernels", headers=cookies | foreign).status == 404

    kernels = web.call(f"{url}/api/kernelspecs", headers=TOKENED).json()["kernelspecs"]
    assert sorted(kernels) == ["mine", "python3"]
    code = "import sys, os; print(sys.prefix, os.environ.get('JUPYTER_TOKEN'))"
    assert _session(web, "plain", url, "mine", code) == [
        "elsewhere 403",
        "/root/easymaker/custom-conda-envs/mine None",
        "ok",
        "terminal nothing",
    ]

    cluster = web.cluster
    read = (
        "cd /root/easymaker/cont-init.d; ls /root/touched; "
        "cat *.exitcode *.output ../cont-init.output"
    )
    said = cluster.kubectl("-n", SPACE, "exec", "plain", "--", "sh", "-c", read)
    assert said.splitlines() == ["/root/touched", "3", "token []", "== 10-touch", "token []"]
    log = cluster.kubectl("-n", SPACE, "logs", "plain")
    assert "10-touch failed with exit code 3" in log
    assert "environment mine is a kernel" in log
    assert "environment bare gets no kernel: ipykernel is not installed in it (" in log
    assert TOKEN not in log
    arguments = "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"
    assert TOKEN not in cluster.kubectl(
        "-n", SPACE, "exec", "plain", "-c", "notebook", "--", "sh", "-c", arguments
    )

    begun = time.monotonic()
    cluster.kubectl("-n", SPACE, "delete", "pod", "plain", "--timeout=50s")
    assert time.monotonic() - begun < 40, "it waited for the end of its grace period"


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("notebook-tensorflow", "import tensorflow as t; print(t.reduce_sum([20, 22]).numpy())"),
        ("notebook-pytorch", "import torch as t; print(int(t.tensor([20, 22]).sum()))"),
    ],
)
def test_a_framework_computes_in_a_notebook_of_root(web: Web, image: str, code: str) -> None:
    url = _start(web, image, image, ROOT)
    said = _session(web, image, url, "python3", code)
    assert said == ["elsewhere 403", "42", "ok", "terminal nothing"]


@pytest.mark.parametrize("image", ["notebook-python", "notebook-tensorflow", "notebook-pytorch"])
def test_without_a_token_nothing_starts(web: Web, image: str) -> None:
    name = f"open-{image}"
    pod = _pod(name, image, ROOT)
    pod["spec"] |= {"restartPolicy": "Never"}
    del pod["spec"]["initContainers"]
    pod["spec"]["containers"][0]["env"] = []
    web.cluster.apply(pod)
    web.cluster.wait("-n", SPACE, f"pod/{name}", "--for=jsonpath={.status.phase}=Failed")
    status = web.cluster.get("-n", SPACE, "pod", name)["status"]["containerStatuses"][0]
    assert status["state"]["terminated"]["exitCode"] == 1
    assert "JUPYTER_TOKEN is empty" in web.cluster.kubectl("-n", SPACE, "logs", name)
    assert json.dumps(status).count(TOKEN) == 0


# A24 of the project's cases.
@pytest.mark.soak
@pytest.mark.timeout(SILENT_SECONDS + 600)
def test_silence_ends_neither_work_nor_lines(silence: "subprocess.Popen[str]") -> None:
    said, _ = silence.communicate()
    assert said.splitlines() == ["elsewhere 403", "42", "ok", "terminal nothing", "done True"]
