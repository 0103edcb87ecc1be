"""The component of a training: what it registers beside its Jobs, and its outputs."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components import training
from components.manifests import Manifest, places
from schemas import resolved
from tests.support.recorder import Graph, record
from tests.support.workspaces import workspace as spec_of

KINDS = {
    "kubernetes:batch/v1:Job": "Job",
    "kubernetes:core/v1:Service": "Service",
    "kubernetes:core/v1:ConfigMap": "ConfigMap",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": "NetworkPolicy",
}


@pytest.fixture
def spec(tmp_path: Path) -> resolved.Workspace:
    return spec_of(tmp_path)


def graph(spec: resolved.Workspace, item: resolved.Training, jobs: Mapping[str, Manifest]) -> Graph:
    async def run() -> None:
        training.Training(
            item.name,
            training.TrainingArgs(workspace=spec, spec=item, launcher="launcher-x", jobs=jobs),
        )

    return record(run)


def registered(made: Graph) -> list[tuple[str, str]]:
    """Kind and name of every object."""
    return sorted(
        (KINDS[node.type], node.inputs["metadata"]["name"])
        for node in made.nodes.values()
        if node.type in KINDS
    )


def live(made: Graph, **status: Any) -> dict[str, Manifest]:
    (job,) = made.all("kubernetes:batch/v1:Job")
    return {job.inputs["metadata"]["name"]: {**job.inputs, "status": status}}


def test_job_comes_after_what_its_pods_need(spec: resolved.Workspace) -> None:
    made = graph(spec, spec.trainings["fit"], {})
    (job,) = made.all("kubernetes:batch/v1:Job")
    others = {node.urn for node in made.nodes.values() if node.type in KINDS} - {job.urn}
    assert others == set(job.depends_on)


def test_several_instances_bring_a_service(spec: resolved.Workspace) -> None:
    item = spec.trainings["fit"]
    assert item.instances == 2
    made = graph(spec, item, {})
    kinds = [kind for kind, _ in registered(made)]
    assert kinds == ["ConfigMap", "Job", "NetworkPolicy", "Service"]
    (service,) = made.all("kubernetes:core/v1:Service")
    (job,) = made.all("kubernetes:batch/v1:Job")
    pod = job.inputs["spec"]["template"]
    assert pod["spec"]["subdomain"] == service.inputs["metadata"]["name"] == "training-fit"
    assert service.inputs["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert [kind for kind, _ in registered(graph(spec, replace(item, instances=1), {}))] == [
        "ConfigMap",
        "Job",
    ]


def test_service_stays_until_the_last_run_of_several_has_ended(spec: resolved.Workspace) -> None:
    before = graph(spec, spec.trainings["fit"], {})
    one = replace(spec.trainings["fit"], instances=1, revision="0123456789")
    running = graph(spec, one, live(before, active=2))
    assert [kind for kind, _ in registered(running)] == [
        "ConfigMap",
        "Job",
        "Job",
        "NetworkPolicy",
        "Service",
    ]
    ended = live(before, conditions=[{"type": "Failed", "status": "True"}])
    assert [kind for kind, _ in registered(graph(spec, one, ended))] == [
        "ConfigMap",
        "Job",
        "Job",
    ]


def test_outputs_say_where_things_lie(spec: resolved.Workspace) -> None:
    item = replace(spec.trainings["fit"], checkpoint=spec.platform.system_path)
    made = graph(spec, item, {})
    component = made.one("easymaker:training:Training")
    assert made.outputs[component.urn] == {
        "job": item.object_name,
        "revision": item.revision,
        "output": places.output(item).text,
        "checkpoint": f"{spec.platform.system_path}/fit-{item.revision}",
    }
    without = graph(spec, replace(item, checkpoint=None), {})
    outputs = without.outputs[without.one("easymaker:training:Training").urn]
    assert set(outputs) == {"job", "revision", "output"}
