"""What of a training may change while it runs; the launcher's side is `launcher.settings`.

A ConfigMap and not the job document, which belongs to the Job and never changes. The kubelet writes
what is new into the running pods.
"""

import json

from components.manifests import Manifest, job_document
from components.manifests.metadata import labels
from schemas import resolved

FILE = "settings.json"
VOLUME = "settings"
MOUNT = f"{job_document.HOME}/settings"


def run_settings(workspace: resolved.Workspace, training: resolved.Training) -> Manifest:
    """The ConfigMap of a training, which all of its runs mount. Times are in seconds."""
    settings = {
        "max_time_seconds": training.max_time,
        "checkpoint_seconds": training.checkpoint_interval,
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name(training),
            "namespace": workspace.name,
            "labels": labels("training", training.name),
        },
        "data": {FILE: json.dumps(settings)},
    }


def name(training: resolved.Training) -> str:
    """Of the ConfigMap: the same for all revisions."""
    return job_document.service_name(training)
