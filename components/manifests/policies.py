"""NetworkPolicies of a workspace: nothing gets into or out of its pods but what is named here.

NAS needs no rule: the node mounts it, not the pod.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType
from urllib.parse import urlsplit

from components.manifests import Manifest, sign_in, stores
from components.manifests.metadata import KIND_LABEL, NAME_LABEL, labels
from schemas import names, resolved

SERVED_PORTS = {"stage": 8080, "notebook": 8888, "experiment": 6006}
"""Kind of pods -> the port where the gateway reaches them."""
_EVERYWHERE = "0.0.0.0/0"
_LINK_LOCAL = IPv4Network("169.254.0.0/16")
"""Where nodes of a cloud answer what they are, with credentials of theirs."""
_POD_IDENTITY = "169.254.170.23/32"
"""Where the agent of EKS Pod Identity answers on each node."""
_WITH_ROLE = ["check", "experiment", "log-reader", "stage", "training"]
"""Kinds of pods that read or write object storage."""
_API_PORTS = (443, 6443)
_SERVICE = re.compile(r"[^.]+\.([^.]+)\.svc(\..*)?")


_TO_DNS: Manifest = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
}


def policies(workspace: resolved.Workspace) -> list[Manifest]:
    """All but those of trainings; policies add up, so that each says one thing."""
    platform = workspace.platform
    gateway = _pods(platform.gateway.namespace, platform.gateway.pod_selector)
    found = [
        _policy(workspace.name, "default-deny", {}, {"policyTypes": ["Ingress", "Egress"]}),
        _egress(
            workspace.name,
            "allow-dns",
            {},
            [_TO_DNS],
        ),
    ]
    if storage := [
        _to_url(platform, stores.endpoint(platform, h)) for h in platform.object_storage
    ]:
        found.append(_egress(workspace.name, "allow-object-storage", {}, _once(storage)))
    if platform.is_on_aws:
        with_role = {
            "matchExpressions": [{"key": KIND_LABEL, "operator": "In", "values": _WITH_ROLE}]
        }
        found.append(pod_identity_policy(workspace.name, with_role))
    if index := platform.packages.python_index:
        installing = {
            "matchExpressions": [
                {"key": KIND_LABEL, "operator": "In", "values": ["notebook", "training"]}
            ]
        }
        rules = [_to_url(platform, index)]
        found.append(_egress(workspace.name, "allow-python-index", installing, rules))
    if urls := _issuers(workspace):
        stages = {"matchLabels": {KIND_LABEL: "stage"}}
        rules = _once([_to_url(platform, url) for url in urls])
        found.append(_egress(workspace.name, "allow-token-issuers", stages, rules))
    if named := platform.packages.egress:
        rules = [_to(_block(egress.cidr), *egress.ports) for egress in named.values()]
        found.append(_egress(workspace.name, "allow-egress", {}, rules))
    if workspace.experiments:
        # Where the API server is no policy can name; only this pod has a token for it.
        cleaning = {"matchLabels": {KIND_LABEL: "retention"}}
        to_api = _to(_block(_EVERYWHERE), *_API_PORTS)
        found.append(_egress(workspace.name, "allow-api-server", cleaning, [to_api]))
    if platform.access:
        people = {
            "matchExpressions": [
                {"key": KIND_LABEL, "operator": "In", "values": ["experiment", "notebook"]}
            ]
        }
        rules = [_to_url(platform, platform.access.issuer)]
        found.append(_egress(workspace.name, "allow-issuer", people, rules))
    for kind, own in SERVED_PORTS.items():
        port = own if kind == "stage" else sign_in.port(platform, own)
        rule = {"from": [gateway], "ports": [{"protocol": "TCP", "port": port}]}
        spec = {"policyTypes": ["Ingress"], "ingress": [rule]}
        selected = {"matchLabels": {KIND_LABEL: kind}}
        found.append(_policy(workspace.name, f"allow-gateway-{kind}", selected, spec))
    return found


def _issuers(workspace: resolved.Workspace) -> list[str]:
    """Where stages fetch the keys that they check tokens with."""
    tokens = [endpoint.access.jwt for endpoint in workspace.endpoints.values()]
    return sorted({jwt.jwks_url for jwt in tokens if jwt and jwt.jwks_url})


def collector_policies(platform: resolved.Platform, namespace: str, sink: str) -> list[Manifest]:
    """Of a namespace whose pods reach the sink of logs and nothing else; `sink` is its URL."""
    everyone: Mapping[str, object] = {}
    return [
        _policy(namespace, "default-deny", everyone, {"policyTypes": ["Ingress", "Egress"]}),
        _egress(namespace, "allow-dns", everyone, [_TO_DNS]),
        _egress(namespace, "allow-sink", everyone, [_to_url(platform, sink)]),
    ]


def addon_collector_policies(namespace: str) -> list[Manifest]:
    """Of the namespace of the cluster's own collector, which calls AWS and nothing else."""
    everyone: Mapping[str, object] = {}
    return [
        _policy(namespace, "default-deny", everyone, {"policyTypes": ["Ingress", "Egress"]}),
        _egress(namespace, "allow-dns", everyone, [_TO_DNS]),
        _egress(namespace, "allow-sink", everyone, [_to(_block(_EVERYWHERE), 443)]),
        pod_identity_policy(namespace),
    ]


def pod_identity_policy(
    namespace: str, selector: Mapping[str, object] = MappingProxyType({})
) -> Manifest:
    """For pods with roles, on AWS; without a selector for all of a namespace."""
    agent = _to(_block(_POD_IDENTITY), 80)
    return _egress(namespace, "allow-pod-identity", selector, [agent])


def training_peers(namespace: str, training: str) -> Manifest:
    """The instances of a training reach each other, at whatever port their framework takes."""
    instances = {"matchLabels": {KIND_LABEL: "training", NAME_LABEL: training}}
    peers = [{"podSelector": instances}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": names.object_name("training", training),
            "namespace": namespace,
            "labels": labels("training", training),
        },
        "spec": {
            "podSelector": instances,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": peers}],
            "egress": [{"to": peers}],
        },
    }


def _policy(
    namespace: str, name: str, selector: Mapping[str, object], spec: Mapping[str, object]
) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels("workspace", namespace),
        },
        "spec": {"podSelector": dict(selector), **spec},
    }


def _egress(
    namespace: str, name: str, selector: Mapping[str, object], rules: Sequence[Manifest]
) -> Manifest:
    spec = {"policyTypes": ["Egress"], "egress": list(rules)}
    return _policy(namespace, name, selector, spec)


def _to(peer: Manifest, *ports: int) -> Manifest:
    return {"to": [peer], "ports": [{"protocol": "TCP", "port": port} for port in ports]}


def _to_url(platform: resolved.Platform, url: str) -> Manifest:
    """To where a URL leads.

    Hosts below the platform's domain are the gateway, `<service>.<namespace>.svc` is in a
    namespace. Policies know no other names, so any other host may be anywhere.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if host.endswith(f".{platform.domain}"):
        gateway = platform.gateway
        return _to(_pods(gateway.namespace, gateway.pod_selector), port)
    if service := _SERVICE.fullmatch(host):
        return _to({"namespaceSelector": _named(service[1])}, port)
    return _to(_block(f"{host}/32" if _is_address(host) else _EVERYWHERE), port)


def _is_address(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def _block(cidr: str) -> Manifest:
    """A range without the link-local addresses, unless it lies among them."""
    network = IPv4Network(cidr, strict=False)
    block: Manifest = {"cidr": str(network)}
    if network != _LINK_LOCAL and network.supernet_of(_LINK_LOCAL):
        block["except"] = [str(_LINK_LOCAL)]
    return {"ipBlock": block}


def _pods(namespace: str, selector: Mapping[str, str]) -> Manifest:
    return {
        "namespaceSelector": _named(namespace),
        "podSelector": {"matchLabels": dict(selector)},
    }


def _named(namespace: str) -> Manifest:
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


def _once(rules: Sequence[Manifest]) -> list[Manifest]:
    return [rule for number, rule in enumerate(rules) if rule not in rules[:number]]
