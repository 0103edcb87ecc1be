"""The device plugin, whole."""

from components.manifests.addons import gpu

LABELS = {
    "app.kubernetes.io/managed-by": "pulumi",
    "easymaker.io/kind": "addon",
    "easymaker.io/name": "device-plugin",
}


def test_it_runs_on_nodes_with_gpus_whatever_their_taints() -> None:
    folder = "/var/lib/kubelet/device-plugins"
    assert gpu.objects("example.test/plugin:1") == [
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {
                "name": "nvidia-device-plugin",
                "namespace": "kube-system",
                "labels": LABELS,
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            "spec": {
                "selector": {"matchLabels": LABELS},
                "updateStrategy": {"rollingUpdate": {"maxUnavailable": 1}},
                "template": {
                    "metadata": {"labels": LABELS},
                    "spec": {
                        "enableServiceLinks": False,
                        "automountServiceAccountToken": False,
                        "priorityClassName": "system-node-critical",
                        "nodeSelector": {"nvidia.com/gpu.present": "true"},
                        "tolerations": [{"operator": "Exists"}],
                        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                        "containers": [
                            {
                                "name": "nvidia-device-plugin",
                                "image": "example.test/plugin:1",
                                "imagePullPolicy": "IfNotPresent",
                                "env": [
                                    {"name": "MIG_STRATEGY", "value": "none"},
                                    {"name": "FAIL_ON_INIT_ERROR", "value": "true"},
                                ],
                                "resources": {
                                    "requests": {"cpu": "10m", "memory": "64Mi"},
                                    "limits": {"memory": "256Mi"},
                                },
                                "securityContext": {
                                    "allowPrivilegeEscalation": False,
                                    "capabilities": {"drop": ["ALL"]},
                                    "readOnlyRootFilesystem": True,
                                },
                                "volumeMounts": [{"name": "plugins", "mountPath": folder}],
                            }
                        ],
                        "volumes": [
                            {"name": "plugins", "hostPath": {"path": folder, "type": "Directory"}}
                        ],
                    },
                },
            },
        }
    ]
