"""Which version an add-on gets, by the spec, what there is, and what AWS would choose."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.manifests.aws.addons import ADDONS, chosen, chosen_tags
from live import addons
from schemas.resolved_cluster import Cluster
from tests.support.account import load
from tests.support.cluster_graph import graph

DEFAULTS = {"1.36": "v1.36.4-eksbuild.1", "1.37": "v1.37.0-eksbuild.1"}
CHOSEN = "v1.36.1-eksbuild.3"
NAMES = [addon.name for addon in ADDONS]


@pytest.fixture
def spec(tmp_path: Path) -> Cluster:
    return load(tmp_path)


def versions(spec: Cluster, tags: Mapping[str, str] | None) -> dict[str, str]:
    """On a cluster with these tags, or on none."""

    async def ask(function: str, inputs: Mapping[str, str]) -> Mapping[str, Any]:
        if function == "eks/getClusters":
            return {"names": ["other"] if tags is None else ["dev"]}
        if function == "eks/getAddonVersion":
            return {"version": DEFAULTS[inputs["kubernetesVersion"]]}
        assert (function, inputs) == ("eks/getCluster", {"name": "dev"})
        return {"tags": tags}

    return asyncio.run(addons.versions(spec, ask))


THERE = {"easymaker:cluster": "dev", **chosen_tags(dict.fromkeys(NAMES, CHOSEN), "1.36")}


@pytest.mark.parametrize("tags", [None, {}, {"easymaker:cluster": "dev"}])
def test_defaults_are_chosen_first(spec: Cluster, tags: dict[str, str] | None) -> None:
    assert versions(spec, tags) == dict.fromkeys(NAMES, DEFAULTS["1.36"])


def test_version_stays_when_the_default_moves(spec: Cluster) -> None:
    assert versions(spec, THERE) == dict.fromkeys(NAMES, CHOSEN)


def test_version_is_chosen_again_with_kubernetes(spec: Cluster) -> None:
    newer = replace(spec, kubernetes_version="1.37")
    assert versions(newer, THERE) == dict.fromkeys(NAMES, DEFAULTS["1.37"])


def test_version_of_the_spec_counts_until_it_is_taken_out(spec: Cluster) -> None:
    named = replace(spec, addons={"coredns": "v1.13.1-eksbuild.1"})
    assert versions(named, THERE) == {
        **dict.fromkeys(NAMES, CHOSEN),
        "coredns": "v1.13.1-eksbuild.1",
    }
    tags = {key: text for key, text in THERE.items() if "coredns" not in key}
    assert versions(spec, tags)["coredns"] == DEFAULTS["1.36"]


def test_choice_is_on_the_cluster_before_the_add_ons(spec: Cluster) -> None:
    """So that an apply that ends between them is finished by the next one with the same choice."""
    named = replace(spec, addons={"coredns": "v1.13.1-eksbuild.1"})
    made = graph(named)
    tags = made.one("aws:eks/cluster:Cluster").inputs["tags"]
    assert versions(named, tags) == versions(named, None) | chosen(tags, "1.36")
    assert chosen(tags, "1.36").keys() == {*NAMES} - {"coredns"}
    applied = {
        node.inputs["addonName"]: node.inputs["addonVersion"]
        for node in made.all("aws:eks/addon:Addon")
    }
    assert applied == {**chosen(tags, "1.36"), "coredns": "v1.13.1-eksbuild.1"}
