"""Volumes for NAS, whole, and the mounts that pods make of addresses."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.manifests import Manifest, nas
from schemas import load, resolved
from schemas.address import Address, parse_address
from schemas.storage import EfsNas, HostPathNas, NfsNas

ROOT = Path(__file__).parents[3]
FOLDER = HostPathNas(type="host_path", path="/srv/nas")


@pytest.fixture(scope="module")
def spec() -> resolved.Workspace:
    return load(ROOT / "stacks" / "local.yaml")


def using(spec: resolved.Workspace, address: str, **ids: Any) -> resolved.Workspace:
    """The example's training with its data at `address`, on a platform that knows `ids`."""
    training = replace(spec.trainings["iris-sklearn"], input_data={"train": parsed(address)})
    return replace(
        spec,
        platform=replace(spec.platform, nas=ids),
        trainings={"iris-sklearn": training},
        notebooks={},
        models={},
    )


def parsed(text: str) -> Address:
    found = parse_address(text)
    assert found is not None
    return found


def test_volume_and_claim_of_the_one_that_is_used(spec: resolved.Workspace) -> None:
    made = nas.volumes(using(spec, "nas://Data_1:/iris", Data_1=FOLDER, other=FOLDER))
    labels = {
        "app.kubernetes.io/managed-by": "pulumi",
        "easymaker.io/kind": "nas",
        "easymaker.io/name": "Data_1",
    }
    volume, claim = (nas.volume_name("iris", "Data_1"), nas.claim_name("Data_1"))
    assert (volume, claim) == ("iris.nas-data-1-4dc70fe4", "nas-data-1-4dc70fe4")
    assert made == [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": volume, "labels": labels},
            "spec": {
                "capacity": {"storage": "1Mi"},
                "accessModes": ["ReadWriteMany"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": "",
                "claimRef": {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": "iris",
                    "name": claim,
                },
                "hostPath": {"path": "/srv/nas", "type": "Directory"},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": claim,
                "namespace": "iris",
                "labels": labels,
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            "spec": {
                "accessModes": ["ReadWriteMany"],
                "resources": {"requests": {"storage": "1Mi"}},
                "storageClassName": "",
                "volumeName": volume,
            },
        },
    ]


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (
            NfsNas(type="nfs", server="nas.test", export="/vol1"),
            {
                "nfs": {"server": "nas.test", "path": "/vol1"},
                "mountOptions": ["nfsvers=4.1", "hard"],
            },
        ),
        (
            EfsNas(type="efs", file_system="fs-0123456789abcdef0"),
            {
                "csi": {"driver": "efs.csi.aws.com", "volumeHandle": "fs-0123456789abcdef0"},
                "mountOptions": ["tls"],
            },
        ),
    ],
)
def test_other_kinds_differ_in_their_source_alone(
    spec: resolved.Workspace, kind: NfsNas | EfsNas, source: Manifest
) -> None:
    (plain, _), (made, _) = (
        nas.volumes(using(spec, "nas://models:/", models=of)) for of in (FOLDER, kind)
    )
    del plain["spec"]["hostPath"]
    assert made == {**plain, "spec": {**plain["spec"], **source}}


def test_models_and_notebooks_use_nas_too() -> None:
    made = nas.volumes(load(ROOT / "examples" / "spec" / "full.yaml"))
    assert {item["kind"] for item in made} == {"PersistentVolume", "PersistentVolumeClaim"}
    assert {item["metadata"]["labels"]["easymaker.io/name"] for item in made} == {"models"}


def test_volume_stays_while_a_job_mounts_it(spec: resolved.Workspace) -> None:
    later = using(spec, "obs://objects.easymaker.localhost/b/d", models=FOLDER, other=FOLDER)
    volume, _ = nas.mount(parsed("nas://models:/iris"), "/x", read_only=True)
    job = {"spec": {"template": {"spec": {"volumes": [{"name": "run", "emptyDir": {}}, volume]}}}}
    assert nas.volumes(later) == []
    assert [item["metadata"]["name"] for item in nas.volumes(later, [job])] == [
        "iris.nas-models",
        "nas-models",
    ]


@pytest.mark.parametrize(
    ("address", "read_only", "more"),
    [
        ("nas://models:/a/b/", True, {"subPath": "a/b", "readOnly": True}),
        ("nas://models:/a b", False, {"subPath": "a b"}),
        ("nas://models:/", False, {}),
    ],
)
def test_mount_is_the_folder_of_the_address(
    address: str, read_only: bool, more: dict[str, object]
) -> None:
    assert nas.mount(parsed(address), "/mnt/x", read_only) == (
        {"name": "nas-models", "persistentVolumeClaim": {"claimName": "nas-models"}},
        {"name": "nas-models", "mountPath": "/mnt/x", **more},
    )
