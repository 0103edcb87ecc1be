"""The program's graph: what is registered, below what, with which options."""

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
from launcher import causes

import live
import program
from components.manifests import launcher, training
from components.manifests.metadata import (
    LAUNCHER_LABEL,
    MADE_OF_ANNOTATION,
    SPEC_ANNOTATION,
)
from components.manifests.served import settled
from schemas import resolved
from tests.support import workspaces
from tests.support.recorder import Answers, Graph, record
from tests.support.stages import Stages

FILES = {"__main__.py": "print()", "main.py": "x = 1"}
LATER = {**FILES, "main.py": "x = 2"}
JOB = "kubernetes:batch/v1:Job"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
NOTHING = live.Live()


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> resolved.Workspace:
    return workspaces.workspace(tmp_path_factory.mktemp("spec"))


def graph(
    spec: resolved.Workspace,
    there: live.Live = NOTHING,
    files: dict[str, str] = FILES,
    preview: bool = False,
    stages: Stages | None = None,
    answers: Answers | None = None,
) -> Graph:
    settings = program.Settings(
        stack="easymaker/test",
        launcher_files=files,
        cleaner="x",
        secret=lambda key: pulumi.Output.secret(f"value of {key}"),
        live=there,
        stages=stages or Stages(),
    )
    return record(lambda: program.build(spec, settings), preview=preview, answers=answers)


def as_live(made: Graph) -> live.Live:
    """What the API server makes of the objects: with labels and defaults of its own."""
    jobs: dict[str, Any] = {}
    for node in made.all(JOB):
        job = json.loads(json.dumps(node.inputs))
        job["metadata"] |= {"uid": "u", "resourceVersion": "1"}
        job["metadata"].setdefault("annotations", {})
        job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"] = "x"
        job["spec"]["template"]["metadata"]["labels"]["controller-uid"] = "u"
        job["spec"]["template"]["spec"] |= {"dnsPolicy": "ClusterFirst"}
        job["spec"]["completionMode"] = job["spec"].get("completionMode", "NonIndexed")
        job["spec"]["manualSelector"] = False
        jobs[node.inputs["metadata"]["name"]] = job

    def of(type_: str) -> dict[str, Any]:
        return {node.inputs["metadata"]["name"]: node.inputs for node in made.all(type_)}

    return live.Live(
        "easymaker/test",
        jobs=jobs,
        config_maps=of(CONFIG_MAP),
        services=of("kubernetes:core/v1:Service"),
        deployments=of(DEPLOYMENT),
        stateful_sets=of("kubernetes:apps/v1:StatefulSet"),
        routes=of("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"),
    )


def complete(there: live.Live, name: str, when: str) -> live.Live:
    """The same after that Job ended well."""
    jobs = copy.deepcopy(there.jobs)
    jobs[name]["status"] = {
        "conditions": [{"type": "Complete", "status": "True"}],
        "completionTime": when,
    }
    return dataclasses.replace(there, jobs=jobs)


def test_every_object_stands_below_a_component(spec: resolved.Workspace) -> None:
    made = graph(spec)
    objects = [node for node in made.nodes.values() if node.type.startswith("kubernetes:")]
    for node in objects:
        assert made.nodes[node.parent].type.startswith("easymaker:")
    workspace = made.one("easymaker:workspace:Workspace")
    components = [node for node in made.nodes.values() if node.type.startswith("easymaker:")]
    endpoint = made.one("easymaker:endpoint:Endpoint")
    for node in components:
        stage = node.type == "easymaker:endpoint:Stage"
        root = node is workspace
        assert node.parent == ("" if root else endpoint.urn if stage else workspace.urn) or root
        assert made.outputs[node.urn]
    assert {node.type.rpartition(":")[2] for node in components} == {
        *("Workspace", "GpuPool", "Experiment", "Training", "Model", "Endpoint", "Stage"),
        "Notebook",
    }


def test_everything_goes_through_the_one_provider_in_its_sdks_version(
    spec: resolved.Workspace,
) -> None:
    made = graph(spec)
    provider = made.one("pulumi:providers:kubernetes")
    assert provider.inputs["context"] == provider.inputs["clusterIdentifier"] == "here"
    assert "kubeconfig" not in provider.inputs
    for node in made.nodes.values():
        if node.type.startswith("kubernetes:"):
            assert node.provider.startswith(provider.urn)
            assert node.version == "4.25.0"


def test_what_is_in_the_namespace_goes_with_it(spec: resolved.Workspace) -> None:
    made = graph(spec)
    namespace = made.one("kubernetes:core/v1:Namespace")
    inside = [
        node for node in made.nodes.values() if "namespace" in node.inputs.get("metadata", {})
    ]
    assert {node.inputs["kind"] for node in inside} >= {"Job", "Deployment", "StatefulSet"}
    for node in inside:
        assert node.deleted_with == namespace.urn
        assert namespace.urn in node.depends_on


def test_work_begins_when_the_workspace_is_all_there(spec: resolved.Workspace) -> None:
    made = graph(spec)
    record = made.nodes[next(urn for urn in made.nodes if urn.endswith("::lab-workspace"))]
    own = [node for node in made.nodes.values() if node.parent == record.parent]
    parts = {
        node.urn
        for node in own
        if node.type.startswith("kubernetes:")
        and node is not record
        and node.inputs["kind"] not in ("Namespace", "PersistentVolume")
    }
    assert parts <= set(record.depends_on)
    (job,) = made.all(JOB)
    assert record.urn in job.depends_on


def test_secrets_are_in_secrets_alone(spec: resolved.Workspace) -> None:
    made = graph(spec)
    secrets = made.all("kubernetes:core/v1:Secret")
    assert len(secrets) == 1 + len(spec.notebooks) + len(spec.experiments)
    for secret in secrets:
        data = secret.inputs["stringData"]
        assert data == "<secret>" or set(data.values()) == {"<secret>"}
        # The API server answers with `data`, made of it.
        assert secret.secret_outputs == ("data", "stringData")
    others = [node.inputs for node in made.nodes.values() if node not in secrets]
    assert "value of" not in json.dumps(others)


def test_preview_names_what_up_registers(spec: resolved.Workspace) -> None:
    assert graph(spec, preview=True).nodes.keys() == graph(spec).nodes.keys()


def test_second_run_registers_the_very_same(spec: resolved.Workspace) -> None:
    first = graph(spec)
    again = graph(spec, as_live(first))
    assert again.nodes == first.nodes


# --- trainings ----------------------------------------------------------------------------------

OUTPUT = "output_data: obs://objects.ml.test/results\n"


def changed(folder: Path, more: str) -> resolved.Workspace:
    """The spec with one more line in its training."""
    return workspaces.workspace(folder, (OUTPUT, f"{OUTPUT}    {more}\n"))


def test_new_launcher_reaches_no_job_that_exists(spec: resolved.Workspace) -> None:
    first = graph(spec)
    later = graph(spec, as_live(first), LATER)
    (job,) = later.all(JOB)
    assert job.inputs == first.one(JOB).inputs
    kept = {node.inputs["metadata"]["name"]: node for node in later.all(CONFIG_MAP)}
    names = {launcher.launcher_name(FILES), launcher.launcher_name(LATER)}
    assert {name for name in kept if name.startswith("launcher-")} == names
    old = kept[job.inputs["metadata"]["labels"][LAUNCHER_LABEL]]
    assert old.inputs == first.nodes[old.urn].inputs


def test_new_revision_is_one_job_more(spec: resolved.Workspace, tmp_path: Path) -> None:
    first = graph(spec)
    other = changed(tmp_path, "hyperparameters: {epochs: 9}")
    later = graph(other, as_live(first))
    old = first.one(JOB)
    # The training's spec is on its current Job alone.
    del old.inputs["metadata"]["annotations"][SPEC_ANNOTATION]
    assert later.nodes[old.urn] == old
    assert len(later.all(JOB)) == 2
    outputs = later.outputs[later.one("easymaker:training:Training").urn]
    assert outputs["revision"] == other.trainings["fit"].revision
    assert outputs["job"] != old.inputs["metadata"]["name"]


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ("description: x", {"metadata"}),
        ("tags: {team: vision}", {"metadata"}),
        ("max_time: 2h", {"metadata", "activeDeadlineSeconds"}),
        ("state: stopped", {"metadata", "suspend"}),
    ],
)
def test_in_place_changes_touch_no_pod(
    spec: resolved.Workspace, tmp_path: Path, more: str, fields: set[str]
) -> None:
    first = graph(spec)
    later = graph(changed(tmp_path, more), as_live(first)).one(JOB).inputs
    before = first.one(JOB).inputs
    different = {key for key in ("apiVersion", "kind", "metadata") if before[key] != later[key]}
    different |= {key for key in before["spec"] if before["spec"][key] != later["spec"][key]}
    # What of it may change while it runs lies beside the Job.
    assert different == fields
    assert before["metadata"]["name"] == later["metadata"]["name"]
    made_of = [item["metadata"]["annotations"][MADE_OF_ANNOTATION] for item in (before, later)]
    assert made_of[0] == made_of[1]


def test_training_that_leaves_takes_its_history_along(
    spec: resolved.Workspace, tmp_path: Path
) -> None:
    first = graph(spec)
    start, end = workspaces.SPEC.index("trainings:"), workspaces.SPEC.index("notebooks:")
    without = workspaces.workspace(tmp_path, (workspaces.SPEC[start:end], ""))
    later = graph(without, as_live(first), LATER)
    assert later.all(JOB) == []
    names = {node.inputs["metadata"]["name"] for node in later.all(CONFIG_MAP)}
    assert launcher.launcher_name(FILES) not in names


# --- what stages serve --------------------------------------------------------------------------


def serves(made: Graph) -> str:
    """The revision that the stage's pods are made for; empty while there are none."""
    for node in made.all(DEPLOYMENT):
        if node.inputs["metadata"]["name"].startswith("stage-"):
            found = settled(node.inputs)
            assert found is not None
            return found.revision
    return ""


def test_stage_waits_for_its_training_and_then_serves_it(spec: resolved.Workspace) -> None:
    first = graph(spec)
    assert serves(first) == ""
    there = as_live(first)
    assert serves(graph(spec, there)) == ""
    training = spec.trainings["fit"]
    done = complete(there, training.object_name, "2026-01-01T00:00:00Z")
    later = graph(spec, done)
    assert serves(later) == training.revision
    # Nothing else changes but what says so, and what leads there.
    new = {urn for urn in later.nodes if urn not in first.nodes}
    other = {urn for urn in first.nodes if later.nodes[urn].inputs != first.nodes[urn].inputs}
    assert {later.nodes[urn].inputs["kind"] for urn in new} == {"Deployment"}
    changed = {later.nodes[urn].inputs["kind"]: later.nodes[urn].name for urn in other}
    assert changed == {
        "ConfigMap": "model-fitted",
        "HTTPRoute": "stage-blue-iris",
        "Service": "stage-blue-iris",
    }


def test_an_apply_ends_when_stages_serve_and_fails_where_one_does_not(
    spec: resolved.Workspace,
) -> None:
    there, stages = as_live(graph(spec)), Stages()
    graph(spec, there, stages=stages)
    assert stages.waited == []  # it has nothing to serve yet
    done = complete(there, spec.trainings["fit"].object_name, "2026-01-01T00:00:00Z")
    graph(spec, done, stages=stages, preview=True)
    assert stages.waited == []
    graph(spec, done, stages=stages)
    assert stages.waited == ["blue"]
    broken = Stages({"blue": "endpoints.iris.stages.blue: DEPLOY FAILED"})
    with pytest.raises(pulumi.RunError, match=r"^endpoints\.iris\.stages\.blue: DEPLOY FAILED$"):
        graph(spec, done, stages=broken)


def test_stage_that_goes_on_with_what_it_has_fails_the_apply(
    spec: resolved.Workspace, tmp_path: Path
) -> None:
    old = spec.trainings["fit"]
    there = complete(as_live(graph(spec)), old.object_name, "2026-01-01T00:00:00Z")
    there = dataclasses.replace(as_live(graph(spec, there)), jobs=there.jobs)
    other = changed(tmp_path, "hyperparameters: {epochs: 9}")
    new = other.trainings["fit"]
    there = dataclasses.replace(as_live(graph(other, there)), jobs=there.jobs)
    there = complete(
        dataclasses.replace(there, jobs={**there.jobs, **as_live(graph(other, there)).jobs}),
        new.object_name,
        "2026-01-02T00:00:00Z",
    )
    stages = Stages({f"stage-blue-iris-{new.revision}": "DEPLOY FAILED: no model"})
    sentence = r"^endpoints\.iris\.stages\.blue: DEPLOY FAILED: no model$"
    with pytest.raises(pulumi.RunError, match=sentence):
        graph(other, there, stages=stages)
    assert stages.waited == []  # it has failed already


def test_stage_keeps_what_it_serves_until_the_next_is_complete(
    spec: resolved.Workspace, tmp_path: Path
) -> None:
    old = spec.trainings["fit"]
    there = complete(as_live(graph(spec)), old.object_name, "2026-01-01T00:00:00Z")
    there = dataclasses.replace(as_live(graph(spec, there)), jobs=there.jobs)
    other = changed(tmp_path, "hyperparameters: {epochs: 9}")
    new = other.trainings["fit"]
    training_now = graph(other, there)
    assert serves(training_now) == old.revision
    then = complete(as_live(training_now), old.object_name, "2026-01-01T00:00:00Z")
    then = complete(then, new.object_name, "2026-01-02T00:00:00Z")
    assert serves(graph(other, then)) == new.revision


def test_jobs_that_somebody_removed_change_nothing(spec: resolved.Workspace) -> None:
    name = spec.trainings["fit"].object_name
    there = complete(as_live(graph(spec)), name, "2026-01-01T00:00:00Z")
    before = graph(spec, there)
    after = graph(spec, dataclasses.replace(as_live(before), jobs={}))
    assert after.nodes == before.nodes


# --- who may ------------------------------------------------------------------------------------


def test_namespace_of_another_stack_is_refused(spec: resolved.Workspace) -> None:
    with pytest.raises(pulumi.RunError, match="belongs to the stack easymaker/other"):
        graph(spec, live.Live("easymaker/other"))


def test_deletion_protection_protects(spec: resolved.Workspace, tmp_path: Path) -> None:
    protected = changed(tmp_path, "deletion_protection: true")
    assert graph(protected).one("easymaker:training:Training").protect
    assert not graph(spec).one("easymaker:training:Training").protect
    notebooks = {n.name: n.protect for n in graph(spec).all("easymaker:notebook:Notebook")}
    assert notebooks == {"explore": False, "train": True}


def test_codes_that_are_tried_again_are_the_launchers() -> None:
    retried = {cause.code for cause in causes.ALL.values() if cause.retried}
    assert set(training.RETRIED_CODES) == retried | {137}
