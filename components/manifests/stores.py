"""Object storage as the launcher's rclone knows it: settings, and where credentials come from.

On AWS a store may have no credentials: pods then have a role each for what the spec names.
"""

from dataclasses import dataclass, replace

from components.manifests import Manifest, pods
from components.manifests.metadata import labels
from schemas import resolved
from schemas.address import Address
from schemas.storage import FromConfig, FromSecret, S3Storage

CREDENTIALS = "platform-credentials"
"""The Secret with the credentials that are named as keys of the stack's configuration."""


@dataclass(frozen=True)
class Store:
    """One object store of a training."""

    remote: str
    settings: dict[str, str]
    """rclone's settings but for the credentials."""
    credentials: dict[str, FromConfig | FromSecret]
    """rclone's setting -> where its value is; empty where the pod's role counts."""
    retry_seconds: int
    """How long it is tried again when it does not answer."""
    is_optional: bool = False
    """Whether pods start without the credentials."""


def stores(
    platform: resolved.Platform, needed: list[Address], optional: list[Address] | None = None
) -> dict[str, Store]:
    """The stores of `obs://` and `s3://` addresses, by host."""
    must, may = (
        {address.host for address in addresses if address.scheme != "nas"}
        for addresses in (needed, optional or [])
    )
    return {
        host: replace(_store(f"S{number}", platform, host), is_optional=host not in must)
        for number, host in enumerate(sorted(must | may))
    }


def bucket(platform: resolved.Platform, address: Address) -> str:
    """The bucket of an address as its store knows it.

    Where pods have roles, the cluster's own names for its buckets stand for what S3 calls them.
    """
    if not has_role(platform, address.host):
        return address.bucket
    return platform.outputs.buckets.get(address.bucket, address.bucket)


def path(platform: resolved.Platform, address: Address) -> str:
    """Bucket and path of an address, as rclone names them."""
    return f"{bucket(platform, address)}/{address.path}"


def has_role(platform: resolved.Platform, host: str) -> bool:
    """Whether pods reach the store with a role, and without keys."""
    store = platform.object_storage.get(host)
    return platform.is_on_aws and store is not None and store.credentials is None


def endpoint(platform: resolved.Platform, host: str) -> str:
    """URL of a store."""
    storage = platform.object_storage[host]
    if storage.endpoint is not None:
        return storage.endpoint
    region = storage.region or platform.outputs.region
    return f"https://s3.{region}.amazonaws.com"


def _store(remote: str, platform: resolved.Platform, host: str) -> Store:
    storage = platform.object_storage[host]
    if storage.credentials is None:
        assert isinstance(storage, S3Storage)  # noqa: S101
        given = {
            "type": "s3",
            "provider": "AWS",
            "env_auth": "true",
            "endpoint": endpoint(platform, host),
            "region": storage.region or platform.outputs.region,
            "no_check_bucket": "true",
            # What KMS encrypts has an ETag that is no MD5, and rclone would find every transfer
            # corrupt. Of its settings this one sends no encryption of ours: buckets have their own.
            "directory_bucket": "true",
        }
        return Store(remote, given, {}, storage.retry_time)
    access, secret = storage.credentials.access_key, storage.credentials.secret_key
    if isinstance(storage, S3Storage):
        settings = {
            "type": "s3",
            "provider": "Other",
            "endpoint": endpoint(platform, host),
            "region": storage.region or "",
            "force_path_style": "true",
            # A container that is missing is a mistake to name, not one to make.
            "no_check_bucket": "true",
        }
        credentials = {"access_key_id": access, "secret_access_key": secret}
        return Store(remote, settings, credentials, storage.retry_time)
    settings = {
        "type": "swift",
        "auth": storage.endpoint,
        "tenant_id": storage.tenant,
        "region": storage.region,
        # Parts of large files lie in the container of the file: another one would need its own
        # permissions.
        "use_segments_container": "false",
    }
    return Store(remote, settings, {"user": access, "key": secret}, storage.retry_time)


def settings(store: Store) -> list[Manifest]:
    """Container variables with the settings but for the credentials."""
    return [
        {"name": f"RCLONE_CONFIG_{store.remote}_{setting.upper()}", "value": pods.literal(value)}
        for setting, value in store.settings.items()
    ]


def environment(found: dict[str, Store]) -> list[Manifest]:
    """Container variables with the credentials, each from its Secret."""
    return [
        {
            "name": f"RCLONE_CONFIG_{store.remote}_{setting.upper()}",
            "valueFrom": {
                "secretKeyRef": {
                    **_secret_key(setting, credential),
                    **({"optional": True} if store.is_optional else {}),
                }
            },
        }
        for store in found.values()
        for setting, credential in store.credentials.items()
    ]


def _secret_key(setting: str, credential: FromConfig | FromSecret) -> dict[str, str]:
    if isinstance(credential, FromConfig):
        return {"name": CREDENTIALS, "key": config_secret_key(credential.pulumi_config)}
    default = "access_key" if setting in ("access_key_id", "user") else "secret_key"
    return {"name": credential.secret, "key": credential.key or default}


def config_secret_key(config_key: str) -> str:
    """Key in the Secret for a key of the stack's configuration, which may hold one colon."""
    return config_key.replace(":", ".")


def config_keys(platform: resolved.Platform) -> list[str]:
    """Every key of the stack's configuration that credentials are named by."""
    named = [
        credential
        for storage in platform.object_storage.values()
        if storage.credentials is not None
        for credential in (storage.credentials.access_key, storage.credentials.secret_key)
    ]
    if platform.access is not None:
        named.append(platform.access.client_secret)
    return sorted({item.pulumi_config for item in named if isinstance(item, FromConfig)})


def credentials_metadata(namespace: str) -> dict[str, object]:
    """Metadata of the Secret with the configured credentials; its data is Pulumi's business."""
    return {
        "name": CREDENTIALS,
        "namespace": namespace,
        "labels": labels("workspace", namespace),
    }
