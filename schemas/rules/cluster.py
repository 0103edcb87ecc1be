"""A cluster on AWS: zones, network, who may use it, and names that AWS bounds."""

import ipaddress
from collections.abc import Sequence

from schemas.base import shown
from schemas.cluster import Cluster, EndpointAccess, ExistingNetwork, NewNetwork
from schemas.nearest import listed
from schemas.partition import SUPPORTED, partition
from schemas.rules import pool
from schemas.shape import Path
from schemas.spec import Spec, has, well_named

_PRIVATE = [
    ipaddress.IPv4Network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        # Nobody routes these, and AWS proposes them for pods.
        *("100.64.0.0/10", "198.18.0.0/15"),
    )
]
_BUCKET_LENGTH = 63 - len("--123456789012")
_OF_ELB = "internal-"
_ZONES = "abcdefg"
"""Letters of zones for which a new network has addresses; AWS uses no others."""
_RESERVED_TAGS = (
    "kubernetes.io/",
    "k8s.io/",
    "easymaker.io/",
    "easymaker:",
    "eks:",
    "karpenter.sh/",
)


def check(spec: Spec, cluster: Cluster) -> None:
    if has(cluster, "cluster"):
        name(spec, cluster.cluster)
    if has(cluster, "region"):
        region(spec, cluster.region)
    zones(spec, cluster)
    if has(cluster, "network"):
        network(spec, cluster.network)
    if has(cluster, "endpoint_access"):
        own = isinstance(getattr(cluster, "network", None), NewNetwork)
        endpoint_access(spec, cluster.endpoint_access, own)
    access(spec, cluster)
    pool.check(spec, cluster)
    buckets(spec, cluster)
    once(spec, getattr(cluster, "repositories", []), ("repositories",))
    tags(spec, getattr(cluster, "tags", {}))


def once(spec: Spec, items: Sequence[str], path: Path) -> None:
    """A list names each thing once."""
    for index, item in enumerate(items):
        if item in items[:index]:
            spec.report("listed-twice", (*path, index), f"{item!r} is listed twice", "remove one")


def name(spec: Spec, written: str) -> None:
    """The load balancer has the cluster's name."""
    if written.startswith(_OF_ELB):
        message = f"{written!r} starts with {_OF_ELB}, which ELB keeps for itself"
        hint = f"such as {written.removeprefix(_OF_ELB)!r}"
        spec.report("cluster-name", ("cluster",), message, hint)


def region(spec: Spec, name: str) -> None:
    """The region is in a cloud where services have the names that policies give them."""
    if (found := partition(name)) not in SUPPORTED:
        message = f"{name!r} is in {found}, a cloud with other names and services"
        spec.report("region-partition", ("region",), message, f"{listed(SUPPORTED)} are supported")


def zones(spec: Spec, cluster: Cluster) -> None:
    """Zones are of the region, and a new network has addresses for them."""
    once(spec, getattr(cluster, "zones", []), ("zones",))
    if not has(cluster, "zones", "region"):
        return
    there = {zone[:-1] for zone in cluster.zones}
    if len(there) == 1 and cluster.region not in there:
        message = f"{cluster.region!r} is not the region of its zones"
        spec.report("zone-region", ("region",), message, f"did you mean {there.pop()!r}?")
        return
    for index, zone in enumerate(cluster.zones):
        if zone[:-1] != cluster.region:
            message = f"{zone!r} is no zone of {cluster.region}"
            hint = f"such as {cluster.region}{zone[-1]}"
            spec.report("zone-region", ("zones", index), message, hint)
        elif zone[-1] not in _ZONES and isinstance(getattr(cluster, "network", None), NewNetwork):
            message = f"a new network has no addresses for zone {zone!r}"
            hint = f"zones {_ZONES[0]} to {_ZONES[-1]} have some; or use an existing network"
            spec.report("zone-addresses", ("zones", index), message, hint)


def network(spec: Spec, written: NewNetwork | ExistingNetwork) -> None:
    """A new network is private and has room; subnets that exist are named once."""
    if isinstance(written, ExistingNetwork):
        once(spec, getattr(written, "private_subnets", []), ("network", "private_subnets"))
        return
    if not has(written, "cidr"):
        return
    path = ("network", "cidr")
    found = ipaddress.IPv4Network(written.cidr, strict=False)
    if str(found) != written.cidr:
        message = f"{written.cidr} is an address within {found}"
        spec.report("network-range", path, message, f"did you mean {str(found)!r}?")
    elif not 16 <= found.prefixlen <= 20:
        message = f"the network is /{found.prefixlen}, /16 to /20 are allowed"
        hint = "every pod takes an address" if found.prefixlen > 20 else "AWS allows no larger one"
        spec.report("network-range", path, message, hint)
    elif not any(found.subnet_of(whole) for whole in _PRIVATE):
        message = f"{found} is no private range"
        spec.report("network-range", path, message, "such as 10.0.0.0/16")


_CALLERS = {
    "public_cidrs": (False, "is private, and this is about calls from the internet"),
    "private_cidrs": (True, "is no private range, and this is about calls inside the network"),
}
"""By key of `endpoint_access`: whether its ranges are private, and what is said of others."""


def endpoint_access(spec: Spec, written: EndpointAccess, own_network: bool) -> None:
    """Who calls from the internet has public addresses, who calls inside has private ones: or any
    in a network of somebody, who may use public ranges in it."""
    for key, (private, otherwise) in _CALLERS.items():
        path = ("endpoint_access", key)
        cidrs = getattr(written, key, [])
        once(spec, cidrs, path)
        (other,) = _CALLERS.keys() - {key}
        for index, text in enumerate(cidrs):
            found = ipaddress.IPv4Network(text, strict=False)
            if str(found) != text:
                message = f"{text} is an address within {found}"
                hint = f"did you mean {str(found)!r}?"
                spec.report("network-range", (*path, index), message, hint)
            elif private and not own_network:
                continue
            elif any(found.subnet_of(whole) for whole in _PRIVATE) != private:
                message, hint = f"{text} {otherwise}", f"such ranges belong into {other}"
                if private and any(found.overlaps(whole) for whole in _PRIVATE):
                    # Whoever moved these to the other key would let the whole internet call.
                    hint = f"ranges within {', '.join(map(str, _PRIVATE))} are"
                spec.report("network-range", (*path, index), message, hint)


def access(spec: Spec, cluster: Cluster) -> None:
    """A principal has one entry, and is of the partition of the region."""
    seen: dict[str, str] = {}
    region = getattr(cluster, "region", "")
    wanted = partition(region)
    for name, entry in getattr(cluster, "access", {}).items():
        once(spec, getattr(entry, "namespaces", []), ("access", name, "namespaces"))
        path = ("access", name, "principal")
        if not has(entry, "principal"):
            continue
        first = seen.setdefault(entry.principal, name)
        if first != name:
            message = f"access.{first} is for {shown(entry.principal)} too"
            hint = "EKS has one entry a principal: give it a role for each use"
            spec.report("principal-twice", path, message, hint)
        if ":role/aws-service-role/" in entry.principal:
            message = "is a service-linked role, which EKS gives no access entry"
            spec.report("service-role", path, message, "name the role that people take")
        own = entry.principal.split(":")[1]
        if region and own != wanted:
            message = f"is of the partition {own}, but {region} is in {wanted}"
            spec.report("principal-partition", path, message)


def buckets(spec: Spec, cluster: Cluster) -> None:
    """`<cluster>-<name>-<account id>` has at most 63 characters."""
    if not has(cluster, "cluster", "buckets"):
        return
    for name in well_named(cluster.buckets):
        over = len(cluster.cluster) + len(name) - _BUCKET_LENGTH
        if over > 0:
            message = (
                f"the bucket {cluster.cluster}-{name}-<account id> would have {63 + over} "
                "characters, S3 allows 63"
            )
            spec.report(
                "bucket-length", ("buckets", name), message, f"shorten it by {over}", at_key=True
            )


def tags(spec: Spec, written: dict[str, str]) -> None:
    """Tags do not take the place of what others own, nor of each other: IAM compares their keys
    without case."""
    seen: dict[str, str] = {}
    for key in well_named(written):
        if key.lower().startswith(_RESERVED_TAGS):
            message = f"{key!r} is reserved: others own {listed(_RESERVED_TAGS)}"
            spec.report("reserved-label", ("tags", key), message, at_key=True)
        elif (first := seen.setdefault(key.lower(), key)) != key:
            message = f"{key!r} differs from {first!r} by case alone, which IAM leaves out"
            spec.report("tag-twice", ("tags", key), message, "remove one", at_key=True)
