"""NAS: a static volume for each that a workspace uses, and how pods mount folders of it.

A PersistentVolume, because Pod Security forbids pods host paths, and NFS where it is `restricted`.
"""

from collections.abc import Iterable, Iterator

from components.manifests import Manifest
from components.manifests.metadata import SKIP_AWAIT, dns_label, labels
from schemas import resolved
from schemas.address import Address
from schemas.storage import EfsNas, HostPathNas, NfsNas

KIND = "nas"
_CAPACITY = "1Mi"
"""A NAS has no size of ours, and a quota on storage must not count it."""


def volumes(workspace: resolved.Workspace, jobs: Iterable[Manifest] = ()) -> list[Manifest]:
    """A volume and its claim for each NAS that the spec names, or that one of `jobs` mounts.

    Volumes belong to no namespace and must outlive the claims in theirs.
    """
    mounted = _claims(jobs)
    used = {address.host for address in _addresses(workspace)}
    used |= {name for name in workspace.platform.nas if claim_name(name) in mounted}
    return [
        manifest
        for name in sorted(used)
        for manifest in (
            _volume(workspace, name),
            _claim(workspace.name, name),
        )
    ]


def mount(address: Address, mount_path: str, read_only: bool) -> tuple[Manifest, Manifest]:
    """A pod's volume and the container's mount for the folder (or file) of a `nas://` address.

    Volumes of one NAS are equal: a pod lists each once. The kubelet makes a folder that is missing.
    """
    claim = claim_name(address.host)
    found: Manifest = {"name": claim, "mountPath": mount_path}
    if address.path:
        found["subPath"] = address.path
    if read_only:
        found["readOnly"] = True
    return {"name": claim, "persistentVolumeClaim": {"claimName": claim}}, found


def claim_name(nas: str) -> str:
    """Of the claim for a NAS, by its id; pods call the volume so, too."""
    return dns_label("nas", nas)


def volume_name(workspace: str, nas: str) -> str:
    """Of the cluster's volume for a NAS of a workspace; the dot is in neither of their names."""
    return f"{workspace}.{claim_name(nas)}"


def _volume(workspace: resolved.Workspace, name: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": volume_name(workspace.name, name), "labels": labels(KIND, name)},
        "spec": {
            "capacity": {"storage": _CAPACITY},
            "accessModes": ["ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": workspace.name,
                "name": claim_name(name),
            },
            **_source(workspace.platform, workspace.platform.nas[name]),
        },
    }


def _source(platform: resolved.Platform, nas: NfsNas | EfsNas | HostPathNas) -> Manifest:
    match nas:
        case NfsNas():
            return {
                "nfs": {"server": nas.server, "path": nas.export},
                "mountOptions": ["nfsvers=4.1", "hard"],
            }
        case EfsNas():
            handle = {"driver": "efs.csi.aws.com", "volumeHandle": _file_system(platform, nas)}
            return {"csi": handle, "mountOptions": ["tls"]}
        case HostPathNas():
            return {"hostPath": {"path": nas.path, "type": "Directory"}}


def _file_system(platform: resolved.Platform, nas: EfsNas) -> str:
    own = platform.cluster.file_systems if platform.cluster else {}
    return own.get(nas.file_system, nas.file_system)


def _claim(workspace: str, name: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": claim_name(name),
            "namespace": workspace,
            "labels": labels(KIND, name),
            # There is nothing to wait for; Pulumi would look for a storage class and miss it.
            "annotations": dict(SKIP_AWAIT),
        },
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": _CAPACITY}},
            "storageClassName": "",
            "volumeName": volume_name(workspace, name),
        },
    }


def _claims(jobs: Iterable[Manifest]) -> set[str]:
    return {
        volume["persistentVolumeClaim"]["claimName"]
        for job in jobs
        for volume in job["spec"]["template"]["spec"].get("volumes", ())
        if "persistentVolumeClaim" in volume
    }


def _addresses(workspace: resolved.Workspace) -> Iterator[Address]:
    """Every `nas://` address of the spec."""
    found: list[Address] = []
    for training in workspace.trainings.values():
        found += training_addresses(training)
    found += [m.source for m in workspace.models.values() if isinstance(m.source, Address)]
    for notebook in workspace.notebooks.values():
        found += notebook.nas.values()
    return (address for address in found if address.scheme == "nas")


def training_addresses(training: resolved.Training) -> list[Address]:
    """All that a training reads and writes."""
    maybe = (training.checkpoint_input, training.checkpoint)
    given = [address for address in maybe if address is not None]
    return [training.code, training.output_data, *training.input_data.values(), *given]
