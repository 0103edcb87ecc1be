"""Whether stages serve, as the program asks: before requests move to one, and when all is applied.

Pulumi's own waiting knows pods and not models: it looks on until its time is over.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cli import checks
from cli.api import api
from cli.context import context
from cli.feed import follow
from cli.reach import gateway
from cli.statuses import stage as stages
from cli.statuses.objects import Objects
from cli.statuses.status import Status
from components.manifests import Manifest
from components.manifests.stage import READY_SECONDS
from schemas import resolved
from tools.errors import ToolError

NEXT_SECONDS = 120
"""So much longer for each further instance: they come one after the other."""
GPU_SECONDS = 60
"""For a stage on GPUs: there may be no node for hours."""
GATEWAY_SECONDS = 60
"""So long the gateway may take until it serves what the cluster says is ready."""
GONE_SECONDS = 20
"""So long a pod that was replaced is waited for, so that none of its answers comes later."""
_HEALTH = "/v2/health/ready"
_OVER = (stages.Word.ACTIVE, stages.Word.DEPLOY_FAILED, stages.Word.CREATE_FAILED)


@dataclass(frozen=True)
class Rollouts:
    """Of a workspace's stages. Nothing is raised: what can't be read is a reason, too."""

    workspace: resolved.Workspace

    def why_not(self, stage: resolved.Stage) -> str:
        """Why a stage does not serve through the gateway; empty if it does.

        A stage whose pods are on their way is waited for.
        """
        found = self._wait([stage], _deployed, lambda objects: _has_pods(objects, stage))
        status = found[stage.object_name]
        if status.word is not stages.Word.ACTIVE:
            return str(status)
        return gateway(self.workspace.platform).until_ok(stage.host, _HEALTH, GATEWAY_SECONDS)

    def not_ready(self, stage: resolved.Stage, deployment: str) -> str:
        """Why the pods of a stage's new Deployment are not all ready; empty if they are.

        Those on GPUs are waited for like others: requests have to move to them by somebody.
        """
        usual = replace(stage, flavor=replace(stage.flavor, gpu_count=0))
        found = self._wait([usual], lambda objects, _: stages.pods_of(objects, deployment))
        status = found[stage.object_name]
        return "" if status.word is stages.Word.ACTIVE else str(status)

    def check(self, pod: Manifest) -> str:
        """Why a pod that checks an artifact fails; empty if it does not."""
        return checks.run(self.workspace, pod)

    def failed(self, applied: Sequence[resolved.Stage]) -> list[str]:
        """Wait until each stage's pods serve or fail for good; returns a sentence for what failed.

        A stage on GPUs is not waited for: its status tells.
        """
        waited = [stage for stage in applied if not stage.flavor.gpu_count]
        found = self._wait(waited, _deployed) if waited else {}
        return [
            f"endpoints.{stage.endpoint}.stages.{stage.name}: {found[stage.object_name]}"
            for stage in waited
            if found[stage.object_name].word is not stages.Word.ACTIVE
        ]

    def _wait(
        self,
        waited: Sequence[resolved.Stage],
        find: Callable[[Objects, resolved.Stage], Status],
        worth: Callable[[Objects], bool] = lambda _: True,
    ) -> dict[str, Status]:
        """The status of each by its object name, when no more is to be waited for."""
        end = time.monotonic() + max(_patience(stage) for stage in waited)
        gone: float | None = None
        found: dict[str, Status] = {}
        try:
            with (
                api(context(self.workspace.platform)) as cluster,
                follow(cluster, self.workspace.name) as feed,
            ):
                while True:
                    left = max(0.0, min(end, gone or end) - time.monotonic())
                    objects = feed.next(left if found else None)
                    if objects is None:
                        return found if gone else {k: _late(v) for k, v in found.items()}
                    found = {stage.object_name: find(objects, stage) for stage in waited}
                    if not worth(objects):
                        return found
                    if any(status.word not in _OVER for status in found.values()):
                        gone = None
                    elif any(_ends(objects, stage, found) for stage in waited):
                        gone = gone or time.monotonic() + GONE_SECONDS
                    else:
                        return found
        except ToolError as error:
            unknown = Status(stages.Word.DEPLOY_IN_PROGRESS, str(error))
            return {stage.object_name: unknown for stage in waited}


def _deployed(objects: Objects, stage: resolved.Stage) -> Status:
    return stages.deployed(objects, stage.endpoint, stage.name)


def _patience(stage: resolved.Stage) -> int:
    if stage.flavor.gpu_count:
        return GPU_SECONDS
    return READY_SECONDS + NEXT_SECONDS * (stage.most_instances - 1)


def _late(status: Status) -> Status:
    """As it is said of what should be over."""
    if status.word in _OVER:
        return status
    return Status(status.word, f"not in time ({status.cause})" if status.cause else "not in time")


def _ends(objects: Objects, stage: resolved.Stage, found: dict[str, Status]) -> bool:
    """Whether pods that were replaced still end; those before a failure stay."""
    is_over = found[stage.object_name].word is stages.Word.ACTIVE
    return is_over and stages.replaced(objects, stage.endpoint, stage.name)


def _has_pods(objects: Objects, stage: resolved.Stage) -> bool:
    return stages.deployment_of(objects, stage.endpoint, stage.name) is not None
