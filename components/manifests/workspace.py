"""A workspace: its namespace, what bounds it, and who may look into it."""

from components.manifests import Manifest, experiment, nas, reader, retention
from components.manifests.metadata import STACK_ANNOTATION, labels, owner_annotations
from schemas import resolved
from schemas.document import platform_document
from schemas.rules.quota import STAGE_TIMES
from schemas.units import cpu_text, memory_bytes, memory_text, millicores

KIND = "workspace"
OWNER = "workspace"
"""The ConfigMap that says what the workspace was last applied with."""
_REQUESTS = {"cpu": "10m", "memory": "32Mi"}
"""Of a container that asks for nothing."""
_BESIDE = 2
"""So many small containers stand beside the one with the flavor, at most."""
_GIB = 1024**3
_VIEWED = {
    "": (
        "configmaps",
        "events",
        "namespaces",
        "persistentvolumeclaims",
        "pods",
        "pods/log",
        "resourcequotas",
        "services",
    ),
    "apps": ("deployments", "replicasets", "statefulsets"),
    "batch": ("jobs",),
    "gateway.networking.k8s.io": ("httproutes",),
}
"""API group -> what `emctl` and `kubectl logs` read. No Secrets."""


def namespace(workspace: resolved.Workspace, stack: str) -> Manifest:
    """The namespace. `stack` says who made it: another stack's is refused."""
    level = workspace.platform.security
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": workspace.name,
            "labels": {
                **labels(KIND, workspace.name),
                "pod-security.kubernetes.io/enforce": level,
                "pod-security.kubernetes.io/warn": "restricted",
            },
            "annotations": {STACK_ANNOTATION: stack},
        },
    }


def owner(workspace: resolved.Workspace, stack: str) -> Manifest:
    """The record of what the workspace was applied with, and by which stack."""
    metadata = _metadata(workspace, OWNER)
    metadata["annotations"] = {
        **owner_annotations(platform_document(workspace.platform), {}),
        STACK_ANNOTATION: stack,
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def limit_range(workspace: resolved.Workspace) -> Manifest:
    """Requests for containers that ask for nothing, which a quota would refuse. No limits: those
    would refuse a container that asks for more."""
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": _metadata(workspace, "defaults"),
        "spec": {"limits": [{"type": "Container", "defaultRequest": dict(_REQUESTS)}]},
    }


def quota(workspace: resolved.Workspace) -> Manifest | None:
    """The platform's quotas as the cluster's. None without any.

    They count what flavors reserve and data volumes; Kubernetes counts all, so what stands beside
    those comes on top: a spec that was found to fit must fit.
    """
    quotas = workspace.platform.quotas
    cpu, memory = _beside(workspace)
    hard: dict[str, str] = {}
    if quotas.cpu is not None:
        hard["requests.cpu"] = cpu_text(quotas.cpu + cpu)
    if quotas.memory is not None:
        hard["requests.memory"] = memory_text(quotas.memory + memory)
    if quotas.gpu is not None:
        hard["requests.nvidia.com/gpu"] = str(quotas.gpu)
    if quotas.storage is not None:
        boot = sum(notebook.boot_storage for notebook in workspace.notebooks.values())
        total = (quotas.storage + boot) * _GIB + _nas_claims(workspace)
        hard["requests.storage"] = memory_text(total)
    if not hard:
        return None
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": _metadata(workspace, "quota"),
        "spec": {"hard": hard},
    }


def viewer(workspace: resolved.Workspace) -> Manifest:
    """A Role to bind people to who may look, and see no credentials."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": _metadata(workspace, "viewer"),
        "rules": [
            {
                "apiGroups": [group],
                "resources": list(resources),
                "verbs": ["get", "list", "watch"],
            }
            for group, resources in _VIEWED.items()
        ]
        + [reader.viewing()],
    }


def opener(workspace: resolved.Workspace) -> Manifest | None:
    """A Role to bind people to who may open notebooks and TensorBoards: it reads their tokens and
    no other Secret. None where there are none: no names would mean all of them."""
    secrets = [item.object_name for item in workspace.experiments.values()]
    secrets += [item.object_name for item in workspace.notebooks.values()]
    if not secrets:
        return None
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": _metadata(workspace, "opener"),
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["secrets"],
                "resourceNames": sorted(secrets),
                "verbs": ["get"],
            }
        ],
    }


def _metadata(workspace: resolved.Workspace, name: str) -> Manifest:
    return {
        "name": name,
        "namespace": workspace.name,
        "labels": labels(KIND, workspace.name),
    }


def upkeep(workspace: resolved.Workspace, cleaner: str) -> list[Manifest]:
    """What reads archived logs, and what cleans up. Trainings need an experiment: where there is
    none, there is nothing for them to do, and their images may not be there."""
    if not workspace.experiments:
        return []
    return [reader.stateful_set(workspace), *retention.objects(workspace, cleaner)]


def _upkeep_resources(workspace: resolved.Workspace) -> list[Manifest]:
    return [reader.resources(), retention.resources()] if workspace.experiments else []


def _beside(workspace: resolved.Workspace) -> tuple[int, int]:
    """Thousandths of a CPU and bytes that no flavor has, of all that can run at once."""
    stages = [stage for item in workspace.endpoints.values() for stage in item.stages.values()]
    pods = (
        sum(training.instances for training in workspace.trainings.values())
        + sum(stage.most_instances * STAGE_TIMES for stage in stages)
        + len(workspace.notebooks)
    )
    cpu = pods * _BESIDE * millicores(_REQUESTS["cpu"])
    memory = pods * _BESIDE * memory_bytes(_REQUESTS["memory"])
    for used in _upkeep_resources(workspace):
        cpu += millicores(used["requests"]["cpu"])
        memory += memory_bytes(used["requests"]["memory"])
    for item in workspace.experiments.values():
        pod = experiment.deployment(workspace, item, "")["spec"]["template"]["spec"]
        # Twice, for the old pod goes once the new one works.
        cpu += 2 * sum(millicores(c["resources"]["requests"]["cpu"]) for c in pod["containers"])
        memory += 2 * sum(
            memory_bytes(c["resources"]["requests"]["memory"]) for c in pod["containers"]
        )
    return cpu, memory


def _nas_claims(workspace: resolved.Workspace) -> int:
    """Bytes that the claims for NAS count, whose size is not ours."""
    return sum(
        memory_bytes(volume["spec"]["resources"]["requests"]["storage"])
        for volume in nas.volumes(workspace)
        if volume["kind"] == "PersistentVolumeClaim"
    )
