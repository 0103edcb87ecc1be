"""The node of a local cluster: a whole Kubernetes on one machine, as a list of processes."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tools.cluster.cgroups import CgroupRoot
from tools.cluster.definition import write_private
from tools.cluster.links import Links
from tools.cluster.pki import Authority, kubeconfig, signing_key
from tools.cluster.units import Unit

NODE_NAME = "local"
CNI_BINARIES = "/usr/lib/cni"
DEBIAN_PACKAGES = (
    "conntrack",
    "containernetworking-plugins",
    "iproute2",
    "ipset",
    "iptables",
    "nftables",
    "procps",
    "runc",
    "socat",
    "util-linux",
)
API_PORT = 6443
NODE_PORT = 30088
"""The gateway's port on the node's address."""
DNS_IP, GATEWAY_IP = 10, 11
"""Fixed addresses in the service range: its first 16 are never given out by chance."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Node:
    """The processes of one node and the files they read.

    `tool` gives the file of a tool by its name, `pause_image` the reference of the image that
    holds a pod's namespaces.
    """

    folder: Path
    links: Links
    cgroup: CgroupRoot
    gateway_port: int
    tool: Callable[[str], Path]
    pause_image: str
    has_sys_resource: bool

    @property
    def server(self) -> str:
        """The address of the Kubernetes API, for the host and the node alike."""
        return f"https://{self.links.node_ip}:{API_PORT}"

    def write_certificates(self, context: str) -> None:
        """Write certificates and kubeconfigs where they are missing or run out."""
        pki = self.folder / "pki"
        ca = Authority(pki)
        ca.issue("admin", "admin", "system:masters")
        ca.issue(
            "apiserver",
            "kube-apiserver",
            hosts=[
                "kubernetes",
                "kubernetes.default",
                "kubernetes.default.svc",
                "kubernetes.default.svc.cluster.local",
                "localhost",
                self.links.service_ip(1),
                self.links.node_ip,
            ],
        )
        ca.issue("etcd", "etcd", hosts=["localhost", "127.0.0.1"])
        ca.issue("etcd-client", "kube-apiserver-etcd-client")
        ca.issue(
            "kubelet", f"system:node:{NODE_NAME}", "system:nodes", [NODE_NAME, self.links.node_ip]
        )
        ca.issue("controller-manager", "system:kube-controller-manager")
        ca.issue("scheduler", "system:kube-scheduler")
        ca.issue("proxy", "system:kube-proxy")
        # The aggregator has an authority of its own: whom that one signed may speak for others.
        Authority(pki / "aggregator").issue("client", "front-proxy-client")
        signing_key(pki, "service-account")
        for user in ("admin", "kubelet", "controller-manager", "scheduler", "proxy"):
            text = kubeconfig(pki, user, self.server, context)
            write_private(self.folder / "kubeconfigs" / user, text)
        write_private(self.folder / "kubeconfig", kubeconfig(pki, "admin", self.server, context))

    def units(self) -> list[Unit]:
        """Every process of the node."""
        return [*self.base_units(), *self.agent_units(), *self.node_units()]

    def base_units(self) -> list[Unit]:
        """The processes that need no other to be ready, their configuration files written."""
        return [
            self._etcd(),
            self._containerd(),
            self._apiserver(),
            self._controller_manager(),
            self._scheduler(),
            self._forwarder(),
        ]

    def agent_units(self) -> list[Unit]:
        """The processes that end, or wait long, unless containerd and the API server are ready."""
        return [self._kubelet(), self._proxy()]

    def node_units(self) -> list[Unit]:
        """The processes that end unless the node is known to the API server."""
        return [self._policy()]

    def _etcd(self) -> Unit:
        return self._unit(
            "etcd",
            [
                "--name=local",
                f"--data-dir={self.folder / 'etcd'}",
                "--listen-client-urls=https://127.0.0.1:2379",
                "--advertise-client-urls=https://127.0.0.1:2379",
                "--listen-peer-urls=http://127.0.0.1:2380",
                *self._pki_flags(
                    **{
                        "cert-file": "etcd.crt",
                        "key-file": "etcd.key",
                        "trusted-ca-file": "ca.crt",
                    }
                ),
                "--client-cert-auth",
                "--log-level=warn",
            ],
        )

    def _apiserver(self) -> Unit:
        return self._unit(
            "kube-apiserver",
            [
                f"--bind-address={self.links.node_ip}",
                f"--advertise-address={self.links.node_ip}",
                f"--secure-port={API_PORT}",
                "--etcd-servers=https://127.0.0.1:2379",
                f"--service-cluster-ip-range={self.links.service_cidr}",
                "--authorization-mode=Node,RBAC",
                "--enable-admission-plugins=NodeRestriction",
                "--allow-privileged",
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                "--kubelet-preferred-address-types=InternalIP",
                "--requestheader-allowed-names=front-proxy-client",
                "--requestheader-username-headers=X-Remote-User",
                "--requestheader-group-headers=X-Remote-Group",
                "--requestheader-extra-headers-prefix=X-Remote-Extra-",
                "--profiling=false",
                *self._pki_flags(
                    **{
                        "tls-cert-file": "apiserver.crt",
                        "tls-private-key-file": "apiserver.key",
                        "client-ca-file": "ca.crt",
                        "etcd-cafile": "ca.crt",
                        "etcd-certfile": "etcd-client.crt",
                        "etcd-keyfile": "etcd-client.key",
                        "kubelet-certificate-authority": "ca.crt",
                        "kubelet-client-certificate": "admin.crt",
                        "kubelet-client-key": "admin.key",
                        "service-account-key-file": "service-account.pub",
                        "service-account-signing-key-file": "service-account.key",
                        "requestheader-client-ca-file": "aggregator/ca.crt",
                        "proxy-client-cert-file": "aggregator/client.crt",
                        "proxy-client-key-file": "aggregator/client.key",
                    }
                ),
            ],
        )

    def _controller_manager(self) -> Unit:
        return self._unit(
            "kube-controller-manager",
            [
                f"--kubeconfig={self.folder / 'kubeconfigs' / 'controller-manager'}",
                "--bind-address=127.0.0.1",
                "--use-service-account-credentials",
                "--leader-elect=false",
                "--allocate-node-cidrs",
                f"--cluster-cidr={self.links.pod_cidr}",
                "--node-cidr-mask-size=24",
                "--profiling=false",
                *self._pki_flags(
                    **{
                        "root-ca-file": "ca.crt",
                        "service-account-private-key-file": "service-account.key",
                    }
                ),
            ],
        )

    def _scheduler(self) -> Unit:
        return self._unit(
            "kube-scheduler",
            [
                f"--kubeconfig={self.folder / 'kubeconfigs' / 'scheduler'}",
                "--bind-address=127.0.0.1",
                "--leader-elect=false",
                "--profiling=false",
            ],
        )

    def _containerd(self) -> Unit:
        state = "/run/containerd"  # on the node's own /run
        cri = {
            "io.containerd.cri.v1.images": {
                "snapshotter": "overlayfs",
                "pinned_images": {"sandbox": self.pause_image},
            },
            "io.containerd.cri.v1.runtime": {
                "restrict_oom_score_adj": not self.has_sys_resource,
                "disable_apparmor": True,
                "cni": {"bin_dirs": [CNI_BINARIES], "conf_dir": str(self.folder / "cni")},
                "containerd": {
                    "runtimes": {
                        "runc": {
                            "runtime_type": "io.containerd.runc.v2",
                            "options": {"BinaryName": "/usr/sbin/runc", "SystemdCgroup": False},
                        }
                    }
                },
            },
        }
        config = {
            "version": 3,
            "root": str(self.folder / "containerd"),
            "state": state,
            "disabled_plugins": [
                "io.containerd.nri.v1.nri",
                "io.containerd.tracing.processor.v1.otlp",
            ],
            "grpc": {"address": f"{state}/containerd.sock"},
            "plugins": cri,
        }
        path = self._write("containerd.toml", _toml(config))
        binary = self.tool("containerd")
        # Its shim must be the one of this build.
        search = f"{binary.parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return self._unit("containerd", ["--config", str(path)], files=[path], PATH=search)

    def _kubelet(self) -> Unit:
        cni = {
            "cniVersion": "1.0.0",
            "name": "easymaker",
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": "pods0",
                    "isGateway": True,
                    "ipMasq": True,
                    "hairpinMode": True,
                    "ipam": {
                        "type": "host-local",
                        "dataDir": str(self.folder / "cni-addresses"),
                        "ranges": [[{"subnet": self.links.pod_cidr}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        }
        write_private(self.folder / "cni" / "10-easymaker.conflist", json.dumps(cni, indent=2))
        pki = self.folder / "pki"
        config = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": self.links.node_ip,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(pki / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(pki / "kubelet.crt"),
            "tlsPrivateKeyFile": str(pki / "kubelet.key"),
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self.cgroup.name}",
            "failCgroupV1": False,
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            "clusterDomain": "cluster.local",
            "clusterDNS": [self.links.service_ip(DNS_IP)],
            "resolvConf": "",
            # Nothing could pull an image again, so none is ever removed, and no pod is evicted
            # for the disk's sake.
            "imageGCHighThresholdPercent": 100,
            "imageMaximumGCAge": "0s",
            "evictionHard": {},
            "podLogsDir": "/var/log/pods",
        }
        path = self._write("kubelet.yaml", yaml.safe_dump(config))
        return self._unit(
            "kubelet",
            [
                f"--config={path}",
                f"--kubeconfig={self.folder / 'kubeconfigs' / 'kubelet'}",
                f"--hostname-override={NODE_NAME}",
                "--root-dir=/run/easymaker/kubelet",
                "--cert-dir=/run/easymaker/kubelet/pki",
                f"--node-ip={self.links.node_ip}",
            ],
            files=[path],
        )

    def _proxy(self) -> Unit:
        config = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "clientConnection": {"kubeconfig": str(self.folder / "kubeconfigs" / "proxy")},
            "hostnameOverride": NODE_NAME,
            "bindAddress": self.links.node_ip,
            "healthzBindAddress": "127.0.0.1:10256",
            "metricsBindAddress": "127.0.0.1:10249",
            "conntrack": {"maxPerCore": 0},
        }
        path = self._write("kube-proxy.yaml", yaml.safe_dump(config))
        return self._unit("kube-proxy", [f"--config={path}"], files=[path])

    def _policy(self) -> Unit:
        return self._unit(
            "kube-router",
            [
                f"--kubeconfig={self.folder / 'kubeconfigs' / 'admin'}",
                f"--hostname-override={NODE_NAME}",
                "--run-firewall=true",
                "--run-router=false",
                "--run-service-proxy=false",
                "--run-loadbalancer=false",
                f"--service-cluster-ip-range={self.links.service_cidr}",
                "--service-node-port-range=30000-32767",
                "--health-port=0",
                "--metrics-port=0",
            ],
        )

    def _forwarder(self) -> Unit:
        """The gateway's address on the host: nothing but loopback listens there."""
        listen = f"TCP-LISTEN:{self.gateway_port},bind=127.0.0.1,reuseaddr,fork,backlog=128"
        target = f"TCP:{self.links.node_ip}:{NODE_PORT}"
        return Unit(name="gateway-forwarder", argv=("/usr/bin/socat", listen, target), inside=False)

    def _unit(
        self, name: str, flags: list[str], files: list[Path] | None = None, **env: str
    ) -> Unit:
        # What a flag names below the folder is read at start too: certificates, kubeconfigs.
        named = [Path(f.partition("=")[2]) for f in flags if f"={self.folder}/" in f]
        read = [*(files or []), *(path for path in named if path.is_file())]
        return Unit(
            name=name,
            argv=(str(self.tool(name)), *flags),
            files=tuple(dict.fromkeys(read)),
            environment=env,
        )

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / "config" / name
        write_private(path, text)
        return path

    def _pki_flags(self, **names: str) -> list[str]:
        return [f"--{flag}={self.folder / 'pki' / file}" for flag, file in names.items()]


def _toml(table: dict[str, Any], path: tuple[str, ...] = ()) -> str:
    """A TOML table of texts, numbers, booleans and lists of them (JSON's forms are TOML's)."""
    plain = {k: v for k, v in table.items() if not isinstance(v, dict)}
    head = f"[{'.'.join(json.dumps(part) for part in path)}]\n" if path else ""
    text = head + "".join(f"{json.dumps(k)} = {json.dumps(v)}\n" for k, v in plain.items())
    inner = [_toml(v, (*path, k)) for k, v in table.items() if isinstance(v, dict)]
    return "\n".join([text, *inner])
