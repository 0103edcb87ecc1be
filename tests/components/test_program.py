"""The program's graph: what is registered, below what, with which options."""

import json
import shutil
from pathlib import Path
from typing import Any

import pulumi
import pytest
from launcher import causes

import live
import program
from components.manifests import launcher, training
from components.manifests.metadata import LAUNCHER_LABEL, MADE_OF_ANNOTATION, SPEC_ANNOTATION
from schemas import load, resolved
from tests.support.recorder import Graph, record

ROOT = Path(__file__).parents[2]
FILES = {"__main__.py": "print()", "main.py": "x = 1"}
LATER = {**FILES, "main.py": "x = 2"}
JOB = "kubernetes:batch/v1:Job"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
NOTHING = live.Live()


@pytest.fixture(scope="module")
def spec() -> resolved.Workspace:
    return load(ROOT / "stacks" / "local.yaml")


def graph(
    spec: resolved.Workspace,
    there: live.Live = NOTHING,
    files: dict[str, str] = FILES,
    preview: bool = False,
) -> Graph:
    settings = program.Settings(
        stack="easymaker/test",
        launcher_files=files,
        secret=lambda key: pulumi.Output.secret(f"value of {key}"),
        live=there,
    )
    return record(lambda: program.build(spec, settings), preview=preview)


def as_live(made: Graph) -> live.Live:
    """What the API server makes of the objects: with labels and defaults of its own."""
    jobs: dict[str, Any] = {}
    for node in made.all(JOB):
        job = json.loads(json.dumps(node.inputs))
        job["metadata"] |= {"uid": "u", "resourceVersion": "1"}
        job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"] = "x"
        job["spec"]["template"]["metadata"]["labels"]["controller-uid"] = "u"
        job["spec"]["template"]["spec"] |= {"dnsPolicy": "ClusterFirst"}
        job["spec"]["completionMode"] = job["spec"].get("completionMode", "NonIndexed")
        job["spec"]["manualSelector"] = False
        jobs[node.inputs["metadata"]["name"]] = job
    maps = {node.inputs["metadata"]["name"]: node.inputs for node in made.all(CONFIG_MAP)}
    return live.Live("easymaker/test", jobs=jobs, config_maps=maps)


def test_every_object_stands_below_a_component(spec: resolved.Workspace) -> None:
    made = graph(spec)
    for node in made.nodes.values():
        if node.type.startswith("kubernetes:"):
            assert made.nodes[node.parent].type.startswith("easymaker:")
    workspace = made.one("easymaker:workspace:Workspace")
    assert made.one("easymaker:training:Training").parent == workspace.urn
    components = {n.urn for n in made.nodes.values() if n.type.startswith("easymaker:")}
    assert components <= made.outputs.keys()
    assert all(made.outputs[urn] for urn in components)


def test_everything_goes_through_the_one_provider_in_its_sdks_version(
    spec: resolved.Workspace,
) -> None:
    made = graph(spec)
    provider = made.one("pulumi:providers:kubernetes")
    assert provider.inputs["context"] == provider.inputs["clusterIdentifier"] == "easymaker-local"
    assert "kubeconfig" not in provider.inputs
    for node in made.nodes.values():
        if node.type.startswith("kubernetes:"):
            assert node.provider.startswith(provider.urn)
            assert node.version == "4.25.0"


def test_what_is_in_the_namespace_goes_with_it(spec: resolved.Workspace) -> None:
    made = graph(spec)
    namespace = made.one("kubernetes:core/v1:Namespace")
    inside = [*made.all(JOB), *made.all(CONFIG_MAP), made.one("kubernetes:core/v1:Secret")]
    for node in inside:
        assert node.deleted_with == namespace.urn
        assert namespace.urn in node.depends_on
    (job,) = made.all(JOB)
    assert made.one("kubernetes:core/v1:Secret").urn in job.depends_on
    assert made.one(CONFIG_MAP).urn in job.depends_on


def test_credentials_are_secret_and_in_the_secret_alone(spec: resolved.Workspace) -> None:
    made = graph(spec)
    secret = made.one("kubernetes:core/v1:Secret")
    data = secret.inputs["stringData"]
    assert data == "<secret>" or set(data.values()) == {"<secret>"}
    others = [node.inputs for node in made.nodes.values() if node is not secret]
    assert "value of" not in json.dumps(others)


def test_preview_names_what_up_registers(spec: resolved.Workspace) -> None:
    assert graph(spec, preview=True).nodes.keys() == graph(spec).nodes.keys()


def test_second_run_registers_the_very_same(spec: resolved.Workspace) -> None:
    first = graph(spec)
    again = graph(spec, as_live(first))
    assert again.nodes == first.nodes


def test_new_launcher_reaches_no_job_that_exists(spec: resolved.Workspace) -> None:
    first = graph(spec)
    later = graph(spec, as_live(first), LATER)
    (job,) = later.all(JOB)
    assert job.inputs == first.one(JOB).inputs
    names = {node.inputs["metadata"]["name"] for node in later.all(CONFIG_MAP)}
    assert names == {
        launcher.launcher_name(FILES),
        launcher.launcher_name(FILES | {"main.py": "x = 2"}),
    }
    old = job.inputs["metadata"]["labels"][LAUNCHER_LABEL]
    (kept,) = [n for n in later.all(CONFIG_MAP) if n.inputs["metadata"]["name"] == old]
    assert kept.inputs == first.one(CONFIG_MAP).inputs


def changed(tmp_path: Path, *changes: tuple[str, str]) -> resolved.Workspace:
    text = (ROOT / "stacks" / "local.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return written(tmp_path, text)


def written(tmp_path: Path, text: str) -> resolved.Workspace:
    shutil.copytree(ROOT / "stacks" / "platform", tmp_path / "platform")
    (tmp_path / "stack.yaml").write_text(text)
    return load(tmp_path / "stack.yaml")


def test_new_revision_is_one_job_more(spec: resolved.Workspace, tmp_path: Path) -> None:
    first = graph(spec)
    other = changed(tmp_path, ("max_iter: 200", "max_iter: 9"))
    later = graph(other, as_live(first))
    old = first.one(JOB)
    # The training's spec is on its current Job alone.
    del old.inputs["metadata"]["annotations"][SPEC_ANNOTATION]
    assert later.nodes[old.urn] == old
    assert len(later.all(JOB)) == 2
    outputs = later.outputs[later.one("easymaker:training:Training").urn]
    assert outputs["revision"] == other.trainings["iris-sklearn"].revision
    assert outputs["job"] != old.inputs["metadata"]["name"]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (("description: logistic regression", "description: x"), {"metadata"}),
        (("    max_time: 1h", "    tags: {team: vision}\n    max_time: 1h"), {"metadata"}),
        (("max_time: 1h", "max_time: 2h"), {"metadata", "activeDeadlineSeconds"}),
        (("    max_time: 1h", "    state: stopped\n    max_time: 1h"), {"metadata", "suspend"}),
    ],
)
def test_in_place_changes_touch_no_pod(
    spec: resolved.Workspace, tmp_path: Path, change: tuple[str, str], fields: set[str]
) -> None:
    first = graph(spec)
    later = graph(changed(tmp_path, change), as_live(first)).one(JOB).inputs
    before = first.one(JOB).inputs
    different = {key for key in ("apiVersion", "kind", "metadata") if before[key] != later[key]}
    different |= {key for key in before["spec"] if before["spec"][key] != later["spec"][key]}
    assert different == fields
    assert before["metadata"]["name"] == later["metadata"]["name"]
    assert (
        before["metadata"]["annotations"][MADE_OF_ANNOTATION]
        == later["metadata"]["annotations"][MADE_OF_ANNOTATION]
    )


def test_training_that_leaves_takes_its_history_along(
    spec: resolved.Workspace, tmp_path: Path
) -> None:
    head = (ROOT / "stacks" / "local.yaml").read_text().partition("trainings:")[0]
    first = graph(spec)
    later = graph(written(tmp_path, head), as_live(first), LATER)
    assert later.all(JOB) == []
    assert len(later.all(CONFIG_MAP)) == 1


def test_namespace_of_another_stack_is_refused(spec: resolved.Workspace) -> None:
    with pytest.raises(pulumi.RunError, match="belongs to the stack easymaker/other"):
        graph(spec, live.Live("easymaker/other"))


def test_deletion_protection_protects_the_jobs(spec: resolved.Workspace, tmp_path: Path) -> None:
    protected = changed(tmp_path, ("max_time: 1h", "max_time: 1h\n    deletion_protection: true"))
    assert graph(protected).one("easymaker:training:Training").protect
    assert not graph(spec).one("easymaker:training:Training").protect


def test_codes_that_are_tried_again_are_the_launchers() -> None:
    retried = {cause.code for cause in causes.ALL.values() if cause.retried}
    assert set(training.RETRIED_CODES) == retried | {137}
