"""Looking at the machine and at a cluster from outside."""

import http.client
import ipaddress
import json
import re
import shutil
import ssl
import urllib.parse
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tools.cluster import addons
from tools.cluster.kubectl import Kubectl
from tools.errors import ToolError
from tools.process import run

RESOLVER_FILES = [Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf")]


def require_space(folder: Path, gib: float) -> None:
    """Raise ToolError if the file system of `folder` has less than `gib` GiB free."""
    free = shutil.disk_usage(folder).free / 2**30
    if free < gib:
        raise ToolError(
            f"{folder} has {free:.1f} GiB free, a local cluster needs {gib:g}",
            "make room, or choose another place with --state-dir",
        )


def require_port(port: int) -> None:
    """Raise ToolError naming who listens on this port of 127.0.0.1, if anybody does."""
    lines = run(["ss", "-Hltnp", f"sport = :{port}"]).splitlines()
    taken = [
        line
        for line in lines
        if re.search(rf"\s(127\.0\.0\.1|0\.0\.0\.0|\*|\[::\]):{port}\s", line)
    ]
    if taken:
        match = re.search(r'\(\("([^"]+)",pid=(\d+)', taken[0])
        who = f"{match[1]} (process {match[2]})" if match else "another program"
        raise ToolError(
            f"port {port} of 127.0.0.1 is held by {who}",
            "end it, or choose another with --gateway-port",
        )


def api_ready(server: str, authority: Path) -> bool:
    """Whether an API server whose certificate `authority` signed says that it is ready."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority)
    address = urllib.parse.urlsplit(server).netloc
    connection = http.client.HTTPSConnection(address, timeout=2, context=context)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def gateway_answers(port: int, host_name: str) -> bool:
    """Whether a route of the gateway leads to a server, as seen from the host."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": f"{host_name}:{port}"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    # 404 is Traefik's own answer where it knows no route, 502 to 504 where the server is missing.
    return status not in (404, 502, 503, 504)


def problems(kubectl: Kubectl, gateway_port: int) -> list[str]:
    """What keeps the cluster from working, one sentence each."""
    text = kubectl.try_run("get", "nodes,deployments", "-A", "-o", "json")
    if text is None:
        return ["the API server is not ready"]
    items = json.loads(text)["items"]
    found = []
    nodes = [item for item in items if item["kind"] == "Node"]
    for node in nodes:
        conditions = {c["type"]: c["status"] for c in node["status"].get("conditions", [])}
        if conditions.get("Ready") != "True":
            found.append(f"node {node['metadata']['name']} is not ready")
    if not nodes:
        found.append("there is no node")
    rolled_out = {
        (item["metadata"]["namespace"], item["metadata"]["name"])
        for item in items
        if item["kind"] == "Deployment" and _is_rolled_out(item)
    }
    for namespace, name in addons.DEPLOYMENTS.items():
        if (namespace, name) not in rolled_out:
            found.append(f"{name} in {namespace} is not available")
    if not found and not gateway_answers(gateway_port, addons.OBJECTS_HOST):
        found.append(f"the gateway does not answer on 127.0.0.1:{gateway_port}")
    return found


def _is_rolled_out(deployment: dict[str, Any]) -> bool:
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    return bool(
        status.get("observedGeneration") == deployment["metadata"]["generation"]
        and status.get("updatedReplicas", 0) == wanted
        and status.get("availableReplicas", 0) == wanted
    )


def forward_line() -> str:
    """CoreDNS' line for names outside the cluster, empty where the host has no usable server.

    A resolver on the host's loopback can't be reached from pods; systemd-resolved says which
    servers stand behind it.
    """
    for path in RESOLVER_FILES:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        words = [line.split() for line in text.splitlines()]
        named = [w[1] for w in words if len(w) > 1 and w[0] == "nameserver"]
        usable = [server for server in named if _is_reachable_from_pods(server)]
        if usable:
            return f"forward . {' '.join(usable[:3])}"
    return ""


def _is_reachable_from_pods(server: str) -> bool:
    try:
        return not ipaddress.ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return False


def has_capability(number: int) -> bool:
    """Whether this process has a Linux capability in effect."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    match = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(match and int(match[1], 16) >> number & 1)
