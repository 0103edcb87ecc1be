"""A cluster on a node of our own: Kubernetes' processes on this machine, in their namespaces."""

import dataclasses
import os
import platform
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import debian, images, toolchain
from tools.cluster import addons, host, kubeconfig, probe
from tools.cluster.addons import ObjectStorage
from tools.cluster.backend import Health, Say
from tools.cluster.cgroups import CgroupRoot
from tools.cluster.definition import DOMAIN, Definition, write
from tools.cluster.kubectl import Kubectl
from tools.cluster.links import Links
from tools.cluster.namespaces import Namespaces
from tools.cluster.node import (
    DEBIAN_PACKAGES,
    DNS_IP,
    GATEWAY_IP,
    NODE_NAME,
    NODE_PORT,
    Node,
)
from tools.cluster.store import NodeImages
from tools.cluster.units import Units
from tools.errors import ToolError
from tools.process import run

FREE_GIB = 5
"""Images, logs and volumes of a small cluster."""
CAP_SYS_RESOURCE = 24
_PATIENCE_SECONDS = 300
"""For what takes seconds on a machine of its own; one that others use too can take minutes."""
_PATIENTLY = f"--timeout={_PATIENCE_SECONDS}s"


class NodeBackend:
    """See the module. Made for a definition whose index is settled by `up`."""

    def __init__(self, definition: Definition, folder: Path) -> None:
        self.definition = definition
        self.folder = folder
        self._namespaces = Namespaces(folder)

    @staticmethod
    def missing() -> str:
        """Why this machine can't run a node, empty if it can."""
        if platform.system() != "Linux":
            return f"a node of its own needs Linux, this is {platform.system()}"
        if os.geteuid() != 0:
            return "a node of its own needs root"
        return ""

    def up(self, say: Say) -> Definition:
        if reason := self.missing():
            raise ToolError(
                reason,
                "run it as root on Linux, or have a Docker engine with kind,"
                " or name a cluster with --kubeconfig or --context",
            )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        probe.require_space(self.folder, FREE_GIB)
        debian.require_packages(DEBIAN_PACKAGES, "the local cluster", say)
        with host.lock():
            self._settle_index()
            host.claim(self.folder, [addons.OBJECTS_HOST])
            self._prepare(say)
        node, units = self._node(), self._units()
        node.write_certificates(self.definition.context)
        started = [unit.name for unit in node.base_units() if units.ensure(unit)]
        store, kubectl = self.images(), self.kubectl()
        units.wait("containerd", store.ready, "containerd")
        with ThreadPoolExecutor(1) as pool:
            # The node comes up while the images are built, and starts with what is there.
            rising = pool.submit(self._rise, node, units, kubectl, started, say)

            def arrived(names: Sequence[str]) -> None:
                rising.result()
                self._apply(kubectl, [a for a, image in addons.NEEDS.items() if image in names])

            try:
                images.ensure_loaded(store, addons.IMAGES, say, arrived)
            except BaseException:
                units.give_up()
                raise
        if self.definition.simulated_gpus:
            self._simulate_gpus(kubectl)
        if probe.problems(kubectl, self.definition.gateway_port):
            self._await(kubectl, units, say)
        kubeconfig.merge(self.definition.context, self.folder / "kubeconfig")
        return self.definition

    def down(self, keep_data: bool, say: Say) -> None:
        with host.lock():
            if self.definition.index >= 0:
                cgroup = self._cgroup()
                cgroup.kill()
                cgroup.remove()
                links = Links(self.definition.index)
                if links.owner() in (None, str(self.folder)):
                    links.remove()
            self._namespaces.remove()
            host.release(self.folder)
        kubeconfig.remove(self.definition.context)
        shutil.rmtree(self.folder / "units", ignore_errors=True)
        if keep_data:
            say(f"its data stays in {self.folder}")
        else:
            shutil.rmtree(self.folder)

    def health(self) -> Health:
        if not self._namespaces.exist() or self.definition.index < 0:
            return Health(state="stopped")
        units = self._units()
        names = [unit.name for unit in self._node().units()]
        pids = {name: units.pid(name) for name in names}
        processes = {name: pid for name, pid in pids.items() if pid is not None}
        reasons = [f"{name} does not run" for name, pid in pids.items() if pid is None]
        if not processes:
            return Health(state="stopped")
        if not reasons:
            reasons = probe.problems(self.kubectl(), self.definition.gateway_port)
        state = "degraded" if reasons else "running"
        return Health(state=state, reasons=tuple(reasons), processes=processes)

    def kubectl(self) -> Kubectl:
        return Kubectl(toolchain.path("kubectl"), self.folder / "kubeconfig")

    def measure(self, say: Say) -> None:
        kubectl, name = self.kubectl(), "apiservice/v1beta1.metrics.k8s.io"
        available = "jsonpath={.status.conditions[?(@.type=='Available')].status}"
        if kubectl.try_run("get", name, "--ignore-not-found", "-o", available) == "True":
            return
        say("starting metrics-server, for autoscaling")
        folder = toolchain.path("metrics-server").resolve().parent
        values = {"tools_image": images.refs()["tools"], "metrics_folder": str(folder)}
        text = addons.render("metrics.yaml", values)
        kubectl.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)
        kubectl.run("wait", name, "--for=condition=Available", _PATIENTLY)

    def storage(self) -> ObjectStorage:
        return addons.object_storage(self.folder, self.definition.gateway_port)

    def images(self) -> NodeImages:
        """The node's images."""
        return NodeImages(self._namespaces.enter(), toolchain.path("ctr"), self._neighbours)

    def _neighbours(self) -> list[NodeImages]:
        """The other clusters of this machine: an image that one of them has need not be built."""
        found = []
        for folder in host.users():
            namespaces = Namespaces(folder)
            if folder != self.folder and namespaces.exist():
                store = NodeImages(namespaces.enter(), toolchain.path("ctr"))
                if store.ready():
                    found.append(store)
        return found

    def _settle_index(self) -> None:
        """Keep the index, or take the first whose subnets and interface are free."""
        if self.definition.index >= 0:
            owner = Links(self.definition.index).owner()
            if owner not in (None, str(self.folder)):
                raise ToolError(
                    f"the subnets of cluster {self.definition.name!r} are in use by {owner}",
                    "take that one down first",
                )
            return
        index = next((i for i in range(256) if Links(i).is_free()), None)
        if index is None:
            raise ToolError("all subnets that a cluster could use are taken")
        definition = dataclasses.replace(self.definition, index=index)
        self.definition = write(self.folder, definition)

    def _prepare(self, say: Say) -> None:
        """Cgroup, namespaces, link; whatever of a broken run is in the way goes first."""
        cgroup, links = self._cgroup(), Links(self.definition.index)
        inside = self._namespaces.enter()
        if not self._namespaces.exist():
            if cgroup.processes():
                say("ending what an interrupted run left")
                cgroup.kill()
            self._namespaces.create()
            links.remove()
        cgroup.create()
        if not links.is_complete(self.folder):
            links.create(self._namespaces.net, self.folder, inside)
        if self._units().pid("gateway-forwarder") is None:
            probe.require_port(self.definition.gateway_port)

    def _rise(
        self, node: Node, units: Units, kubectl: Kubectl, started: list[str], say: Say
    ) -> None:
        """From the first processes, `started`, to a node that knows its services and policies."""
        authority = self.folder / "pki" / "ca.crt"
        units.wait(
            "kube-apiserver", lambda: probe.api_ready(node.server, authority), "the API server"
        )
        proxy, kubelet = node.agent_units()
        again = kubectl.has("node", NODE_NAME)
        started += [proxy.name] if units.ensure(proxy) else []
        if again:
            # The pods of before start with the kubelet. What calls a service before there are
            # rules for it waits for many seconds until it tries again.
            units.wait(proxy.name, self._knows_services, "the first rules for services")
        started += [kubelet.name] if units.ensure(kubelet) else []
        if started:
            say(f"started {', '.join(started)}")
        addons.apply_gateway_api(kubectl, toolchain.path("gateway-api-crds"))
        kubectl.run("wait", "--for=create", "node", NODE_NAME, _PATIENTLY)
        for unit in node.node_units():
            if units.ensure(unit):
                say(f"started {unit.name}")
        units.wait(proxy.name, self._knows_services, "the first rules for services")

    def _knows_services(self) -> bool:
        """Whether kube-proxy has written rules: the API server's own service is always one."""
        try:
            rules = run([*self._namespaces.enter(), "iptables", "-t", "nat", "-S", "KUBE-SERVICES"])
        except ToolError:
            return False
        return f" {Links(self.definition.index).service_ip(1)}/32 " in rules

    def _apply(self, kubectl: Kubectl, names: Sequence[str]) -> None:
        """Apply these add-ons."""
        if not names:
            return
        links, storage = Links(self.definition.index), self.storage()
        values = {
            "domain": DOMAIN,
            "objects_host": addons.OBJECTS_HOST,
            "dns_ip": links.service_ip(DNS_IP),
            "gateway_ip": links.service_ip(GATEWAY_IP),
            "gateway_port": str(self.definition.gateway_port),
            "node_port": str(NODE_PORT),
            "forward": probe.forward_line(),
            "coredns_folder": str(toolchain.path("coredns").resolve().parent),
            "provisioner_folder": str(toolchain.path("local-path-provisioner").resolve().parent),
            "s3_keys_hash": addons.keys_hash(storage),
            **{f"{name}_image": reference for name, reference in images.refs().items()},
        }
        addons.apply(kubectl, values, storage, names)

    def _await(self, kubectl: Kubectl, units: Units, say: Say) -> None:
        """Wait until everything works, seen from the host."""
        say("waiting for node, DNS, volumes, gateway and object storage")

        # After a restart the API tells what was before, until the kubelet has looked: only an
        # answer is proof of new containers.
        def answers() -> bool:
            return probe.gateway_answers(self.definition.gateway_port, addons.OBJECTS_HOST)

        units.wait("gateway-forwarder", answers, "the gateway's first answer", _PATIENCE_SECONDS)
        kubectl.run("wait", "node", NODE_NAME, "--for=condition=Ready", _PATIENTLY)

        def available(item: tuple[str, str]) -> None:
            namespace, name = item
            kubectl.run("-n", namespace, "rollout", "status", f"deployment/{name}", _PATIENTLY)

        with ThreadPoolExecutor() as pool:
            list(pool.map(available, addons.DEPLOYMENTS.items()))
        # The first one may have been of a pod that goes.
        units.wait("gateway-forwarder", answers, "the gateway's answer", _PATIENCE_SECONDS)

    def _simulate_gpus(self, kubectl: Kubectl) -> None:
        """Say on the node that it has GPUs: enough for the scheduler, nothing computes on them."""
        count = str(self.definition.simulated_gpus)
        gpus = f'{{"nvidia.com/gpu": "{count}"}}'
        kubectl.run(
            "patch", "node", NODE_NAME, "--subresource=status", "--type=merge",
            "-p", f'{{"status": {{"capacity": {gpus}, "allocatable": {gpus}}}}}',
        )  # fmt: skip
        kubectl.run("label", "node", NODE_NAME, "--overwrite", "easymaker.io/gpus=simulated")

    def _cgroup(self) -> CgroupRoot:
        return CgroupRoot(Links(self.definition.index).interface)

    def _units(self) -> Units:
        return Units(self.folder, self._cgroup(), self._namespaces.enter())

    def _node(self) -> Node:
        return Node(
            folder=self.folder,
            links=Links(self.definition.index),
            cgroup=self._cgroup(),
            gateway_port=self.definition.gateway_port,
            tool=toolchain.path,
            pause_image=images.refs()["pause"],
            has_sys_resource=probe.has_capability(CAP_SYS_RESOURCE),
        )
