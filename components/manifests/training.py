"""A training: the Job of one revision, and the document that its launcher reads."""

import json

from components.manifests import Manifest, places, pods, stores
from components.manifests.metadata import (
    LAUNCHER_LABEL,
    MADE_OF_ANNOTATION,
    REVISION_LABEL,
    kept_metadata,
    labels,
    ours,
    owner_annotations,
)
from schemas import resolved
from schemas.address import Address
from schemas.document import training_document
from schemas.text import to_json

KIND = "training"
HOME = "/opt/easymaker"
"""Where everything of ours lies in the container; the launcher's layout begins there."""
RETRIED_CODES = (137, 143, 214)
"""Exit codes after which another pod may fare better; the others are the script's own. They are
`128 + SIGKILL`, and what launcher.causes calls retried."""
RETRIES = 3
GRACE_SECONDS = 60
"""What a script has between SIGTERM and SIGKILL; the pod has twice that, to save what there is."""
_CHANGING = ("activeDeadlineSeconds", "suspend")
DEADLINE_SLACK_SECONDS = 86_400
"""The Job's deadline counts the time that pods wait, too: it must not end a run by itself."""


def training_job(
    workspace: resolved.Workspace,
    training: resolved.Training,
    launcher: str,
    live: Manifest | None = None,
) -> Manifest:
    """The Job of the training's revision.

    `launcher` is the name of the launcher's ConfigMap. `live` is the Job if it exists: then it
    stays what it was made with, but for its suspension, its deadline and what is said about it.
    """
    if live is None:
        metadata: Manifest = {
            "name": training.object_name,
            "namespace": workspace.name,
            "labels": {
                **labels(KIND, training.name),
                REVISION_LABEL: training.revision,
                LAUNCHER_LABEL: launcher,
            },
        }
        spec = _fixed_spec(workspace, training, launcher)
    else:
        metadata, spec = kept_metadata(live), _kept_spec(live)
    metadata["annotations"] = {
        **owner_annotations(training_document(training), training.tags),
        MADE_OF_ANNOTATION: made_of(spec),
        # A training may take days: `pulumi up` starts it and does not wait.
        "pulumi.com/skipAwait": "true",
    }
    spec["activeDeadlineSeconds"] = training.max_time + DEADLINE_SLACK_SECONDS
    spec["suspend"] = training.state == "stopped"
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def kept_job(live: Manifest) -> Manifest:
    """The manifest of a Job that exists, as it was last applied."""
    spec = _kept_spec(live)
    spec |= {field: live["spec"][field] for field in _CHANGING}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": kept_metadata(live),
        "spec": spec,
    }


def made_of(spec: Manifest) -> str:
    """What of a Job's spec never changes, as the annotation that keeps it.

    The API server adds defaults and labels to a Job, so that the manifest it was made from can't
    be told from the live object; and ignore_changes can't stand for it: after an update of a Job
    the provider takes the live template for what was asked for, and then replaces the Job over the
    labels in it. The launcher's document is left out; the live pod template has it as it was.
    """
    template = {**spec["template"], "metadata": {"labels": spec["template"]["metadata"]["labels"]}}
    fixed = {key: value for key, value in spec.items() if key not in _CHANGING}
    return to_json({**fixed, "template": template})


def _kept_spec(live: Manifest) -> Manifest:
    spec: Manifest = json.loads(live["metadata"]["annotations"][MADE_OF_ANNOTATION])
    annotations = live["spec"]["template"]["metadata"]["annotations"]
    spec["template"]["metadata"]["annotations"] = ours(annotations)
    return spec


def _fixed_spec(
    workspace: resolved.Workspace, training: resolved.Training, launcher: str
) -> Manifest:
    return {
        "completionMode": "Indexed",
        "completions": training.instances,
        "parallelism": training.instances,
        "backoffLimit": RETRIES,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {
            "rules": [
                {
                    "action": "Ignore",
                    "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
                },
                {
                    "action": "FailJob",
                    "onExitCodes": {
                        "containerName": "main",
                        "operator": "NotIn",
                        "values": list(RETRIED_CODES),
                    },
                },
            ]
        },
        "template": _pod_template(workspace, training, launcher),
    }


def _pod_template(
    workspace: resolved.Workspace, training: resolved.Training, launcher: str
) -> Manifest:
    platform = workspace.platform
    used = stores.stores(platform, _addresses(training))
    main: Manifest = {
        "name": "main",
        "image": training.image.reference,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-I", f"{HOME}/launcher"],
        "resources": pods.resources(training.flavor),
        "securityContext": pods.CONTAINER_SECURITY,
        "volumeMounts": [
            {"name": "run", "mountPath": f"{HOME}/run"},
            {"name": "bin", "mountPath": f"{HOME}/bin", "readOnly": True},
            {"name": "launcher", "mountPath": f"{HOME}/launcher", "readOnly": True},
            {"name": "job", "mountPath": f"{HOME}/job", "readOnly": True},
        ],
    }
    if used:
        main["env"] = stores.environment(used)
    document = job_document(platform, training, used)
    annotation = "easymaker.io/job"
    return {
        "metadata": {
            "labels": {**labels(KIND, training.name), REVISION_LABEL: training.revision},
            "annotations": {annotation: document},
        },
        "spec": {
            "restartPolicy": "Never",
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 2 * GRACE_SECONDS,
            "securityContext": pods.pod_security(platform.security),
            **pods.placement(training.flavor.pool),
            "initContainers": [
                {
                    "name": "tools",
                    "image": platform.built_images["tools"],
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["cp", "/usr/local/bin/rclone", f"{HOME}/bin/rclone"],
                    "securityContext": pods.CONTAINER_SECURITY,
                    "volumeMounts": [{"name": "bin", "mountPath": f"{HOME}/bin"}],
                }
            ],
            "containers": [main],
            "volumes": [
                {"name": "run", "emptyDir": {}},
                {"name": "bin", "emptyDir": {}},
                {"name": "launcher", "configMap": {"name": launcher}},
                {
                    "name": "job",
                    "downwardAPI": {
                        "items": [
                            {
                                "path": "job.json",
                                "fieldRef": {"fieldPath": f"metadata.annotations['{annotation}']"},
                            }
                        ]
                    },
                },
            ],
        },
    }


def job_document(
    platform: resolved.Platform, training: resolved.Training, used: dict[str, stores.Store]
) -> str:
    """The launcher's document as JSON; its other side is `launcher.job`.

    It travels in an annotation of the pod, so that it belongs to the Job and never changes, and
    not in variables or arguments, where the kubelet expands `$(NAME)`.
    """

    def place(address: Address) -> dict[str, str]:
        path = f"{address.bucket}/{address.path}".rstrip("/")
        return {"address": address.text, "remote": used[address.host].remote, "path": path}

    parameters = {key: value.text for key, value in training.hyperparameters.items()}
    literals = (
        f"{json.dumps(key)}: {value.json}" for key, value in training.hyperparameters.items()
    )
    document = {
        "version": 1,
        "training": training.name,
        "revision": training.revision,
        "training_id": places.run_name(training),
        "region": platform.region,
        "app_key": platform.app_key,
        "code": place(training.code),
        "entry_point": training.entry_point,
        "hyperparameters": parameters,
        "hyperparameters_json": "{" + ", ".join(literals) + "}",
        "datasets": {name: place(address) for name, address in training.input_data.items()},
        "checkpoint_input": place(training.checkpoint_input) if training.checkpoint_input else None,
        "output": place(places.output(training)),
        "log_management": training.log_management,
        "grace_seconds": GRACE_SECONDS,
        "stores": {store.remote: store.settings for store in used.values()},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _addresses(training: resolved.Training) -> list[Address]:
    maybe = (training.checkpoint_input, training.checkpoint)
    given = [address for address in maybe if address is not None]
    return [training.code, training.output_data, *training.input_data.values(), *given]
