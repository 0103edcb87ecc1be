"""The node of a local cluster: a whole Kubernetes on one machine, as a list of processes."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from tools.cluster import node_files as files
from tools.cluster.cgroups import CgroupRoot
from tools.cluster.definition import write_private
from tools.cluster.links import Links
from tools.cluster.pki import Authority, kubeconfig, signing_key
from tools.cluster.units import Unit

NODE_NAME = "local"
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
        """The processes that end, or wait long, unless containerd and the API server are ready.

        What runs in pods reaches the API server through kube-proxy's rules, so that comes first.
        """
        return [self._proxy(), self._kubelet()]

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
        text = files.containerd(self.folder, self.pause_image, self.has_sys_resource)
        path = self._write("containerd.toml", text)
        # There before containerd looks: the kubelet would ask for a network again after 5 s only.
        network = files.pod_network(self.folder, self.links.pod_cidr)
        write_private(self.folder / "cni" / "10-easymaker.conflist", network)
        binary = self.tool("containerd")
        # Its shim must be the one of this build.
        search = f"{binary.parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return self._unit("containerd", ["--config", str(path)], read=[path], PATH=search)

    def _kubelet(self) -> Unit:
        dns = self.links.service_ip(DNS_IP)
        text = files.kubelet(self.folder / "pki", self.links.node_ip, dns, self.cgroup)
        path = self._write("kubelet.yaml", text)
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
            read=[path],
        )

    def _proxy(self) -> Unit:
        text = files.kube_proxy(
            self.folder / "kubeconfigs" / "proxy", NODE_NAME, self.links.node_ip
        )
        path = self._write("kube-proxy.yaml", text)
        return self._unit("kube-proxy", [f"--config={path}"], read=[path])

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
        self, name: str, flags: list[str], read: list[Path] | None = None, **env: str
    ) -> Unit:
        # What a flag names below the folder is read at start too: certificates, kubeconfigs.
        named = [Path(f.partition("=")[2]) for f in flags if f"={self.folder}/" in f]
        every = [*(read or []), *(path for path in named if path.is_file())]
        return Unit(
            name=name,
            argv=(str(self.tool(name)), *flags),
            files=tuple(dict.fromkeys(every)),
            environment=env,
        )

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / "config" / name
        write_private(path, text)
        return path

    def _pki_flags(self, **names: str) -> list[str]:
        return [f"--{flag}={self.folder / 'pki' / file}" for flag, file in names.items()]
