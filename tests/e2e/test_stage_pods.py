"""Pods of stages on a real node: how their artifact comes in, and how they end."""

import datetime
import hashlib
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from components.manifests import Manifest, certificate, nas, routes, stage, stores
from components.manifests.served import Served, served
from schemas import load, resolved
from schemas.access import Access
from schemas.address import Address, parse_address
from schemas.platform import Certificate
from schemas.storage import S3Storage
from tests.support.checkout import ROOT, Checkout
from tests.support.cluster import IMAGES, LocalCluster, namespace, until
from tests.support.web import Answer, Web
from tools import images, toolchain

pytestmark = pytest.mark.e2e

NAME = "stage-pods"
STORE = "objects.easymaker.localhost"
ON_NAS = "nas://local:/stage-pods/model"
# Speaks as TensorFlow Serving does; a row's first number is how long it takes.
DOUBLE = """
import http.server, json, os, signal, sys, time

def said(line):
    print(line, flush=True)

def stop(*_):
    said("told to stop")
    os._exit(0)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({"model_version_status": [{"version": "1", "state": "AVAILABLE"}]})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said("asked")
        time.sleep(asked["instances"][0][0])
        base = sys.argv[2].partition("=")[2]
        found = [sys.argv[1:], sorted(os.listdir(base)), sorted(os.listdir(base + "/1"))]
        self.answer({"predictions": [found]})
        said("answered")

    def answer(self, document):
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

signal.signal(signal.SIGTERM, stop)
http.server.ThreadingHTTPServer(("127.0.0.1", 8501), Handler).serve_forever()
"""


def parsed(text: str) -> Address:
    found = parse_address(text)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def spec(cluster: LocalCluster) -> resolved.Workspace:
    """An endpoint on the test's cluster, with a foreign server for TensorFlow models."""
    found = load(ROOT / "stacks" / "local.yaml")
    storage = found.platform.object_storage[STORE]
    assert isinstance(storage, S3Storage)
    endpoint = cluster.storage.endpoint
    secure = found.platform.gateway.model_copy(
        update={"certificate": Certificate.model_validate({"secret": "hosts"})}
    )
    model = replace(found.models["iris"], name="given", source=parsed(ON_NAS))
    return replace(
        found,
        name=NAME,
        platform=replace(
            found.platform,
            object_storage={STORE: storage.model_copy(update={"endpoint": endpoint})},
            gateway=secure,
            serving={"tensorflow": resolved.Serving("tensorflow", IMAGES["python"], "v1")},
        ),
        trainings={},
        notebooks={},
        models={"given": model},
    )


@pytest.fixture(scope="module", autouse=True)
def _home(cluster: LocalCluster, spec: resolved.Workspace) -> Iterator[None]:
    """The namespace with what pods of stages need in it."""
    images.ensure_loaded(cluster.backend.images(), ["tools", "python", "serving-front"], print)
    folder = cluster.folder / "nas" / "stage-pods" / "model"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "saved_model.pb").write_text("a graph")
    home = namespace(NAME)
    home["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": "baseline"}
    keys = {"s3AccessKey": cluster.storage.access_key, "s3SecretKey": cluster.storage.secret_key}
    volumes = nas.volumes(spec)
    credentials = {"apiVersion": "v1", "kind": "Secret", "stringData": keys}
    metadata = stores.credentials_metadata(NAME)
    cluster.apply(home, *volumes, {**credentials, "metadata": metadata})
    cluster.apply(*certificate.manifests(spec))
    yield
    cluster.kubectl("delete", "namespace", NAME, "--wait=false")
    for volume in volumes:
        if volume["kind"] == "PersistentVolume":
            name = volume["metadata"]["name"]
            cluster.kubectl("delete", "persistentvolume", name, "--wait=false")


def manifests(
    spec: resolved.Workspace, name: str, item: Served, access: Access | None = None
) -> list[Manifest]:
    """All objects of a stage with one pod, behind a host of its own."""
    parent = replace(spec.endpoints["iris"], access=access or Access())
    one = replace(
        parent.stages["blue"],
        name=name,
        model=spec.models["given"],
        host=f"{name}-iris.{NAME}.easymaker.localhost",
    )
    return stage.manifests(spec, parent, one, item)


def pod_of(cluster: LocalCluster, name: str) -> Any:
    """The stage's only pod; nothing before it is made."""
    selector = f"easymaker.io/kind=stage,easymaker.io/name={name}"
    items = cluster.get("pods", "-n", NAME, "-l", selector)["items"]
    return items[0] if items else None


def test_foreign_server_ends_after_the_requests_that_it_has(
    cluster: LocalCluster, web: Web, spec: resolved.Workspace
) -> None:
    item = served(spec.models["given"], {}, None)
    assert item is not None
    made = manifests(spec, "foreign", item)
    (deployment,) = (found for found in made if found["kind"] == "Deployment")
    (*_, server) = deployment["spec"]["template"]["spec"]["initContainers"]
    server["command"] = ["python3", "-c", DOUBLE]
    cluster.apply(*made)
    name = deployment["metadata"]["name"]
    cluster.wait("-n", NAME, f"deployment/{name}", "--for=condition=Available", seconds=180)
    url = f"http://foreign-iris.{NAME}.easymaker.localhost/inference"
    # Whatever the front says: the gateway leads to it.
    until(lambda: web.call(url).status == 405, "the route", 60)
    pod = pod_of(cluster, "foreign")["metadata"]["name"]
    answers: list[Answer] = []
    log = subprocess.Popen(
        [
            *(toolchain.path("kubectl"), f"--kubeconfig={cluster.kubeconfig}"),
            *("-n", NAME, "logs", "--follow", pod, "--container=server"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert log.stdout is not None
    # Longer than a pod is still asked, shorter than its requests may take.
    asking = threading.Thread(
        target=lambda: answers.append(web.call(url, {"instances": [[12, 0, 0, 0]]}))
    )
    asking.start()
    assert log.stdout.readline() == "asked\n"
    cluster.kubectl("-n", NAME, "delete", "pod", pod)
    asking.join()
    (answer,) = answers
    assert answer.status == 200, answer.body
    arguments = ["--model_name=iris", "--model_base_path=/mnt/versions"]
    arguments += ["--port=8500", "--rest_api_port=8501"]
    assert answer.json() == {"predictions": [[arguments, ["1"], ["saved_model.pb"]]]}
    rest, _ = log.communicate()
    assert rest.splitlines() == ["answered", "told to stop"]


def secret(name: str, **values: str) -> Manifest:
    """A Secret of the namespace."""
    metadata = {"name": name, "namespace": NAME}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}


def test_callers_show_keys_that_change_without_a_gap(
    cluster: LocalCluster, web: Web, spec: resolved.Workspace
) -> None:
    old, new = "old-key-0123456789", "new-key-0123456789"
    item = served(spec.models["given"], {}, None)
    assert item is not None
    access = Access.model_validate({"api_keys": {"secret": "callers"}})
    made = manifests(spec, "guarded", item, access)
    (deployment,) = (found for found in made if found["kind"] == "Deployment")
    (*_, server) = deployment["spec"]["template"]["spec"]["initContainers"]
    server["command"] = ["python3", "-c", DOUBLE]
    name = deployment["metadata"]["name"]
    cluster.apply(secret("callers", first=old), *made)
    cluster.wait("-n", NAME, f"deployment/{name}", "--for=condition=Available", seconds=180)
    url = f"http://guarded-iris.{NAME}.easymaker.localhost/inference"
    body = {"instances": [[0, 0, 0, 0]]}

    def status(key: str) -> int:
        return web.call(url, body, {"X-Api-Key": key}).status

    until(lambda: status(old) == 200, "the route to the stage", 60)
    refused = web.call(url, body)
    assert refused.status == 401
    assert refused.headers["Www-Authenticate"].startswith("ApiKey ")
    assert status(new) == 401
    cluster.apply(secret("callers", first=old, second=new))
    pod = pod_of(cluster, "guarded")["metadata"]["name"]
    # The kubelet looks at Secrets when it looks at the pod: once a minute, or when it changes.
    cluster.kubectl("-n", NAME, "annotate", "pod", pod, "test/look=1")
    seen = []

    def both() -> bool:
        seen.append(status(old))
        return status(new) == 200

    until(both, "the second key", 120)
    assert set(seen) == {200}
    said = cluster.kubectl("-n", NAME, "logs", pod, "--container=front")
    assert " 200 " in said
    assert "by second" in said
    assert old not in said
    assert new not in said
    cluster.kubectl("-n", NAME, "delete", "deployment", name)


def test_gateway_speaks_tls_with_the_workspaces_certificate(
    cluster: LocalCluster, spec: resolved.Workspace, tmp_path: Path
) -> None:
    host = f"secure.{NAME}.easymaker.localhost"
    key, signed = self_signed(f"*.{NAME}.easymaker.localhost")
    (tmp_path / "ca.crt").write_text(signed)
    gateway = {"name": "secure", "namespace": spec.platform.gateway.namespace}
    reference = {"kind": "Secret", "name": "hosts", "namespace": NAME}
    listener = {
        "name": "https",
        "protocol": "HTTPS",
        "port": cluster.gateway_port,
        "hostname": f"*.{NAME}.easymaker.localhost",
        "tls": {"certificateRefs": [reference]},
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    secure = replace(
        spec,
        platform=replace(
            spec.platform,
            gateway=spec.platform.gateway.model_copy(
                update={"name": "secure", "listener": "https", "tls": True}
            ),
        ),
    )
    api = "gateway.networking.k8s.io/v1"
    tls = {**secret("hosts", **{"tls.crt": signed, "tls.key": key}), "type": "kubernetes.io/tls"}
    route = routes.route(secure, {"name": "secure", "namespace": NAME}, host, {"none": 1})
    cluster.apply(
        tls,
        {
            "apiVersion": api,
            "kind": "Gateway",
            "metadata": gateway,
            "spec": {"gatewayClassName": "traefik", "listeners": [listener]},
        },
        route,
    )
    try:
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))

        def answer() -> str:
            address = ("127.0.0.1", cluster.gateway_port)
            try:
                with (
                    socket.create_connection(address, timeout=30) as line,
                    context.wrap_socket(line, server_hostname=host) as talk,
                ):
                    talk.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                    return talk.recv(100).decode()
            except OSError as error:
                return str(error)

        # The route is there, its service is not: the gateway itself says so, inside of TLS.
        until(lambda: answer().startswith("HTTP/1.1 50"), f"TLS ({answer()})", 60)
        cluster.kubectl("-n", NAME, "delete", "referencegrant", "certificate")
        until(lambda: not answer().startswith("HTTP/"), "the end of the grant", 60)
    finally:
        cluster.kubectl("-n", gateway["namespace"], "delete", "gateway", "secure")
        cluster.apply(*certificate.manifests(spec))


def self_signed(host: str) -> tuple[str, str]:
    """A key and a certificate of its own for a host, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stage pods")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private.decode(), made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("name", "address", "words"),
    [
        ("empty", f"obs://{STORE}/{NAME}/mod", "nothing lies under {address}"),
        ("bucket", f"obs://{STORE}/{NAME}-none/x", "the container of {address} does not exist"),
        ("nas", "nas://local:/stage-pods/none", "nothing lies under {address}"),
        (
            "no-graph",
            f"obs://{STORE}/{NAME}/model",
            "{address}: found weights.h5, a Keras file; needed is a SavedModel: "
            "model.save(folder) of Keras 2, model.export(folder) of Keras 3",
        ),
        (
            "changed",
            f"obs://{STORE}/{NAME}/run/model",
            "{address}: the artifact is not what its training made: saved_model.pb is different",
        ),
    ],
)
def test_pod_says_what_is_wrong_with_its_model(
    cluster: LocalCluster,
    checkout: Checkout,
    spec: resolved.Workspace,
    name: str,
    address: str,
    words: str,
) -> None:
    checkout.put(f"obs://{STORE}/{NAME}/model/weights.h5", "x")
    checkout.put(f"obs://{STORE}/{NAME}/run/model/saved_model.pb", "another")
    files = {"model/saved_model.pb": {"sha256": hashlib.sha256(b"one").hexdigest(), "size": 3}}
    checkout.put(f"obs://{STORE}/{NAME}/run/completion.json", json.dumps({"files": files}))
    item = served(replace(spec.models["given"], source=parsed(address)), {}, None)
    assert item is not None
    item = replace(item, training="run" if name == "changed" else "")
    made = manifests(spec, name, item)
    cluster.apply(*made)

    def failed() -> list[str]:
        pod = pod_of(cluster, name) or {"status": {}}
        statuses = pod["status"].get("initContainerStatuses", [])
        ends = [s[when].get("terminated") for s in statuses for when in ("state", "lastState")]
        return [str(end["message"]) for end in ends if end and end["exitCode"]]

    until(lambda: bool(failed()), "the container that fetches the model", 120)
    last = failed()[0].strip().splitlines()[-1]
    assert last == "no model: " + words.format(address=address)
    cluster.kubectl("-n", NAME, "delete", "deployment", made[0]["metadata"]["name"])
