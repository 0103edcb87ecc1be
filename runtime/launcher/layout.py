"""Where things lie in the container."""

import os
from typing import Dict, NamedTuple


class Inputs(NamedTuple):
    """Where what was fetched lies: data sets by name; the input checkpoint, empty if none."""

    datasets: Dict[str, str]
    checkpoint_input: str


class Layout(NamedTuple):
    """Absolute paths; `home` is /opt/easymaker in a pod. Made by `create`."""

    home: str

    @property
    def job(self) -> str:
        return os.path.join(self.home, "job", "job.json")

    @property
    def settings(self) -> str:
        return os.path.join(self.home, "settings", "settings.json")

    @property
    def pod_name(self) -> str:
        """Of the pod that this is; empty outside one."""
        try:
            with open(os.path.join(self.home, "job", "pod"), encoding="utf-8") as file:
                return file.read().strip()
        except OSError:
            return ""

    @property
    def rclone(self) -> str:
        return os.path.join(self.home, "bin", "rclone")

    @property
    def run(self) -> str:
        """The volume that all of the run's data lies on."""
        return os.path.join(self.home, "run")

    @property
    def source(self) -> str:
        return os.path.join(self.run, "code")

    @property
    def venv(self) -> str:
        return os.path.join(self.run, "venv")

    @property
    def model(self) -> str:
        # A folder of its own above it: scripts make and remove `workertemp_<id>` beside the model.
        return os.path.join(self.run, "output", "model")

    @property
    def checkpoint(self) -> str:
        return os.path.join(self.run, "checkpoint")

    @property
    def checkpoint_input(self) -> str:
        return os.path.join(self.run, "checkpoint-input")

    @property
    def tensorboard(self) -> str:
        return os.path.join(self.run, "tensorboard")

    @property
    def scratch(self) -> str:
        """The launcher's own small files."""
        return os.path.join(self.run, "launcher")

    @property
    def snapshot(self) -> str:
        """The checkpoint that is being kept, as it was at one moment."""
        return os.path.join(self.scratch, "snapshot")

    @property
    def archive(self) -> str:
        """What of the log goes into storage."""
        return os.path.join(self.scratch, "log")

    def dataset(self, name: str) -> str:
        return os.path.join(self.run, "datasets", name)

    def create(self) -> None:
        for path in (
            self.source,
            self.model,
            self.checkpoint,
            self.tensorboard,
            self.scratch,
            self.archive,
        ):
            os.makedirs(path, exist_ok=True)
