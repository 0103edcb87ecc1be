"""`emctl open`: the address, what lets people in, and a browser that is told no secret."""

import base64
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.statuses.common import deployment
from tests.support import live_objects as o
from tests.support.api_server import ApiServer
from tools.errors import ToolError

TOKEN = "opensesame-7f3c"
BOARD, BOOK = ("experiment", "iris"), ("notebook", "explore")
NOTEBOOK = f"http://notebook-explore.lab.ml.test:8088/login?token={TOKEN}&next=%2Flab"


def secret(name: str) -> o.Object:
    data = {"token": base64.b64encode(TOKEN.encode()).decode()}
    return {"metadata": {"name": name, "namespace": "lab"}, "data": data}


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser that notes what it was told to open."""
    program, told = tmp_path / "browser", tmp_path / "told"
    program.write_text(f'#!/bin/sh\nprintf %s "$*" >"{told}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(program))
    monkeypatch.setattr("webbrowser._tryorder", None)  # what it found for other tests
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return told


@pytest.fixture
def live(server: ApiServer) -> ApiServer:
    """A TensorBoard and a notebook that work."""
    board = deployment(BOARD, "experiment-iris", availableReplicas=1)
    ready = {**o.condition("Ready"), "lastTransitionTime": o.MADE}
    pod = o.pod(
        "notebook-explore-0",
        BOOK,
        o.container("notebook", o.running(), ready=True),
        conditions=(ready,),
    )
    book = o.thing(
        "StatefulSet", "notebook-explore", BOOK, spec={"replicas": 1}, metadata={"generation": 1}
    )
    server.lists |= {
        "deployments": [board],
        "statefulsets": [book],
        "pods": [pod],
        "httproutes": [
            o.route("experiment-iris", BOARD, *o.accepted()),
            o.route("notebook-explore", BOOK, *o.accepted()),
        ],
        "secrets": [secret("experiment-iris"), secret("notebook-explore")],
    }
    return server


def refused(command: Command, what: str) -> str:
    """What is said where nothing is opened."""
    done = command("open", what)
    assert done.stdout == ""
    assert isinstance(done.exception, ToolError)
    return str(done.exception)


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    ("what", "url"),
    [
        ("notebook/explore", NOTEBOOK),
        (
            "experiment",
            f"http://tensorboard-iris.lab.ml.test:8088/login?token={TOKEN}&next=%2F",
        ),
        ("endpoint/iris", "http://iris.lab.ml.test:8088/inference"),
        ("stage/iris/blue", "http://blue-iris.lab.ml.test:8088/inference"),
    ],
)
def test_prints_the_address(command: Command, browser: Path, what: str, url: str) -> None:
    done = command("open", what, "--print")
    assert (done.stdout, done.stderr, done.exit_code) == (f"{url}\n", "", 0)
    assert not browser.exists()


@pytest.mark.usefixtures("live")
def test_the_browser_gets_a_file_that_leads_on_and_only_this_user_reads(
    command: Command, browser: Path
) -> None:
    for _ in range(2):
        done = command("open", "notebook/explore")
        assert (done.output, done.exit_code) == ("", 0)
    told = browser.read_text()
    assert TOKEN not in told
    file = Path(told.removeprefix("file://"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert f'content="0;url={NOTEBOOK.replace("&", "&amp;")}"' in file.read_text()


def test_who_may_not_read_the_secret_gets_the_page_that_asks(
    command: Command, live: ApiServer, browser: Path
) -> None:
    live.lists["secrets"] = (403, 'secrets "notebook-explore" is forbidden: User "eve" cannot')
    done = command("open", "notebook/explore", "--print")
    assert done.stdout == "http://notebook-explore.lab.ml.test:8088/login?next=%2Flab\n"
    assert done.stderr == (
        "notebook/explore opens at the page that asks for its token, since you may not read the "
        "Secret notebook-explore of lab: the Role `opener` there lets you\n"
    )
    assert command("open", "notebook/explore").exit_code == 0
    assert "token=" not in Path(browser.read_text().removeprefix("file://")).read_text()


def test_what_does_not_answer_is_not_opened(
    command: Command, live: ApiServer, browser: Path
) -> None:
    live.lists["pods"] = []
    said = refused(command, "notebook/explore")
    assert said.startswith("notebook/explore can't be opened: it is CREATE IN PROGRESS")
    done = command("open", "notebook/explore", "--print")
    assert (done.stdout, done.stderr) == (
        f"{NOTEBOOK}\n",
        "notebook/explore: CREATE IN PROGRESS\n",
    )
    live.lists["secrets"] = []
    said = refused(command, "notebook/explore")
    assert said == "notebook/explore is not applied yet: there is no Secret notebook-explore"
    assert not browser.exists()


def test_what_has_no_address_is_said(command: Command) -> None:
    assert refused(command, "training/fit").startswith("a training has no address (`emctl describe")
