"""A stack with an endpoint of small, real models: what its tests change and look at."""

import json
import operator
import pickle
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.support.checkout import Checkout, Done
from tools import toolchain

STACK = "traffic"
HOST = f"sums.{STACK}.easymaker.localhost"
MODELS = f"obs://objects.easymaker.localhost/{STACK}"
ROWS = {"instances": [[1.0, 2.0, 3.0, 4.0]]}
SPEC = f"""\
api_version: easymaker/v1
kind: Workspace
workspace: {STACK}
include: [platform/local.yaml]
models:
  first: {{framework: sklearn, framework_version: "1.9", path: "{MODELS}/of-0"}}
  second: {{framework: sklearn, framework_version: "1.9", path: "{MODELS}/of-1"}}
endpoints:
  sums:
    default_stage: blue
    stages:
      blue: {{model: first, resource_path: /inference, flavor: m2.c1m2, instances: 1}}
"""
GREEN = "      green: {model: second, resource_path: /inference, flavor: m2.c1m2}\n"


def model(method: str) -> bytes:
    """What joblib loads: it answers each row with what a method of arrays makes of it."""
    predict = operator.methodcaller(method, axis=1)
    return pickle.dumps(SimpleNamespace(predict=predict, n_features_in_=4))


@dataclass
class Stack:
    """The stack of these tests."""

    checkout: Checkout

    @property
    def spec(self) -> Path:
        return self.checkout.folder / "stacks" / f"{STACK}.yaml"

    def change(self, old: str, new: str) -> None:
        """Edit the spec."""
        self.checkout.change(old, new, f"stacks/{STACK}.yaml")

    def up(self) -> Done:
        """`pulumi up`, however it ends."""
        return self.checkout.pulumi("up", "--yes", "--skip-preview", f"--stack={STACK}")

    def applied(self, old: str, new: str) -> None:
        """Change the spec and apply it."""
        self.change(old, new)
        done = self.up()
        assert done.returncode == 0, done.stdout + done.stderr

    def pods(self, stage: str) -> list[Any]:
        """The pods that requests lead to, and that are not on their way out."""
        service = self.checkout.cluster.get("service", "-n", STACK, f"stage-{stage}-sums")
        selector = ",".join(f"{key}={value}" for key, value in service["spec"]["selector"].items())
        items = self.checkout.cluster.get("pods", "-n", STACK, "-l", selector)["items"]
        return [item for item in items if "deletionTimestamp" not in item["metadata"]]

    def deployments(self, stage: str) -> list[Any]:
        """The stage's Deployments, the oldest first."""
        selector = f"easymaker.io/kind=stage,easymaker.io/name={stage}"
        items = self.checkout.cluster.get("deployments", "-n", STACK, "-l", selector)["items"]
        return sorted(items, key=lambda item: str(item["metadata"]["creationTimestamp"]))

    def deployment(self, stage: str) -> Any:
        """Its only one."""
        (found,) = self.deployments(stage)
        return found

    def all_ready(self, stage: str, count: int) -> bool:
        """Whether it has so many pods that are ready."""
        states = [
            condition["status"]
            for pod in self.pods(stage)
            for condition in pod["status"].get("conditions", [])
            if condition["type"] == "Ready"
        ]
        return states == ["True"] * count

    def put(self, path: str, content: bytes) -> None:
        """Write a part of a model."""
        self.checkout.put(f"{MODELS}/{path}", content)

    def revision(self) -> str:
        """What a pod of the stage says of itself."""
        (argument,) = [
            str(text)
            for text in self.pods("blue")[-1]["spec"]["containers"][0]["command"]
            if text.startswith("--revision=")
        ]
        return argument.removeprefix("--revision=")

    def evicted(self, pod: Any) -> bool:
        """Ask for a pod's eviction, as a drain of its node does; whether it was granted."""
        name = pod["metadata"]["name"]
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": STACK},
        }
        cluster, pods = self.checkout.cluster, f"/api/v1/namespaces/{STACK}/pods"
        kubectl = [str(toolchain.path("kubectl")), f"--kubeconfig={cluster.kubeconfig}"]
        done = subprocess.run(
            [*kubectl, "create", "-f-", "--raw", f"{pods}/{name}/eviction"],
            input=json.dumps(body),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or "disruption budget" in done.stderr, done.stderr
        return done.returncode == 0
