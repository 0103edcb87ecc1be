"""A resolved cluster, or its add-ons, as the document that says the same."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from schemas import compute
from schemas import resolved_cluster as resolved
from schemas.header import API_VERSION

Document = dict[str, object]


def cluster_document(cluster: resolved.Cluster) -> Document:
    """The whole spec of a cluster as one document."""
    return {
        "api_version": API_VERSION,
        "kind": "Cluster",
        "cluster": cluster.name,
        "region": cluster.region,
        "zones": list(cluster.zones),
        "kubernetes_version": cluster.kubernetes_version,
        "network": _network(cluster.network),
        "endpoint_access": _listed(asdict(cluster.endpoint_access)),
        "access": _unnamed(cluster.access),
        "pools": {name: pool_document(pool) for name, pool in cluster.pools.items()},
        "file_systems": _unnamed(cluster.file_systems),
        "buckets": _unnamed(cluster.buckets),
        "repositories": list(cluster.repositories),
        "log_retention": cluster.log_retention,
        "addons": cluster.addons,
        "provisioner": cluster.provisioner,
        "tags": cluster.tags,
    }


def pool_document(pool: resolved.Pool) -> Document:
    """One entry of `pools`; what the catalogue says of its types is none of it."""
    return {
        "instance_types": list(pool.instance_types),
        "min": pool.min,
        "max": pool.max,
        "capacity": pool.capacity,
        **({"reservation": pool.reservation} if pool.reservation else {}),
        "zones": list(pool.zones),
        "disk": pool.disk,
        "labels": pool.labels,
        "taints": {key: _taint(taint) for key, taint in pool.taints.items()},
        "system": pool.system,
    }


def addons_document(addons: resolved.ClusterAddons) -> Document:
    """The whole spec of a cluster's add-ons as one document."""
    return {
        "api_version": API_VERSION,
        "kind": "ClusterAddons",
        "cluster": addons.name,
        "target": {key: value for key, value in addons.target if value is not None},
        "gateway": asdict(addons.gateway),
        "autoscaler": addons.autoscaler,
        "gpu": asdict(addons.gpu),
        **(
            {}
            if addons.logs is None
            else {"logs": {"type": "cloudwatch", **_listed(asdict(addons.logs))}}
        ),
        # What follows from the cluster's version is not said.
        "images": {name: text for name, text in asdict(addons.images).items() if text},
    }


def _taint(taint: compute.Taint) -> Document:
    return {"value": taint.value, "effect": taint.effect}


def _network(network: resolved.NewNetwork | resolved.ExistingNetwork) -> Document:
    kind = "new" if isinstance(network, resolved.NewNetwork) else "existing"
    return {"type": kind, **_listed(asdict(network))}


def _unnamed(entries: Mapping[str, Any]) -> dict[str, Document]:
    """Entries without the name, which is their key."""
    return {
        name: _listed({key: value for key, value in asdict(entry).items() if key != "name"})
        for name, entry in entries.items()
    }


def _listed(document: Document) -> Document:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in document.items()}
