"""What AWS says of a network that exists."""

import asyncio

from live.cluster import Ask
from schemas.resolved_cluster import Cluster, NewNetwork


async def callers(spec: Cluster, ask: Ask) -> list[str]:
    """Ranges that reach the API server and the load balancer inside the network."""
    if spec.endpoint_access.private_cidrs:
        return list(spec.endpoint_access.private_cidrs)
    if isinstance(spec.network, NewNetwork):
        return [spec.network.cidr]
    vpc = await ask("ec2/getVpc", {"id": spec.network.vpc})
    ranges = [vpc["cidrBlock"]]
    for each in vpc.get("cidrBlockAssociations") or []:
        if each["state"] == "associated":
            ranges.append(each["cidrBlock"])
    return sorted(set(ranges))


async def zones(spec: Cluster, ask: Ask) -> dict[str, str]:
    """The zone of each private subnet of a network that exists."""
    if isinstance(spec.network, NewNetwork):
        return {}
    names = sorted(spec.network.private_subnets)
    found = await asyncio.gather(*(ask("ec2/getSubnet", {"id": name}) for name in names))
    return {
        name: str(subnet["availabilityZone"]) for name, subnet in zip(names, found, strict=True)
    }
