"""What runs inside every local cluster: storage class, DNS, gateway, object storage."""

import hashlib
import json
import secrets
import string
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.cluster.definition import DOMAIN, write_private
from tools.cluster.kubectl import Kubectl

TEMPLATES = Path(__file__).parent / "addons"
OBJECTS_HOST = f"objects.{DOMAIN}"
IMAGES = ("pause", "tools", "s3", "gateway")
"""The images a cluster can't come up without. The object storage takes longest to start."""
NEEDS = {"storage": "tools", "dns": "tools", "objects": "s3", "gateway": "gateway"}
"""The add-ons, and the image that each runs."""
DEPLOYMENTS = {
    "local-path-storage": "local-path-provisioner",
    "kube-system": "coredns",
    "gateway-system": "traefik",
    "object-storage": "objects",
}


@dataclass(frozen=True)
class ObjectStorage:
    """The cluster's S3 server: one address for pods and host, and its administrator's keys."""

    endpoint: str
    access_key: str
    secret_key: str


def object_storage(folder: Path, gateway_port: int) -> ObjectStorage:
    """The object storage of the cluster in `folder`; its keys are drawn once and kept."""
    path = folder / "s3.json"
    endpoint = f"http://{OBJECTS_HOST}:{gateway_port}"
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        storage = ObjectStorage(endpoint, kept["access_key"], kept["secret_key"])
    except (FileNotFoundError, ValueError, KeyError):
        storage = ObjectStorage(endpoint, secrets.token_hex(10), secrets.token_urlsafe(30))
    write_private(path, json.dumps(asdict(storage), indent=2) + "\n")
    return storage


def keys_secret(storage: ObjectStorage) -> str:
    """The Secret that the S3 server reads its identities from, as JSON."""
    keys = {"accessKey": storage.access_key, "secretKey": storage.secret_key}
    identities = {
        "identities": [
            {
                "name": "admin",
                "credentials": [keys],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            }
        ]
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "objects-keys", "namespace": "object-storage"},
            "stringData": {"config.json": json.dumps(identities)},
        }
    )


def keys_hash(storage: ObjectStorage) -> str:
    """Tells keys apart without telling them."""
    return hashlib.sha256(f"{storage.access_key}\0{storage.secret_key}".encode()).hexdigest()[:16]


def render(name: str, values: dict[str, str]) -> str:
    """The text of one template with its values."""
    template = string.Template((TEMPLATES / name).read_text(encoding="utf-8"))
    return template.substitute(values)


def apply_gateway_api(kubectl: Kubectl, crds: Path) -> None:
    """Bring the Gateway API's own definitions, only where they are missing: they are large."""
    version = hashlib.sha256(crds.read_bytes()).hexdigest()[:12]
    present = kubectl.try_run(
        "get",
        "crd",
        "httproutes.gateway.networking.k8s.io",
        "-o",
        "jsonpath={.metadata.annotations}",
    )
    if version in (present or ""):
        return
    kubectl.run("apply", "--server-side", "--force-conflicts", "-f", str(crds))
    kubectl.run(
        "annotate", "crd", "httproutes.gateway.networking.k8s.io", "--overwrite",
        f"easymaker.io/bundle={version}",
    )  # fmt: skip
    kubectl.run(
        "wait", "--for=condition=Established", "--timeout=120s", "crd",
        "httproutes.gateway.networking.k8s.io", "gateways.gateway.networking.k8s.io",
        "gatewayclasses.gateway.networking.k8s.io",
    )  # fmt: skip


def apply(
    kubectl: Kubectl,
    values: dict[str, str],
    storage: ObjectStorage,
    names: Sequence[str] = tuple(NEEDS),
) -> None:
    """Bring the add-ons to what they should be, whatever became of them.

    The Gateway API's definitions must be there.
    """
    documents = [render(f"{name}.yaml", values) for name in names]
    if "objects" in names:
        documents.append(keys_secret(storage))
    text = "\n---\n".join(documents)
    kubectl.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
