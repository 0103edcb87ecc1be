"""An engine that is killed in the middle of a creation, and what `emctl recover` makes of it."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.aws.conftest import Account

pytestmark = pytest.mark.e2e

PROGRAM = """
    from pulumi_aws import ec2, iam

    vpc = ec2.Vpc("net", cidr_block="10.0.0.0/16", tags={"Name": "net"})
    group = ec2.SecurityGroup("group", description="old", vpc_id=vpc.id, tags={"Name": "group"})
    iam.Role("nodes", assume_role_policy="{}", tags={"group": group.id})
"""
VPC, ROLE, GROUP = "aws:ec2/vpc:Vpc", "aws:iam/role:Role", "aws:ec2/securityGroup:SecurityGroup"


def finished(account: Account, empty: dict[str, list[str]]) -> None:
    """Apply the rest, and remove all of it."""
    assert (
        "pending operations" not in account.project.pulumi("up", "--yes", "--skip-preview").stdout
    )
    account.project.pulumi("preview", "--expect-no-changes")
    account.project.pulumi("refresh", "--yes", "--expect-no-changes")
    account.project.pulumi("destroy", "--yes", "--skip-preview")
    assert account.inventory() == empty


def test_what_was_made_is_taken_in_and_what_was_not_is_let_go(account: Account) -> None:
    empty = account.inventory()
    account.project.write(PROGRAM)
    # One is made after the other.
    for type_ in (VPC, GROUP, ROLE):
        account.killed(f"before {type_}")
        assert re.fullmatch(rf"{type_} \w+: let go, `pulumi up` makes it\n", account.recover())
        account.killed(f"after {type_}")
        assert re.fullmatch(rf"{type_} \w+: taken in as .*\n", account.recover())
    finished(account, empty)


def test_what_was_to_be_replaced_goes(account: Account) -> None:
    empty = account.inventory()
    account.project.write(PROGRAM)
    account.project.pulumi("up", "--yes", "--skip-preview")
    account.project.write(PROGRAM.replace("old", "new"))
    account.killed(f"after {GROUP}")
    assert f"{GROUP} group: taken in as sg-" in account.recover()
    done = account.project.pulumi("up", "--yes", "--skip-preview")
    assert "group deleting original" in done.stdout
    groups = account.call("ec2", "describe_security_groups")["SecurityGroups"]
    own = [group for group in groups if group["GroupName"].startswith("group-")]
    assert [group["Description"] for group in own] == ["new"]
    finished(account, empty)


def test_group_is_taken_in_as_the_provider_leaves_it(account: Account) -> None:
    def own() -> Any:
        groups = account.call("ec2", "describe_security_groups")["SecurityGroups"]
        return next(group for group in groups if group["GroupName"].startswith("group-"))

    account.project.write(PROGRAM)
    account.killed(f"after {GROUP}")
    # The provider had already taken that from it.
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    given = {"GroupId": own()["GroupId"], "IpPermissions": everything}
    account.call("ec2", "authorize_security_group_egress", **given)
    assert own()["IpPermissionsEgress"]
    account.recover()
    assert own()["IpPermissionsEgress"] == []


def test_run_that_goes_on_is_left_alone(account: Account) -> None:
    account.project.write(PROGRAM)
    account.killed(f"after {VPC}")
    (left,) = Path(account.project.environment["PULUMI_BACKEND_URL"].removeprefix("file://")).rglob(
        ".pulumi/locks/**/*.json"
    )
    # As if the process that has it went on.
    left.write_text(json.dumps({**json.loads(left.read_text()), "pid": os.getpid()}))
    before = account.project.pulumi("stack", "export").stdout
    done = account.emctl("recover", "spec.yaml", "--stack", "test")
    assert re.search(
        rf"^emctl: the stack is locked by a run of \S+ \(pid {os.getpid()}", done.stderr
    )
    assert (done.returncode, left.exists()) == (1, True)
    assert account.project.pulumi("stack", "export").stdout == before
    assert account.emctl("recover", "spec.yaml", "--stack", "test", "--force").returncode == 0
    assert not left.exists()


def test_several_are_named_and_nothing_is_changed(account: Account) -> None:
    account.project.write(PROGRAM)
    account.killed(f"after {VPC}")
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "net"}]}]
    account.call("ec2", "create_vpc", CidrBlock="10.0.0.0/16", TagSpecifications=tags)
    before = account.project.pulumi("stack", "export").stdout
    done = account.emctl("recover", "spec.yaml", "--stack", "test")
    assert re.search(
        rf"^emctl: {VPC} net was being made, and there are several of its kind on AWS: vpc-\w+, "
        r"vpc-\w+ \(remove those that nobody uses, and try again\)$",
        done.stderr,
        re.MULTILINE,
    )
    assert done.returncode == 1
    assert account.project.pulumi("stack", "export").stdout == before


def test_nothing_under_way_is_said(account: Account) -> None:
    done = account.emctl("recover", "spec.yaml", "--stack", "test")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "nothing was under way on AWS\n"
