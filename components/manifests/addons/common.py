"""What the objects of all add-ons share."""

from collections.abc import Mapping, Sequence

from components.manifests import Manifest
from components.manifests.metadata import STACK_ANNOTATION, labels
from schemas.addons import SYSTEM_NAMESPACE

KIND = "addon"
SYSTEM = SYSTEM_NAMESPACE
"""Where what is the cluster's own runs."""
CRITICAL: Manifest = {"priorityClassName": "system-cluster-critical"}
"""Of pods without which nothing else gets a node or a request."""


def made(
    api: str, kind: str, addon: str, name: str, namespace: str = "", **fields: object
) -> Manifest:
    """An object of an add-on's; one without a namespace is the cluster's."""
    metadata: Manifest = {"name": name, "labels": labels(KIND, addon)}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def home(addon: str, name: str, stack: str, level: str) -> Manifest:
    """A namespace that `stack` makes, at a level of Pod Security."""
    namespace = made("v1", "Namespace", addon, name)
    namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = level
    namespace["metadata"]["annotations"] = {STACK_ANNOTATION: stack}
    return namespace


def account(
    addon: str,
    name: str,
    namespace: str,
    cluster_rules: Sequence[Manifest],
    own_rules: Sequence[Manifest] = (),
) -> list[Manifest]:
    """A service account with what it may do: in the cluster, and in its own namespace."""
    found = [made("v1", "ServiceAccount", addon, name, namespace)]
    for kind, where, rules in (
        ("ClusterRole", "", cluster_rules),
        ("Role", namespace, own_rules),
    ):
        if rules:
            # Roles of the cluster stand in no namespace: the name says whose they are.
            role = name if where else f"easymaker:{KIND}:{name}"
            found += [
                made(_RBAC, kind, addon, role, where, rules=list(rules)),
                made(
                    _RBAC,
                    f"{kind}Binding",
                    addon,
                    role,
                    where,
                    roleRef={"apiGroup": _GROUP, "kind": kind, "name": role},
                    subjects=[{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
                ),
            ]
    return found


_GROUP = "rbac.authorization.k8s.io"
_RBAC = f"{_GROUP}/v1"


def rule(group: str, resources: Sequence[str], verbs: str, *names: str) -> Manifest:
    """A rule of a role; `verbs` stand between spaces, `names` are those of objects."""
    found: Manifest = {
        "apiGroups": [group],
        "resources": list(resources),
        "verbs": verbs.split(),
    }
    return {**found, "resourceNames": list(names)} if names else found


def spread(found: Mapping[str, str]) -> Manifest:
    """Pods that carry these labels on nodes and in zones of their own, as far as there are some."""
    return {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": dict(found)},
            }
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ]
    }
