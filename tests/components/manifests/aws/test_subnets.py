"""Addresses of subnets."""

import ipaddress

import pytest

from components.manifests.aws.subnets import Subnets, plan


def test_plan_of_a_network() -> None:
    assert plan("10.0.0.0/16", ["ap-northeast-2c", "ap-northeast-2a"]) == {
        "ap-northeast-2a": Subnets(private="10.0.0.0/19", public="10.0.224.0/22"),
        "ap-northeast-2c": Subnets(private="10.0.64.0/19", public="10.0.232.0/22"),
    }


def test_another_zone_moves_nobody() -> None:
    before = plan("10.0.0.0/16", ["us-east-1b", "us-east-1d"])
    after = plan("10.0.0.0/16", ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"])
    assert before.items() <= after.items()


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "172.16.16.0/20"])
def test_subnets_lie_in_the_network_and_apart(cidr: str) -> None:
    found = plan(cidr, [f"us-east-1{letter}" for letter in "abcdefg"])
    every = [ipaddress.ip_network(text) for s in found.values() for text in (s.private, s.public)]
    whole = ipaddress.IPv4Network(cidr)
    assert all(net.subnet_of(whole) for net in every if isinstance(net, ipaddress.IPv4Network))
    assert len(every) == 14
    assert not any(a.overlaps(b) for n, a in enumerate(every) for b in every[n + 1 :])
    # AWS takes none that is smaller than /28.
    assert all(net.prefixlen <= 28 for net in every)
