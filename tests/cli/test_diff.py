"""`emctl diff`: between files, and against revisions."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import emctl
from schemas import SpecError
from schemas.text import Literal
from tests.schemas import clusters, specs
from tools.errors import ToolError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(emctl, ["diff", *arguments])


def write(path: Path, spec: dict[str, Any]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(specs.flow(spec))
    return str(path)


@pytest.fixture(name="old")
def _old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "old.yaml", specs.document())


def test_same_specs_have_no_changes(old: str) -> None:
    result = run(old, old)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no changes\n")


def test_text_says_what_each_change_does(tmp_path: Path, old: str) -> None:
    spec = specs.document()
    spec["trainings"]["base"]["hyperparameters"]["epochs"] = Literal("61")
    spec["notebooks"]["research"] = spec["notebooks"].pop("explore")
    spec["platform"]["flavors"]["m2.c1m2"]["memory"] = "3Gi"
    result = run(old, write(tmp_path / "new.yaml", spec))
    assert result.exit_code == 0
    cost = "trains again; earlier output stays where it is"
    uses = "notebooks that use it restart and stages are replaced instance by instance"
    assert result.stdout == (
        f'~ platform.flavors[m2.c1m2].memory: "2Gi" -> "3Gi"\n'
        f"    restart: {uses}; trainings follow with their next revision\n"
        "    used by endpoints.iris.stages.off, endpoints.iris.stages.on\n"
        '~ platform.flavors[m2.c1m2].requests.memory: "2Gi" -> "3Gi"\n'
        f"    restart: {uses}; trainings follow with their next revision\n"
        "    used by endpoints.iris.stages.off, endpoints.iris.stages.on\n"
        "~ trainings.base.hyperparameters.epochs: 60 -> 61\n"
        f"    new revision: {cost}\n    run repeated\n"
        "~ trainings.wide.hyperparameters.epochs: 60 -> 61\n"
        f"    new revision: {cost}\n    run repeated\n"
        "- notebooks.explore\n"
        "    delete: both volumes are deleted with all data on them; NAS stays\n"
        "    data lost, work interrupted\n"
        "    looks like a rename to 'research': a renamed key is a new thing\n"
        "+ notebooks.research\n"
        "    create\n"
    )


def test_refused_change_exits_with_one(tmp_path: Path, old: str) -> None:
    spec = specs.changed(("notebooks", "explore", "data_storage"), 40)
    result = run(old, write(tmp_path / "new.yaml", spec))
    assert result.exit_code == 1
    assert result.stdout == (
        "~ notebooks.explore.data_storage: 20 -> 40\n"
        "    refused: a volume keeps its size: a new notebook can have another\n"
    )


def test_json_is_for_machines(tmp_path: Path, old: str) -> None:
    spec = specs.changed(("endpoints", "iris", "default_stage"), "off")
    result = run("--format", "json", old, write(tmp_path / "new.yaml", spec))
    assert json.loads(result.stdout) == {
        "changes": [
            {
                "path": "endpoints.iris.default_stage",
                "effect": "in place",
                "meaning": "requests go to the new stage once it answers; the old one stays",
                "costs": [],
                "refusal": "",
                "old": '"on"',
                "new": '"off"',
                "affects": [],
                "renamed_to": "",
            }
        ]
    }


def test_value_that_may_be_secret_is_hidden(tmp_path: Path, old: str) -> None:
    before = specs.changed(("trainings", "base", "hyperparameters", "hf_token"), "hunter2")
    after = specs.changed(("trainings", "base", "hyperparameters", "hf_token"), "hunter3")
    one, two = write(tmp_path / "a.yaml", before), write(tmp_path / "b.yaml", after)
    for form in ("text", "json"):
        result = run("--format", form, one, two)
        assert "hf_token" in result.stdout
        assert "hunter" not in result.stdout
        assert "(hidden)" in result.stdout


def test_tag_that_may_be_secret_is_hidden(tmp_path: Path) -> None:
    one, two = (
        write(tmp_path / name, {**clusters.CLUSTER, "tags": {"db_password": value, "team": name}})
        for name, value in (("a.yaml", "hunter2"), ("b.yaml", "hunter3"))
    )
    assert run(one, two).stdout == (
        "~ tags.db_password: (hidden) -> (hidden)\n    in place\n"
        '~ tags.team: "a.yaml" -> "b.yaml"\n    in place\n'
    )


def test_what_is_new_as_a_whole_hides_what_may_be_secret(tmp_path: Path, old: str) -> None:
    spec = specs.changed(("trainings", "base", "hyperparameters", "hf_token"), "hunter2")
    spec["trainings"]["tokenizer"] = spec["trainings"]["base"]
    result = run("--format", "json", old, write(tmp_path / "new.yaml", spec))
    assert "hunter" not in result.stdout
    changes = {change["path"]: change for change in json.loads(result.stdout)["changes"]}
    new = json.loads(changes["trainings.tokenizer"]["new"])
    assert new["hyperparameters"]["hf_token"] == "(hidden)"
    assert new["flavor"] == spec["trainings"]["base"]["flavor"]


def test_stage_that_is_named_like_a_secret_hides_nothing(tmp_path: Path) -> None:
    one, two = specs.document(), specs.document()
    for spec, instances in ((one, 1), (two, 2)):
        stages = spec["endpoints"]["iris"]["stages"]
        stages["token-ner"] = {**stages["on"], "instances": instances}
    result = run(write(tmp_path / "a.yaml", one), write(tmp_path / "b.yaml", two))
    assert "~ endpoints.iris.stages.token-ner.instances: 1 -> 2\n" in result.stdout


def test_wrong_spec_is_refused_with_its_lines(tmp_path: Path, old: str) -> None:
    (tmp_path / "new.yaml").write_text("kind: Workspace\n")
    result = run(old, "new.yaml")
    assert isinstance(result.exception, SpecError)
    assert str(result.exception).startswith("new.yaml:1:1: api_version: this key is required")


def test_clusters_are_compared(tmp_path: Path) -> None:
    old = write(tmp_path / "old.yaml", clusters.CLUSTER)
    pools = clusters.CLUSTER["pools"]
    cpu = {**pools["cpu"], "max": 5, "labels": {"team": "all"}}
    gpu = {**pools["gpu"], "instance_types": ["g6.xlarge"]}
    changed = clusters.changed(clusters.CLUSTER, ("pools",), {**pools, "cpu": cpu, "gpu": gpu})
    new = write(tmp_path / "new.yaml", clusters.changed(changed, ("kubernetes_version",), "1.35"))
    result = run(old, new)
    assert result.exit_code == 1
    assert (
        result.stdout
        == """\
~ kubernetes_version: "1.36" -> "1.35"
    refused: the cluster runs 1.36, and no cluster goes back
~ pools.cpu.max: 2 -> 5
    in place
+ pools.cpu.labels.team
    in place
~ pools.gpu.instance_types: ["g5.xlarge"] -> ["g6.xlarge"]
    replace: the pool's new nodes come before its old ones go; what runs on them starts again
    work interrupted
"""
    )


def test_kinds_are_not_compared_with_each_other(tmp_path: Path) -> None:
    old = write(tmp_path / "old.yaml", clusters.CLUSTER)
    new = write(tmp_path / "new.yaml", clusters.ADDONS)
    result = run(old, new)
    assert isinstance(result.exception, ToolError)
    assert str(result.exception) == f"{old} is a Cluster, and {new} is a ClusterAddons"


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(name="repository")
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose committed spec includes a platform file, in the folder `stacks`."""
    folder = tmp_path / "repository"
    spec = specs.document()
    ground = spec.pop("platform")
    write(
        folder / "stacks" / "dev.yaml", {**spec, "include": ["platform/dev.yaml", "../more.yaml"]}
    )
    write(folder / "stacks" / "platform" / "dev.yaml", {"platform": ground})
    (folder / "more.yaml").symlink_to("other/real.yaml")
    write(folder / "other" / "real.yaml", {"experiments": {"linked": {}}})
    git(folder, "init", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--message=first")
    monkeypatch.chdir(folder)
    changed = specs.changed(("trainings", "base", "run"), 2)
    ground = changed.pop("platform")
    write(
        folder / "stacks" / "dev.yaml",
        {**changed, "include": ["platform/dev.yaml", "../more.yaml"]},
    )
    return folder


def test_against_a_revision(repository: Path) -> None:
    result = run("main:stacks/dev.yaml", "stacks/dev.yaml")
    assert result.exit_code == 0
    assert result.stdout.startswith("~ trainings.base.run: 1 -> 2\n    new revision: ")
    assert run("HEAD:stacks/dev.yaml", "main:stacks/dev.yaml").stderr == "no changes\n"


def test_path_relative_to_the_folder(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "stacks")
    assert run("main:./dev.yaml", "dev.yaml").stdout.startswith("~ trainings.base.run")


def test_file_whose_name_has_a_colon_is_a_file(repository: Path) -> None:
    name = write(Path("main:stacks/dev.yaml"), specs.document())
    changes = json.loads(run("--format", "json", name, "stacks/dev.yaml").stdout)["changes"]
    assert [change["path"] for change in changes] == ["experiments.linked", "trainings.base.run"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nowhere:stacks/dev.yaml", "there is no git revision 'nowhere' (see `git log`)"),
        ("--help:stacks/dev.yaml", "there is no git revision '--help' (see `git log`)"),
        ("main:stacks/gone.yaml", "stacks/gone.yaml:1:1: the file does not exist in main"),
        ("main:stacks", "stacks:1:1: the file is a directory or no regular file"),
        ("main:../x", "../x:1:1: the file lies outside of the repository"),
    ],
)
def test_revision_or_file_that_is_not_there(repository: Path, name: str, text: str) -> None:
    result = run("--", name, "stacks/dev.yaml")
    assert isinstance(result.exception, SpecError | ToolError)
    assert str(result.exception) == text


def test_outside_of_a_repository(tmp_path: Path, old: str) -> None:
    result = run("main:old.yaml", old)
    assert str(result.exception) == "this is no git repository (REVISION:PATH needs one)"


def test_problem_in_a_revision_names_the_file(repository: Path) -> None:
    (repository / "stacks" / "dev.yaml").write_text("kind: Workspace\n")
    git(repository, "commit", "--all", "--message=broken")
    result = run("main:stacks/dev.yaml", "stacks/dev.yaml")
    assert str(result.exception).splitlines()[0] == (
        "stacks/dev.yaml:1:1: api_version: this key is required"
    )
