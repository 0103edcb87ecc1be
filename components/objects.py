"""Registering manifests with the engine."""

from importlib.metadata import version
from typing import Any

import pulumi

from components.manifests import Manifest

_VERSION = version("pulumi-kubernetes")


class KubernetesObject(pulumi.CustomResource):
    """Any object but a Secret, from its manifest.

    One class for all kinds is a third of the time and memory of the SDK's typed ones. The type
    tokens are theirs, so that the state of both is the same. Secrets go through the typed class,
    which marks their data as secret.
    """

    def __init__(self, name: str, manifest: Manifest, opts: pulumi.ResourceOptions) -> None:
        versioned = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=_VERSION))
        super().__init__(type_token(manifest), name, dict[str, Any](manifest), versioned)


def type_token(manifest: Manifest) -> str:
    """`kubernetes:<group>/<version>:<Kind>`, as the SDK's typed classes have it."""
    api = manifest["apiVersion"]
    group = api if "/" in api else f"core/{api}"
    return f"kubernetes:{group}:{manifest['kind']}"
