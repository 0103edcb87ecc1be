"""The configuration files of a node's processes, as texts."""

import json
from pathlib import Path
from typing import Any

import yaml

from tools.cluster.cgroups import CgroupRoot

CNI_BINARIES = "/usr/lib/cni"  # where Debian's package has them
CONTAINERD_STATE = "/run/containerd"  # on the node's own /run


def containerd(folder: Path, pause_image: str, has_sys_resource: bool) -> str:
    """containerd, with all that it keeps in `folder`. Without CAP_SYS_RESOURCE no score of a
    process can be lowered, and it must not try."""
    runc = {
        "runtime_type": "io.containerd.runc.v2",
        "options": {"BinaryName": "/usr/sbin/runc", "SystemdCgroup": False},
    }
    return _toml(
        {
            "version": 3,
            "root": str(folder / "containerd"),
            "state": CONTAINERD_STATE,
            "disabled_plugins": [
                "io.containerd.nri.v1.nri",
                "io.containerd.tracing.processor.v1.otlp",
            ],
            "grpc": {"address": f"{CONTAINERD_STATE}/containerd.sock"},
            "plugins": {
                "io.containerd.cri.v1.images": {
                    "snapshotter": "overlayfs",
                    "pinned_images": {"sandbox": pause_image},
                },
                "io.containerd.cri.v1.runtime": {
                    "restrict_oom_score_adj": not has_sys_resource,
                    "disable_apparmor": True,
                    "cni": {"bin_dirs": [CNI_BINARIES], "conf_dir": str(folder / "cni")},
                    "containerd": {"runtimes": {"runc": runc}},
                },
            },
        }
    )


def pod_network(folder: Path, pod_cidr: str) -> str:
    """The network of pods: a bridge that hands out addresses of `pod_cidr`."""
    bridge = {
        "type": "bridge",
        "bridge": "pods0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(folder / "cni-addresses"),
            "ranges": [[{"subnet": pod_cidr}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    content = {"cniVersion": "1.0.0", "name": "easymaker", "plugins": [bridge, ports]}
    return json.dumps(content, indent=2)


def kubelet(pki: Path, node_ip: str, dns_ip: str, cgroup: CgroupRoot) -> str:
    """The kubelet. Nothing could pull an image again, so none is ever removed, and no pod is
    evicted for the disk's sake."""
    # A process that takes too much memory ends alone, with either version of cgroups: what started
    # it can say so.
    alone = {"singleProcessOOMKill": True} if cgroup.version == 2 else {}
    return yaml.safe_dump(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": node_ip,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(pki / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(pki / "kubelet.crt"),
            "tlsPrivateKeyFile": str(pki / "kubelet.key"),
            "containerRuntimeEndpoint": f"unix://{CONTAINERD_STATE}/containerd.sock",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{cgroup.name}",
            **alone,
            "failCgroupV1": False,
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            "clusterDomain": "cluster.local",
            "clusterDNS": [dns_ip],
            "resolvConf": "",
            "imageGCHighThresholdPercent": 100,
            "imageMaximumGCAge": "0s",
            "evictionHard": {},
            "podLogsDir": "/var/log/pods",
        }
    )


def kube_proxy(kubeconfig: Path, node_name: str, node_ip: str) -> str:
    """kube-proxy, which leaves the host's limit of tracked connections alone."""
    return yaml.safe_dump(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "hostnameOverride": node_name,
            "bindAddress": node_ip,
            "healthzBindAddress": "127.0.0.1:10256",
            "metricsBindAddress": "127.0.0.1:10249",
            "conntrack": {"maxPerCore": 0},
        }
    )


def _toml(table: dict[str, Any], path: tuple[str, ...] = ()) -> str:
    """A TOML table of texts, numbers, booleans and lists of them (JSON's forms are TOML's)."""
    plain = {k: v for k, v in table.items() if not isinstance(v, dict)}
    head = f"[{'.'.join(json.dumps(part) for part in path)}]\n" if path else ""
    text = head + "".join(f"{json.dumps(k)} = {json.dumps(v)}\n" for k, v in plain.items())
    inner = [_toml(v, (*path, k)) for k, v in table.items() if isinstance(v, dict)]
    return "\n".join([text, *inner])
