"""A training: the Job of one revision, and what its instances find each other by."""

import json
from collections.abc import Iterable

from components.manifests import (
    Manifest,
    identity,
    job_document,
    nas,
    packages,
    pods,
    run_settings,
    stores,
)
from components.manifests.job_document import GRACE_SECONDS, HOME
from components.manifests.metadata import (
    KIND_LABEL,
    LAUNCHER_LABEL,
    MADE_OF_ANNOTATION,
    NAME_LABEL,
    REVISION_LABEL,
    SPEC_ANNOTATION,
    TAGS_ANNOTATION,
    kept_metadata,
    labels,
    ours,
    owner_annotations,
)
from schemas import resolved, units
from schemas.document import training_document
from schemas.text import to_json

KIND = "training"
PEER_LOST = 231
"""Exit code of an instance that ends over the end of another."""
RETRIED_CODES = (137, 143, 214, 220, PEER_LOST)
"""Exit codes after which another pod may fare better; the others are the script's own. They are
`128 + SIGKILL`, and what launcher.causes calls retried."""
RETRIES = 3
_CHANGING = ("activeDeadlineSeconds", "suspend")
DEADLINE_SLACK_SECONDS = 86_400
"""The Job's deadline counts the time that pods wait, too, and takes the logs with it: it must not
end a run that the launcher still can."""


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
    """The manifest of an earlier revision's Job, which stands for the training no more."""
    spec = _kept_spec(live)
    spec |= {field: live["spec"][field] for field in _CHANGING}
    metadata = kept_metadata(live)
    for annotation in (SPEC_ANNOTATION, TAGS_ANNOTATION):
        metadata["annotations"].pop(annotation, None)
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def training_service(
    workspace: resolved.Workspace, training: resolved.Training, jobs: Iterable[Manifest]
) -> Manifest | None:
    """The Service by which several instances find each other.

    None where neither the spec has several nor one of `jobs`, the training's live ones, still runs
    with several.
    """
    running = [job["spec"]["completions"] for job in jobs if not _is_finished(job)]
    if max([training.instances, *running]) == 1:
        return None
    ports = {"tensorflow": 2222, "pytorch": 29500}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": job_document.service_name(training),
            "namespace": workspace.name,
            "labels": labels(KIND, training.name),
            # It has no endpoints before the pods start and after they end.
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {KIND_LABEL: KIND, NAME_LABEL: training.name},
            "ports": [{"name": name, "port": port} for name, port in ports.items()],
        },
    }


def _is_finished(job: Manifest) -> bool:
    return any(
        condition["type"] in ("Complete", "Failed") and condition["status"] == "True"
        for condition in job.get("status", {}).get("conditions", ())
    )


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
        **_retries(training),
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


def _retries(training: resolved.Training) -> Manifest:
    """How often pods that failed are made anew.

    Of several instances each counts for itself, for one that is lost takes the others along; and
    the first that has used up its own ends the run.
    """
    if training.instances == 1:
        return {"backoffLimit": RETRIES}
    return {"backoffLimitPerIndex": RETRIES, "maxFailedIndexes": 0}


def _pod_template(
    workspace: resolved.Workspace, training: resolved.Training, launcher: str
) -> Manifest:
    platform = workspace.platform
    used = stores.stores(platform, nas.training_addresses(training), [platform.system_path])
    mounts = [nas.mount(*mounted) for mounted in job_document.mounts(training)]
    trust, trusted = packages.mounts(platform)
    main: Manifest = {
        "name": "main",
        "image": training.image.reference,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-I", f"{HOME}/launcher"],
        # The launcher says how it ended. Where it can't begin, the log does.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "env": [*stores.environment(used), *packages.environment(platform)],
        "resources": pods.resources(training.flavor),
        "securityContext": pods.CONTAINER_SECURITY,
        "volumeMounts": [
            {"name": "run", "mountPath": f"{HOME}/run"},
            {"name": "bin", "mountPath": f"{HOME}/bin", "readOnly": True},
            {"name": "launcher", "mountPath": f"{HOME}/launcher", "readOnly": True},
            {"name": "job", "mountPath": f"{HOME}/job", "readOnly": True},
            {
                "name": run_settings.VOLUME,
                "mountPath": run_settings.MOUNT,
                "readOnly": True,
            },
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - the container's
            *(mount for _, mount in mounts),
            *trusted,
        ],
    }
    annotation = "easymaker.io/job"
    several = {"subdomain": job_document.service_name(training)} if training.instances > 1 else {}
    return {
        "metadata": {
            "labels": {**labels(KIND, training.name), REVISION_LABEL: training.revision},
            "annotations": {annotation: job_document.job_document(workspace, training, used)},
        },
        "spec": {
            "restartPolicy": "Never",
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            **identity.of(platform, identity.TRAINING),
            "terminationGracePeriodSeconds": 2 * GRACE_SECONDS,
            "securityContext": pods.pod_security(platform.security),
            **pods.placement(training.flavor.pool),
            **several,
            "initContainers": [
                {
                    "name": "tools",
                    "image": platform.built_images["tools"],
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["cp", "/usr/local/bin/rclone", f"{HOME}/bin/rclone"],
                    "terminationMessagePolicy": "FallbackToLogsOnError",
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
                            },
                            {"path": "pod", "fieldRef": {"fieldPath": "metadata.name"}},
                        ]
                    },
                },
                {
                    "name": run_settings.VOLUME,
                    "configMap": {"name": run_settings.name(training)},
                },
                # Loaders of PyTorch share batches through it. What lies there counts as memory of
                # the container, so that it takes nothing from anybody else.
                {
                    "name": "shm",
                    "emptyDir": {
                        "medium": "Memory",
                        "sizeLimit": units.memory_text(training.flavor.memory // 2),
                    },
                },
                *{volume["name"]: volume for volume, _ in mounts}.values(),
                *trust,
            ],
        },
    }
