"""Versions of a cluster's add-ons: the spec's, those chosen before, or AWS's choice."""

import asyncio

from components.manifests.aws.addons import ADDONS, chosen
from live.cluster import Ask
from schemas.resolved_cluster import Cluster


async def versions(spec: Cluster, ask: Ask) -> dict[str, str]:
    """By add-on. What the spec leaves open is chosen once for each version of Kubernetes."""
    there = spec.name in (await ask("eks/getClusters", {}))["names"]
    tags = (await ask("eks/getCluster", {"name": spec.name})).get("tags") if there else None
    kept = chosen(tags or {}, spec.kubernetes_version)

    async def version(name: str) -> str:
        if found := spec.addons.get(name) or kept.get(name):
            return found
        # The default, which is not the newest.
        asked = {"addonName": name, "kubernetesVersion": spec.kubernetes_version}
        return str((await ask("eks/getAddonVersion", asked))["version"])

    names = [addon.name for addon in ADDONS]
    return dict(zip(names, await asyncio.gather(*map(version, names)), strict=True))
