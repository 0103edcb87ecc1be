"""The stages of the full example, on a platform with the images that they need."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from components.manifests import Manifest, stage
from components.manifests.served import Served
from schemas import load, resolved
from schemas.address import parse_address

ROOT = Path(__file__).parents[2]


@dataclass
class Stages:
    """Says of each stage what a test scripts, by its name; of others that all is well."""

    reasons: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    waited: list[str] = field(default_factory=list)

    def why_not(self, one: resolved.Stage) -> str:
        self.asked.append(one.name)
        return self.reasons.get(one.name, "")

    def not_ready(self, one: resolved.Stage, deployment: str) -> str:
        self.asked.append(deployment)
        return self.reasons.get(deployment, "")

    def check(self, pod: Manifest) -> str:
        name: str = pod["metadata"]["name"]
        self.asked.append(name)
        return self.reasons.get(name, "")

    def failed(self, applied: Sequence[resolved.Stage]) -> list[str]:
        self.waited += [one.name for one in applied]
        return [self.reasons[name] for name in self.waited if name in self.reasons]


def full() -> resolved.Workspace:
    """The spec: stage `blue` of two instances, and `green` on a GPU; all requests go to `blue`."""
    found = load(ROOT / "examples" / "spec" / "full.yaml")
    whole = found.endpoints["iris"]
    stages = {name: replace(one, autoscaling=None) for name, one in whole.stages.items()}
    found = replace(found, endpoints={"iris": replace(whole, traffic={}, stages=stages)})
    images = {**found.platform.built_images, "tools": "tools:1", "serving-front": "front:1"}
    return on(found, built_images=images)


def on(spec: resolved.Workspace, **changes: Any) -> resolved.Workspace:
    """The spec on another platform."""
    return replace(spec, platform=replace(spec.platform, **changes))


def protocol(spec: resolved.Workspace, name: Any) -> resolved.Workspace:
    """The spec with a TensorFlow server that speaks this protocol."""
    return on(
        spec,
        serving={
            **spec.platform.serving,
            "tensorflow": resolved.Serving("tensorflow", "server:1", name),
        },
    )


def artifact(address: str = "obs://objects.easymaker.localhost/m/iris", **more: Any) -> Served:
    """What a stage serves."""
    found = parse_address(address)
    assert found is not None
    fields = {
        "revision": "0123456789",
        "model": "iris",
        "model_name": "iris",
        "framework": "tensorflow",
        "framework_version": "2.21",
        "training": "iris-keras",
        "completed": "2026-01-01T00:00:00Z",
    }
    return Served(address=found, **{**fields, **more})


def made(
    spec: resolved.Workspace, item: Served | None = None, of: str = "blue", **changes: Any
) -> Manifest:
    """The Deployment of a stage."""
    parent = spec.endpoints["iris"]
    one = replace(parent.stages[of], **changes)
    return stage.deployment(spec, parent, one, item or artifact())


def pod(manifest: Manifest) -> Manifest:
    """The pod of a Deployment."""
    found: Manifest = manifest["spec"]["template"]["spec"]
    return found
