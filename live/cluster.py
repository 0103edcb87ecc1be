"""What AWS says of a cluster that there is: what a change of its spec is judged by."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from schemas.resolved_cluster import Cluster

Ask = Callable[[str, Mapping[str, str]], Awaitable[Mapping[str, Any]]]
"""Asks AWS: module and name of a function of its provider, and its inputs."""
OWNER_TAG = "easymaker:cluster"
"""Of everything that a cluster's stack made: the cluster's name."""


def recorded(outputs: Mapping[str, Any]) -> dict[str, object]:
    """The name and the region of the cluster that a stack has, by the stack's own outputs.

    AWS can't be asked for them: with others in the spec it would be asked of another cluster.
    """
    cluster = outputs.get("cluster")
    if not isinstance(cluster, Mapping):
        return {}
    said = {"cluster": cluster.get("name"), "region": cluster.get("region")}
    return {key: text for key, text in said.items() if text}


async def applied(spec: Cluster, ask: Ask) -> dict[str, object] | None:
    """The part of the cluster's document that AWS knows; None if there is no such cluster.

    Of a stack's own outputs this could not be read: after a failed `up` they hold what was wanted.
    """
    there = await ask("eks/getClusters", {})
    if spec.name not in there["names"]:
        return None
    found = await ask("eks/getCluster", {"name": spec.name})
    document: dict[str, object] = {"kubernetes_version": found["version"]}
    place = found.get("vpcConfig")
    if not place:
        return document
    vpc = await ask("ec2/getVpc", {"id": place["vpcId"]})
    if (vpc.get("tags") or {}).get(OWNER_TAG) != spec.name:
        network = {
            "type": "existing",
            "vpc": place["vpcId"],
            "private_subnets": sorted(place["subnetIds"]),
        }
        return {**document, "network": network}
    subnets = await asyncio.gather(
        *(ask("ec2/getSubnet", {"id": subnet}) for subnet in place["subnetIds"])
    )
    return {
        **document,
        "zones": sorted({subnet["availabilityZone"] for subnet in subnets}),
        "network": {"type": "new", "cidr": vpc["cidrBlock"]},
    }
