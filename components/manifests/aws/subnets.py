"""Which addresses of a VPC its subnets have."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

_BITS = 3
"""Private subnets are an eighth each, and the public ones share the last."""


@dataclass(frozen=True)
class Subnets:
    """Of one zone."""

    private: str
    public: str


def plan(cidr: str, zones: Sequence[str]) -> dict[str, Subnets]:
    """By zone. The zone's letter says where it lies: another zone moves nobody's addresses."""
    blocks = list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=_BITS))
    last = list(blocks[-1].subnets(prefixlen_diff=_BITS))
    slots = {zone: ord(zone[-1]) - ord("a") for zone in zones}
    return {
        zone: Subnets(private=str(blocks[slot]), public=str(last[slot]))
        for zone, slot in sorted(slots.items())
    }
