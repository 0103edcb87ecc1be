"""`emctl status` over many resources, from objects of a real API server without a pod."""

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks import status
from schemas import load
from tests.support.cluster import LocalCluster, emctl

pytestmark = pytest.mark.e2e

RESOURCES = 200
NAME = "bench"


def test_each_resource_has_its_line(cluster: LocalCluster, tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    file.write_text(status.spec_text(cluster.backend.definition.context, RESOURCES))
    spec = load(file)
    status.create(cluster.kubeconfig, status.manifests(spec), NAME)
    try:
        env = {**cluster.environment, "KUBECONFIG": str(cluster.kubeconfig)}
        done = emctl("status", str(file), "--json", env=env)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)["resources"]
        counts = Counter((item["kind"], item["status"]) for item in found)
        assert sum(counts.values()) == RESOURCES + len(spec.endpoints) + len(spec.experiments)
        assert counts["training", "STOPPED"] == len(spec.trainings)
        assert counts["notebook", "STOPPED"] == len(spec.notebooks)
        assert {item["name"] for item in found if item["kind"] == "training"} == {*spec.trainings}
        one = emctl("status", str(file), "training/training-7", env=env).stdout.splitlines()
        assert one[1].split()[:3] == ["training", "training-7", "STOPPED"]
        assert len(one) == 2
    finally:
        cluster.kubectl("delete", "namespace", NAME, "--wait=false")
