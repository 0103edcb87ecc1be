"""What a program says of a run that was killed, and `emctl recover` on its stack."""

import copy
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import emctl
from cli.recovery import find, guard
from cli.recovery.lock import Lock
from cli.recovery.pending import Document
from cli.stack import PulumiError, Stack
from tests.support.killed import VPC, pending, resource, state
from tools.errors import ToolError

STACK = "organization/easymaker/dev"
SPEC = "stacks/dev.yaml"
RECOVER = f"`emctl recover {SPEC} --stack {STACK}`"
KILLED = state(pending("creating"), pending("creating", f"{VPC}2"), pending("updating"))


def test_program_is_told_what_would_be_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    there = state()
    monkeypatch.setattr(Stack, "export", lambda self: there)
    assert guard.problem(STACK, SPEC, preview=False) == ""
    there = KILLED
    assert guard.problem(STACK, SPEC, preview=False) == (
        "the last run was killed while it made aws:ec2/vpc:Vpc dev and 1 more on AWS, which would "
        f"be made twice ({RECOVER} takes it in)"
    )


def test_preview_may_see_a_run_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stack, "export", lambda self: KILLED)
    assert guard.problem(STACK, SPEC, preview=True) == (
        "a run makes aws:ec2/vpc:Vpc dev and 1 more on AWS now, or was killed while it did: wait "
        f"for its end or, if it is over, take that in by {RECOVER}"
    )


def test_state_that_is_not_told_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def export(stack: Stack) -> None:
        raise PulumiError("stack export", "no such bucket")

    monkeypatch.setattr(Stack, "export", export)
    assert guard.problem(STACK, SPEC, preview=False) == (
        "whether the last run was killed can't be seen: `pulumi stack export` failed: "
        "no such bucket"
    )


class Backend:
    """A stack's state and locks, as Pulumi tells of them and changes them."""

    def __init__(self, state: Document) -> None:
        self.state = state
        self.locks: list[str] = []
        self.refreshed: list[str] = []

    def pulumi(self, stack: Stack, *arguments: str, stdin: str | None = None) -> str:
        match arguments:
            case ("stack", "rename", name, "--stack", stack.name):
                assert name == stack.name
                told = "\n".join(self.locks)
                locked = f"error: the stack is currently locked by {len(self.locks)} lock(s).{told}"
                there = "error: a stack named dev already exists"
                raise PulumiError("stack rename", locked if self.locks else there)
            case ("cancel", *_):
                self.locks.clear()
            case ("stack", "export", *_):
                return json.dumps(self.state)
            case ("stack", "import", *_):
                assert stdin is not None
                assert not self.locks
                self.state = json.loads(stdin)
            case other:
                raise AssertionError(other)
        return ""

    def lock(self, host: str, pid: int) -> None:
        self.locks.append(
            f"\n  file:///state/.pulumi/locks/dev/1.json: created by me@{host} (pid {pid}) "
            "at 2026-01-02T03:04:05Z"
        )


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    """One with a VPC that was being made, of which AWS knows."""
    found = Backend(state(pending("creating", inputs={"tags": {"Name": "dev"}})))
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///state")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")

    def pulumi(stack: Stack, *arguments: str, stdin: str | None = None) -> str:
        return found.pulumi(stack, *arguments, stdin=stdin)

    def refresh(_: Stack, urns: Sequence[str]) -> None:
        found.refreshed += urns

    monkeypatch.setattr(Stack, "pulumi", pulumi)
    monkeypatch.setattr(Stack, "refresh", refresh)
    answers(monkeypatch)
    return found


def answers(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """AWS, which has a VPC and a group; the list of what it will be asked."""
    tags = [{"Key": "Name", "Value": "dev"}, {"Key": "easymaker:cluster", "Value": "dev"}]
    told = {
        "describe-vpcs": {"Vpcs": [{"VpcId": "vpc-1", "Tags": tags}]},
        "describe-security-groups": {"SecurityGroups": [{"GroupId": "sg-1", "Tags": tags}]},
        "revoke-security-group-egress": {},
        "get-caller-identity": {"Account": "123456789012"},
    }
    asked: list[list[str]] = []

    def run(words: list[str], **_: object) -> str:
        asked.append(words)
        return json.dumps(told[words[2]])

    monkeypatch.setattr(find, "run", run)
    return asked


def recover(*options: str) -> Result:
    return CliRunner().invoke(emctl, ["recover", SPEC, *options])


def over() -> int:
    """The pid of a process that is over."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_lock_of_a_process_that_is_over_is_removed(backend: Backend) -> None:
    pid = over()
    backend.lock(socket.gethostname(), pid)
    done = recover()
    assert done.stdout == "aws:ec2/vpc:Vpc dev: taken in as vpc-1\n"
    lock = f"me@{socket.gethostname()} (pid {pid}, since 2026-01-02T03:04:05Z)"
    assert f"removed the lock of {lock}\n" in done.stderr
    assert backend.refreshed == [VPC]
    assert [item["id"] for item in backend.state["deployment"]["resources"]] == ["1", "vpc-1"]


@pytest.mark.parametrize(
    ("host", "pid"),
    [(socket.gethostname(), os.getpid()), (socket.gethostname(), 1), ("elsewhere", 1)],
)
def test_run_that_may_go_on_keeps_its_lock(backend: Backend, host: str, pid: int) -> None:
    backend.lock(socket.gethostname(), over())
    backend.lock(host, pid)
    before = backend.state
    done = recover()
    assert str(done.exception) == (
        f"the stack is locked by a run of me@{host} (pid {pid}, since 2026-01-02T03:04:05Z) "
        "(wait for its end; if it is over, as you know, `--force` removes its lock)"
    )
    assert isinstance(done.exception, ToolError)
    assert (len(backend.locks), backend.state) == (2, before)
    done = recover("--force")
    assert f"removed the lock of me@{host} (pid {pid}," in done.stderr
    assert done.stdout == "aws:ec2/vpc:Vpc dev: taken in as vpc-1\n"
    assert backend.locks == []


def test_state_that_changes_meanwhile_is_left_alone(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = state()

    def change(*_: object, **__: object) -> str:
        backend.state = ended
        return json.dumps({"Vpcs": [], "Account": "123456789012"})

    monkeypatch.setattr(find, "run", change)
    assert str(recover().exception) == "the stack dev was changed meanwhile (try again)"
    assert backend.state == ended


def test_creation_that_an_earlier_run_left_is_taken_in_once(backend: Backend) -> None:
    backend.state["deployment"]["pending_operations"] *= 2
    assert recover().stdout == "aws:ec2/vpc:Vpc dev: taken in as vpc-1\n"
    _, made = backend.state["deployment"]["resources"]
    assert (made["id"], made.get("delete")) == ("vpc-1", None)


def test_of_two_creations_with_names_of_their_own_the_last_counts(backend: Backend) -> None:
    group = VPC.replace("ec2/vpc:Vpc", "cloudwatch/logGroup:LogGroup")
    backend.state = state(
        *(pending("creating", group, inputs={"name": name}) for name in ("dev-a", "dev-b"))
    )
    assert recover().stdout == "aws:cloudwatch/logGroup:LogGroup dev: taken in as dev-b\n"
    _, *made = backend.state["deployment"]["resources"]
    assert [(item["id"], item.get("delete")) for item in made] == [("dev-b", None), ("dev-a", True)]


@pytest.mark.parametrize("account", ["123456789012", "210987654321"])
def test_credentials_of_another_account_take_nothing_in(backend: Backend, account: str) -> None:
    arns = (f"arn:aws:iam::{account}:role/dev", "arn:aws:iam::aws:policy/ReadOnly", None)
    backend.state["deployment"]["resources"] += [
        resource(f"{VPC}-{number}", id=str(number), outputs={"arn": arn})
        for number, arn in enumerate(arns)
    ]
    before = copy.deepcopy(backend.state)
    done = recover()
    if account == "123456789012":
        assert done.stdout == "aws:ec2/vpc:Vpc dev: taken in as vpc-1\n"
        return
    assert str(done.exception) == (
        "the stack's things are in the account 210987654321 of AWS, and your credentials are of "
        "123456789012 (give those of the stack's account, as by AWS_PROFILE)"
    )
    assert backend.state == before


@pytest.mark.parametrize("kind", ["passphrase", "cloud"])
def test_passphrase_is_asked_for_where_secrets_have_one(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    monkeypatch.setattr("cli.recover.PASSPHRASE", tmp_path / "none")
    backend.state["deployment"]["secrets_providers"] = {"type": kind}
    done = recover()
    if kind == "cloud":
        assert done.stdout == "aws:ec2/vpc:Vpc dev: taken in as vpc-1\n"
        return
    assert str(done.exception) == (
        "no passphrase for the stack's secrets is given "
        "(set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it)"
    )
    assert backend.state["deployment"]["pending_operations"]


def test_new_group_lets_nothing_out(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    group = VPC.replace("vpc:Vpc", "securityGroup:SecurityGroup")
    backend.state = state(pending("creating", group, inputs={"tags": {"Name": "dev"}}))
    asked = answers(monkeypatch)
    assert recover().stdout == "aws:ec2/securityGroup:SecurityGroup dev: taken in as sg-1\n"
    assert asked[-1][:3] == ["aws", "ec2", "revoke-security-group-egress"]
    assert json.loads(asked[-1][4]) == {
        "GroupId": "sg-1",
        "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    }


def test_process_of_another_user_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    assert not Lock("me", socket.gethostname(), 1, "now").is_left()
