"""Where pods get Python packages from, and whom they trust for it."""

from components.manifests import Manifest, pods
from schemas import resolved

_FOLDER = "/opt/easymaker/ca"


def environment(platform: resolved.Platform) -> list[Manifest]:
    """Container variables: pip's index, and the certificates that count beside the image's."""
    packages = platform.packages
    found = []
    if packages.python_index:
        found.append({"name": "PIP_INDEX_URL", "value": pods.literal(packages.python_index)})
    if packages.ca_bundle:
        # OpenSSL looks into the image's folder of certificates too, which the file leaves alone.
        found.append({"name": "SSL_CERT_FILE", "value": f"{_FOLDER}/{packages.ca_bundle.key}"})
    return found


def mounts(platform: resolved.Platform) -> tuple[list[Manifest], list[Manifest]]:
    """Volumes of a pod and mounts of its container for the certificates, if any are named."""
    bundle = platform.packages.ca_bundle
    if bundle is None:
        return [], []
    return (
        [{"name": "ca", "configMap": {"name": bundle.config_map}}],
        [{"name": "ca", "mountPath": _FOLDER, "readOnly": True}],
    )
