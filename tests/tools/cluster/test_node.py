"""The node's processes and their files, without running them."""

import dataclasses
import ipaddress
import tomllib
from pathlib import Path

import pytest
import yaml

from tools.cluster.cgroups import CgroupRoot
from tools.cluster.links import Links
from tools.cluster.node import Node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    made = Node(
        folder=tmp_path,
        links=Links(7),
        cgroup=CgroupRoot("em7"),
        gateway_port=8095,
        tool=lambda name: Path("/tools") / name,
        pause_image="easymaker.local/pause:1",
        has_sys_resource=False,
    )
    made.write_certificates("easymaker-test")
    return made


def test_nothing_listens_on_every_address(node: Node, tmp_path: Path) -> None:
    words = [word for unit in node.units() for word in unit.argv]
    files = {f for unit in node.units() for f in unit.files}
    text = "\n".join([*words, *(f.read_text() for f in files)])
    assert "0.0.0.0" not in text.replace("0.0.0.0/0", "")
    assert "bind=127.0.0.1" in text


def test_without_the_capability_containerd_leaves_scores_alone(node: Node, tmp_path: Path) -> None:
    def setting(made: Node) -> bool:
        made.units()
        config = tomllib.loads((tmp_path / "config" / "containerd.toml").read_text())
        value = config["plugins"]["io.containerd.cri.v1.runtime"]["restrict_oom_score_adj"]
        assert isinstance(value, bool)
        return value

    assert setting(node)
    assert not setting(dataclasses.replace(node, has_sys_resource=True))


def test_certificates_are_private_and_kept(node: Node, tmp_path: Path) -> None:
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert not [p for p in files if p.stat().st_mode & 0o077]
    before = {p: p.read_bytes() for p in files}
    node.write_certificates("easymaker-test")
    assert {p: p.read_bytes() for p in files} == before


def test_a_new_certificate_means_a_new_process(node: Node, tmp_path: Path) -> None:
    def fingerprints() -> dict[str, str]:
        return {unit.name: unit.fingerprint() for unit in node.units()}

    before = fingerprints()
    (tmp_path / "pki" / "apiserver.crt").unlink()
    node.write_certificates("easymaker-test")
    changed = {name for name, value in fingerprints().items() if value != before[name]}
    assert changed == {"kube-apiserver"}


def test_the_kubelet_never_removes_images(node: Node, tmp_path: Path) -> None:
    node.units()
    config = yaml.safe_load((tmp_path / "config" / "kubelet.yaml").read_text())
    assert config["imageGCHighThresholdPercent"] == 100
    assert config["imageMaximumGCAge"] == "0s"
    assert config["evictionHard"] == {}


def test_clusters_share_no_subnet() -> None:
    used = [
        cidr
        for links in map(Links, range(256))
        for cidr in (links.node_cidr, links.pod_cidr, links.service_cidr)
    ]
    assert len(set(used)) == len(used)


def test_fixed_addresses_of_services_are_in_their_range() -> None:
    for index in range(256):
        links = Links(index)
        assert ipaddress.ip_network(links.service_cidr).num_addresses == 4096
        for number in (1, 254):
            address = ipaddress.ip_address(links.service_ip(number))
            assert address in ipaddress.ip_network(links.service_cidr)
