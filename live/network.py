"""What AWS says of a network that exists."""

import asyncio

import live
from live.cluster import Ask
from schemas.resolved_cluster import Cluster, NewNetwork

_NAMES = {"enableDnsSupport": "DNS resolution", "enableDnsHostnames": "DNS hostnames"}
"""What a VPC must have, as the console calls it."""


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
    """The zone of each private subnet of a network that exists.

    Raises live.LiveError where nodes could not join in it: AWS would say so an hour later, or not.
    """
    if isinstance(spec.network, NewNetwork):
        return {}
    own = spec.network.vpc
    vpc = await ask("ec2/getVpc", {"id": own})
    for setting, told in _NAMES.items():
        if not vpc[setting]:
            raise live.LiveError(f"network.vpc: {own} has no {told}, and without it no node joins")
    names = sorted(spec.network.private_subnets)
    found = await asyncio.gather(*(ask("ec2/getSubnet", {"id": name}) for name in names))
    for name, subnet in zip(names, found, strict=True):
        if subnet["vpcId"] != own:
            raise live.LiveError(
                f"network.private_subnets: {name} is in {subnet['vpcId']}, not in {own}"
            )
    return {
        name: str(subnet["availabilityZone"]) for name, subnet in zip(names, found, strict=True)
    }
