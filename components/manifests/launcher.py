"""The launcher's modules as a ConfigMap.

Its name is a hash of its content and it is immutable: a new launcher is a new object, so that the
Jobs that began with an older one keep theirs.
"""

import hashlib
from collections.abc import Mapping

from components.manifests import Manifest
from components.manifests.metadata import kept_metadata, labels

KIND = "launcher"
_PREFIX = "launcher-"


def launcher_name(files: Mapping[str, str]) -> str:
    """Name of the ConfigMap that holds `files` (file name -> text)."""
    state = hashlib.sha256()
    for name in sorted(files):
        state.update(f"{name}\0{files[name]}\0".encode())
    return _PREFIX + state.hexdigest()[:10]


def launcher_config_map(files: Mapping[str, str], namespace: str) -> Manifest:
    """The ConfigMap, to be mounted as one folder."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": launcher_name(files),
            "namespace": namespace,
            "labels": labels(KIND, namespace),
        },
        "immutable": True,
        "data": dict(sorted(files.items())),
    }


def kept_launcher(live: Manifest) -> Manifest:
    """The manifest of one that exists, for older Jobs."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": kept_metadata(live),
        "immutable": True,
        "data": live["data"],
    }
