"""What tells a stage's server who may ask: mounts of Secrets and ConfigMaps, never their content.

The kubelet puts what changes in them into running pods, so that keys rotate without a restart.
"""

from dataclasses import dataclass, field

from components.manifests import Manifest, stores
from schemas.access import Access, KeysOfSecret
from schemas.storage import FromConfig

KEYS = "/run/easymaker/api-keys"
TOKENS = "/run/easymaker/jwt"


@dataclass
class Parts:
    """Of the pod, and of the one container that asks for keys."""

    arguments: list[str] = field(default_factory=list)
    volumes: list[Manifest] = field(default_factory=list)
    mounts: list[Manifest] = field(default_factory=list)

    def mount(self, name: str, source: Manifest, path: str) -> None:
        """Add a volume, only to be read."""
        self.volumes.append({"name": name, **source})
        self.mounts.append({"name": name, "mountPath": path, "readOnly": True})


def of(access: Access) -> Parts:
    """The parts that an endpoint's `access` asks for."""
    found = Parts()
    if access.api_keys:
        found.arguments.append(f"--api-keys={KEYS}")
        found.mount("api-keys", {"secret": _source(access.api_keys)}, KEYS)
    if access.jwt:
        found.arguments += [
            f"--jwt-issuer={access.jwt.issuer}",
            f"--jwt-audience={access.jwt.audience}",
        ]
    if access.jwt and access.jwt.jwks_url:
        found.arguments.append(f"--jwt-keys-url={access.jwt.jwks_url}")
    elif access.jwt and access.jwt.jwks:
        keys = access.jwt.jwks
        found.arguments.append(f"--jwt-keys={TOKENS}/{keys.key}")
        items = [{"key": keys.key, "path": keys.key}]
        source = {"configMap": {"name": keys.config_map, "items": items}}
        found.mount("jwt", source, TOKENS)
    return found


def _source(keys: FromConfig | KeysOfSecret) -> Manifest:
    if isinstance(keys, KeysOfSecret):
        return {"secretName": keys.secret}
    name = stores.config_secret_key(keys.pulumi_config)
    return {"secretName": stores.CREDENTIALS, "items": [{"key": name, "path": name}]}
