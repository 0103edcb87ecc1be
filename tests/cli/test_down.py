"""What `emctl down` removes, on a cluster that answers and on one that doesn't."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import api as apis
from cli import stack
from cli.main import emctl
from live import Context
from schemas import SpecError
from tests.support import workspaces
from tests.support.api_server import ApiServer
from tools.errors import ToolError

REFUSED = ToolError("the cluster can't be read: dial tcp 10.0.0.1:443: i/o timeout")


@dataclass
class Project:
    """A project with the stack `prod` in its state, and what is asked of Pulumi there."""

    folder: Path

    def spec(self, context: str) -> Path:
        """A workspace on the cluster of a context."""
        return self.write(workspaces.SPEC.replace("context: here", f"context: {context}"))

    def write(self, text: str) -> Path:
        """A spec."""
        file = self.folder / "prod.yaml"
        file.write_text(text)
        return file

    @property
    def config_file(self) -> Path:
        return self.folder / "stacks" / "Pulumi.prod.yaml"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def passphrase(self) -> Path:
        return self.folder / ".state" / "passphrase"

    @property
    def changes(self) -> list[str]:
        """The commands of Pulumi that change something."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [line for line in lines if not line.startswith(("stack ls", "stack output"))]


@pytest.fixture(name="project")
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path)
    made.config_file.parent.mkdir()
    made.config_file.write_text("config: {}\n")
    program = tmp_path / "pulumi"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        "words = ' '.join(sys.argv[1:]).replace(' --non-interactive --color never', '')\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "with (folder / 'log').open('a') as log:\n"
        "    print(words, file=log)\n"
        "if words == 'stack ls --json':\n"
        "    print((folder / 'stacks.json').read_text())\n"
        "elif words.startswith('stack rm'):\n"
        "    (folder / 'stacks.json').write_text('[]')\n"
        "elif words.startswith('stack output'):\n"
        "    sys.exit('error: no stack named cluster\\nfound')\n"
    )
    program.chmod(0o755)
    holds(made, 12)
    monkeypatch.setattr(stack, "pulumi", lambda: str(program))
    monkeypatch.setattr(stack, "PROJECT", tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(made.kubeconfig))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for module in ("cli.stack", "cli.down"):
        monkeypatch.setattr(f"{module}.STATE", tmp_path / ".state")
        monkeypatch.setattr(f"{module}.PASSPHRASE", made.passphrase)
    for name in (
        *("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"),
        "PULUMI_BACKEND_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    return made


def holds(project: Project, resources: int) -> None:
    """How much there is in the stack's state."""
    listed = [{"name": "organization/easymaker/prod", "resourceCount": resources}]
    (project.folder / "stacks.json").write_text(json.dumps(listed))


@pytest.fixture(name="unreachable")
def _unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(context: Context) -> Iterator[apis.Api]:
        raise REFUSED
        yield

    monkeypatch.setattr("cli.down.api", opened)


@pytest.fixture(name="reachable")
def _reachable(monkeypatch: pytest.MonkeyPatch, server: ApiServer) -> None:
    @contextmanager
    def opened(context: Context) -> Iterator[apis.Api]:
        yield apis.Api(server.path)

    monkeypatch.setattr("cli.down.api", opened)


def down(spec: Path) -> Result:
    return CliRunner().invoke(emctl, ["down", str(spec)])


@pytest.mark.usefixtures("unreachable")
def test_stack_of_a_local_cluster_that_is_gone_is_forgotten(project: Project) -> None:
    (project.folder / ".state" / ".pulumi").mkdir(parents=True)
    done = down(project.spec("easymaker-local"))
    assert (done.exit_code, done.stderr) == (0, f"{REFUSED}: only the stack is removed\n")
    assert project.changes == ["stack rm --yes --force prod"]
    assert not project.config_file.exists()
    assert not project.passphrase.exists()
    assert not (project.folder / ".state" / ".pulumi").exists()


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("kept", [True, False])
def test_stack_of_a_cluster_that_somebody_still_has_stays(project: Project, kept: bool) -> None:
    """Stopped, or another's whose context is called like those of local ones."""
    if kept:
        (project.folder / "easymaker" / "clusters" / "local").mkdir(parents=True)
        (project.folder / "easymaker" / "clusters" / "local" / "cluster.json").touch()
    else:
        config = {"contexts": [{"name": "easymaker-local", "context": {"cluster": "c"}}]}
        project.kubeconfig.write_text(json.dumps(config))
    done = down(project.spec("easymaker-local"))
    assert "the cluster 'easymaker-local' can't be reached, and nothing was" in str(done.exception)
    assert project.changes == []
    assert project.config_file.exists()


@pytest.mark.usefixtures("unreachable")
def test_stack_of_a_cluster_that_cannot_be_reached_stays(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    done = down(project.spec("production"))
    assert isinstance(done.exception, ToolError)
    assert str(done.exception) == (
        "the cluster 'production' can't be reached, and nothing was removed: dial tcp "
        "10.0.0.1:443: i/o timeout (once it answers, try again; where it is gone for good, "
        "`pulumi stack rm --force --preserve-config prod` removes the stack alone)"
    )
    assert project.changes == []
    assert project.config_file.exists()


def test_stack_on_aws_whose_cluster_is_not_told_stays(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    target = "{type: aws, cluster_stack: organization/easymaker/cluster}"
    gateway = workspaces.SPEC.partition("  gateway:\n")[2].partition("  object_storage:\n")[0]
    spec = workspaces.SPEC.replace("{type: kubernetes, context: here}", target)
    done = down(project.write(spec.replace(f"  gateway:\n{gateway}", "")))
    assert isinstance(done.exception, ToolError)
    assert str(done.exception).startswith(
        "the cluster 'organization/easymaker/cluster' can't be reached, and nothing was removed: "
        "the cluster stack organization/easymaker/cluster can't be read: no stack named cluster "
        "found (once it answers, "
    )
    assert project.changes == []
    assert project.config_file.exists()


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize(
    ("context", "removal"),
    [
        ("production", "stack rm --yes --preserve-config prod"),
        ("easymaker-local", "stack rm --yes --force prod"),
    ],
)
def test_what_a_stack_made_goes_before_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, context: str, removal: str
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    (project.folder / ".state" / ".pulumi").mkdir(parents=True)
    # Pulumi writes to this process's own standard error, which CliRunner takes away.
    emctl.main(["down", str(project.spec(context))], standalone_mode=False)
    destroy, removed = project.changes
    assert destroy.startswith("destroy --yes ")
    assert destroy.endswith(" --stack prod")
    assert removed == removal
    remote = context == "production"
    assert project.config_file.exists() == remote
    assert (project.folder / ".state" / ".pulumi").exists() == remote


@pytest.mark.usefixtures("unreachable")
def test_stack_that_made_nothing_needs_no_cluster(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    holds(project, 0)
    assert down(project.spec("production")).exit_code == 0
    assert project.changes == ["stack rm --yes --preserve-config prod"]


def test_only_a_local_stack_gets_a_passphrase(project: Project) -> None:
    done = down(project.spec("production"))
    assert isinstance(done.exception, ToolError)
    assert str(done.exception) == (
        "no passphrase for the stack's secrets is given "
        "(set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it)"
    )
    assert not project.passphrase.exists()
    assert project.changes == []


@pytest.mark.parametrize("text", [None, "kind: Workspace\n"])
def test_wrong_spec_removes_nothing(project: Project, text: str | None) -> None:
    done = down(project.write(text) if text else project.folder / "none.yaml")
    assert isinstance(done.exception, SpecError)
    assert project.changes == []
