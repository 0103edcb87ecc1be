"""The class of block volumes, which `platform.storage_classes.block` of a workspace names."""

from components.manifests import Manifest
from components.manifests.addons import common

ADDON = "storage"
NAME = "em-gp3"


def objects(key_arn: str) -> list[Manifest]:
    """Encrypted volumes of EBS, with a key of the cluster's own if it has one."""
    found = common.made("storage.k8s.io/v1", "StorageClass", ADDON, NAME)
    # EKS has none, and claims that name no class would wait for ever.
    found["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    return [
        {
            **found,
            "provisioner": "ebs.csi.aws.com",
            "parameters": {
                "type": "gp3",
                "encrypted": "true",
                **({"kmsKeyId": key_arn} if key_arn else {}),
            },
            "reclaimPolicy": "Delete",
            "allowVolumeExpansion": True,
            # In the zone of the pod: a volume never leaves its own.
            "volumeBindingMode": "WaitForFirstConsumer",
        }
    ]
