"""What `emctl logs` is asked for."""

from dataclasses import dataclass

from cli.api import Api
from cli.logpods import Run, runs
from cli.statuses.objects import Objects
from cli.targets import Target
from components.manifests.training import KIND as TRAINING


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whose log, and which of its logs. `instance` and `container` are None where none is named."""

    cluster: Api
    namespace: str
    target: Target
    instance: int | None = None
    container: str | None = None
    previous: bool = False

    def runs(self, objects: Objects) -> list[Run]:
        """What has a log, oldest first."""
        return runs(self.target, objects, self.instance, self.container)

    @property
    def may_be_archived(self) -> bool:
        """Whether such logs are kept: what the launcher prints is."""
        return self.target.kind == TRAINING and self.container is None
