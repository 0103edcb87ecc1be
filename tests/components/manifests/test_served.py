"""What counts of a model now: by its Jobs, and by what was settled before."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from components.manifests import Manifest, served, training
from components.manifests.served import Served
from schemas import load, resolved
from schemas.address import Address, parse_address

ROOT = Path(__file__).parents[3]
RESULTS = "obs://objects.easymaker.localhost/results/iris"


@pytest.fixture(scope="module")
def spec() -> resolved.Workspace:
    return load(ROOT / "examples" / "spec" / "full.yaml")


@pytest.fixture(scope="module")
def model(spec: resolved.Workspace) -> resolved.Model:
    return spec.models["iris"]


def parsed(text: str) -> Address:
    found = parse_address(text)
    assert found is not None
    return found


def job(
    spec: resolved.Workspace,
    revision: str,
    completed: str = "",
    results: str = RESULTS,
) -> Manifest:
    """A Job of the model's training as the cluster has it; complete if it says since when."""
    item = replace(
        spec.trainings["iris-keras"], revision=revision, output_data=parsed(results), data_storage=1
    )
    made = training.training_job(spec, item, "launcher-x")
    if completed:
        conditions = [
            {"type": "SuccessCriteriaMet", "status": "True"},
            {"type": "Complete", "status": "True"},
        ]
        return {**made, "status": {"completionTime": completed, "conditions": conditions}}
    failed = [{"type": "Complete", "status": "False"}, {"type": "Failed", "status": "True"}]
    return {**made, "status": {"conditions": failed}}


def jobs(*items: Manifest) -> dict[str, Manifest]:
    return {item["metadata"]["name"]: item for item in items}


def result(revision: str, completed: str, results: str = RESULTS, seen: str = "") -> Served:
    return Served(
        address=parsed(f"{results}/iris-keras-{revision}/model"),
        revision=revision,
        model="iris",
        model_name="iris",
        framework="tensorflow",
        framework_version="2.21",
        training="iris-keras",
        completed=completed,
        seen=seen or completed,
    )


def deployment(item: Served) -> Manifest:
    """A stage's, as far as it says what it serves."""
    template = {"metadata": {"annotations": {**served.annotation(item), "other": "x"}}}
    return {"kind": "Deployment", "metadata": {}, "spec": {"template": template}}


def test_model_by_path_is_there_at_once(spec: resolved.Workspace) -> None:
    legacy = spec.models["legacy"]
    assert served.served(legacy, {}, None) == Served(
        address=parsed("nas://models:/legacy"),
        revision="",
        model="legacy",
        model_name="LegacyNet",
        framework="pytorch",
        framework_version="2.6",
    )


def test_nothing_is_served_before_a_revision_is_complete(
    spec: resolved.Workspace, model: resolved.Model
) -> None:
    assert served.served(model, {}, None) is None
    assert served.served(model, jobs(job(spec, "aaaaaaaaaa")), None) is None


def test_newest_complete_revision_lies_where_its_job_wrote(
    spec: resolved.Workspace, model: resolved.Model
) -> None:
    elsewhere = "s3://iris-labels/old"
    found = jobs(
        job(spec, "aaaaaaaaaa", "2026-01-03T00:00:00Z", elsewhere),
        job(spec, "bbbbbbbbbb", "2026-01-02T00:00:00Z"),
        job(spec, "cccccccccc"),
    )
    assert served.served(model, found, None) == result(
        "aaaaaaaaaa", "2026-01-03T00:00:00Z", elsewhere
    )


def test_revision_of_the_spec_comes_before_newer_ones(
    spec: resolved.Workspace, model: resolved.Model
) -> None:
    own = spec.trainings["iris-keras"].revision
    found = jobs(
        job(spec, own, "2026-01-01T00:00:00Z"),
        job(spec, "bbbbbbbbbb", "2026-01-02T00:00:00Z"),
    )
    live = deployment(result("bbbbbbbbbb", "2026-01-02T00:00:00Z"))
    back = result(own, "2026-01-01T00:00:00Z", seen="2026-01-02T00:00:00Z")
    assert served.served(model, found, live) == back
    assert served.served(model, found, deployment(back)) == back


def test_what_was_taken_back_stays_so_while_the_next_is_trained(
    spec: resolved.Workspace, model: resolved.Model
) -> None:
    """Back from b to a; then the spec asks for another one, and then for one more."""
    live = deployment(result("aaaaaaaaaa", "2026-01-01T00:00:00Z", seen="2026-01-02T00:00:00Z"))
    found = [
        job(spec, "aaaaaaaaaa", "2026-01-01T00:00:00Z"),
        job(spec, "bbbbbbbbbb", "2026-01-02T00:00:00Z"),
    ]
    assert served.settled(live) == served.served(model, jobs(*found), live)
    found.append(job(spec, "cccccccccc", "2026-01-03T00:00:00Z"))
    assert served.served(model, jobs(*found), live) == result("cccccccccc", "2026-01-03T00:00:00Z")


def test_removed_jobs_change_nothing(spec: resolved.Workspace, model: resolved.Model) -> None:
    newest = result("bbbbbbbbbb", "2026-01-02T00:00:00Z")
    live = deployment(newest)
    older = job(spec, "aaaaaaaaaa", "2026-01-01T00:00:00Z")
    assert served.served(model, {}, live) == newest
    assert served.served(model, jobs(older), live) == newest
    # One that was made again finds its record and ends at once, later than it did first.
    again = job(spec, "bbbbbbbbbb", "2026-02-01T00:00:00Z")
    assert served.served(model, jobs(older, again), live) == newest
    newer = job(spec, "cccccccccc", "2026-01-03T00:00:00Z")
    assert served.served(model, jobs(older, newer), live) == result(
        "cccccccccc", "2026-01-03T00:00:00Z"
    )


def test_what_was_settled_gets_the_models_present_settings(model: resolved.Model) -> None:
    live = deployment(result("bbbbbbbbbb", "2026-01-02T00:00:00Z"))
    changed = replace(model, model_name="Iris", framework_version="2.22")
    assert served.served(changed, {}, live) == replace(
        result("bbbbbbbbbb", "2026-01-02T00:00:00Z"), model_name="Iris", framework_version="2.22"
    )


def test_another_model_takes_over_when_it_is_there(
    spec: resolved.Workspace, model: resolved.Model
) -> None:
    legacy = served.served(spec.models["legacy"], {}, None)
    assert legacy is not None
    live = deployment(legacy)
    assert served.served(model, jobs(job(spec, "aaaaaaaaaa")), live) == legacy
    complete = jobs(job(spec, "aaaaaaaaaa", "2026-01-01T00:00:00Z"))
    assert served.served(model, complete, live) == result("aaaaaaaaaa", "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"address": 1}',
        '{"address": "x"}',
        json.dumps({"address": "nas://a:/b", "more": ""}),
    ],
)
def test_what_somebody_wrote_over_says_nothing(text: str) -> None:
    live = deployment(result("bbbbbbbbbb", ""))
    live["spec"]["template"]["metadata"]["annotations"][served.SERVED_ANNOTATION] = text
    assert served.settled(live) is None


def test_version_is_the_revision_or_stands_for_the_path(model: resolved.Model) -> None:
    made = result("a1", "")
    assert made.version == "a1"
    paths = [replace(made, revision="", address=parsed(f"obs://x/y/{name}")) for name in "ab"]
    versions = {item.version for item in (*paths, *paths)}
    assert len(versions) == 2
    assert all(version.isalnum() for version in versions)
