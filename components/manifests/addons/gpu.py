"""NVIDIA's device plugin, which offers a node's GPUs to pods.

A node takes pods with GPUs only from then on: until the plugin has registered them, none is
allocatable, and the taint keeps all other pods away (docs/adr/0143).
"""

from components.manifests import Manifest
from components.manifests.addons import common
from components.manifests.metadata import SKIP_AWAIT, labels
from components.manifests.pods import CONTAINER_SECURITY
from schemas.resolved_cluster import GPU_LABEL

ADDON = "device-plugin"
NAME = "nvidia-device-plugin"
_PLUGINS = "/var/lib/kubelet/device-plugins"


def objects(image: str) -> list[Manifest]:
    """Its DaemonSet, on the nodes of GPU pools alone."""
    found = labels(common.KIND, ADDON)
    daemon_set = common.made("apps/v1", "DaemonSet", ADDON, NAME, common.SYSTEM)
    # Nodes with GPUs come and go: one that is just starting is no reason to wait.
    daemon_set["metadata"]["annotations"] = dict(SKIP_AWAIT)
    daemon_set["spec"] = {
        "selector": {"matchLabels": found},
        "updateStrategy": {"rollingUpdate": {"maxUnavailable": 1}},
        "template": {
            "metadata": {"labels": found},
            "spec": {
                "enableServiceLinks": False,
                "automountServiceAccountToken": False,
                "priorityClassName": "system-node-critical",
                "nodeSelector": {GPU_LABEL: "true"},
                # Pools may have taints of their own; without it their GPUs are nobody's.
                "tolerations": [{"operator": "Exists"}],
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [
                    {
                        "name": NAME,
                        "image": image,
                        "imagePullPolicy": "IfNotPresent",
                        # A GPU is one pod's: neither time slices nor parts of one are offered.
                        "env": [
                            {"name": "MIG_STRATEGY", "value": "none"},
                            # It runs on nodes with GPUs alone: to find none is an error.
                            {"name": "FAIL_ON_INIT_ERROR", "value": "true"},
                        ],
                        "resources": {
                            "requests": {"cpu": "10m", "memory": "64Mi"},
                            "limits": {"memory": "256Mi"},
                        },
                        "securityContext": {
                            **CONTAINER_SECURITY,
                            "readOnlyRootFilesystem": True,
                        },
                        "volumeMounts": [{"name": "plugins", "mountPath": _PLUGINS}],
                    }
                ],
                "volumes": [
                    {"name": "plugins", "hostPath": {"path": _PLUGINS, "type": "Directory"}}
                ],
            },
        },
    }
    return [daemon_set]
