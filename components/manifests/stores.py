"""Object storage as the launcher's rclone knows it: settings, and where credentials come from."""

from dataclasses import dataclass, replace

from components.manifests import Manifest, pods
from components.manifests.metadata import labels
from schemas import resolved
from schemas.address import Address
from schemas.storage import FromConfig, FromSecret, S3Storage, SwiftStorage

CREDENTIALS = "platform-credentials"
"""The Secret with the credentials that are named as keys of the stack's configuration."""


@dataclass(frozen=True)
class Store:
    """One object store of a training."""

    remote: str
    settings: dict[str, str]
    """rclone's settings but for the credentials."""
    credentials: dict[str, FromConfig | FromSecret]
    """rclone's setting -> where its value is."""
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
        host: replace(
            _store(f"S{number}", platform.object_storage[host]), is_optional=host not in must
        )
        for number, host in enumerate(sorted(must | may))
    }


def _store(remote: str, storage: S3Storage | SwiftStorage) -> Store:
    access, secret = storage.credentials.access_key, storage.credentials.secret_key
    if isinstance(storage, S3Storage):
        settings = {
            "type": "s3",
            "provider": "Other",
            "endpoint": storage.endpoint,
            "region": storage.region,
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
