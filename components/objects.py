"""Registering manifests with the engine."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pulumi

from components.manifests import Manifest

_VERSION = version("pulumi-kubernetes")


class KubernetesObject(pulumi.CustomResource):
    """Any object, from its manifest; `Secret` is that of a Secret.

    One class for all kinds is a third of the time and memory of the SDK's typed ones, and loading
    those is a quarter of a program's start. The type tokens are theirs, so that the state of both
    is the same.
    """

    def __init__(self, name: str, manifest: Manifest, opts: pulumi.ResourceOptions) -> None:
        versioned = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=_VERSION))
        super().__init__(type_token(manifest), name, dict[str, Any](manifest), versioned)


class Secret(KubernetesObject):
    """A Secret, whose data is only ever encrypted in the state, as the SDK's typed class has it."""

    def __init__(
        self,
        name: str,
        metadata: Manifest,
        string_data: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        manifest = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "stringData": pulumi.Output.secret(dict(string_data)),
        }
        hidden = pulumi.ResourceOptions(additional_secret_outputs=["data", "stringData"])
        super().__init__(name, manifest, pulumi.ResourceOptions.merge(opts, hidden))


def type_token(manifest: Manifest) -> str:
    """`kubernetes:<group>/<version>:<Kind>`, as the SDK's typed classes have it."""
    api = manifest["apiVersion"]
    group = api if "/" in api else f"core/{api}"
    return f"kubernetes:{group}:{manifest['kind']}"
