"""What a killed run was making is found on AWS, and taken into the state."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cli.recovery.find import call, find
from cli.recovery.pending import Document, Operation, known, operations, settled
from tests.support.killed import PREFIX, VPC, pending, resource, state
from tools.errors import ToolError

TAGS = {"easymaker:cluster": "dev", "Name": "dev"}


def listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


class Answers:
    """AWS, by operation; what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, str, Any]] = []

    def __call__(self, region: str, service: str, operation: str, given: Mapping[str, Any]) -> Any:
        self.asked.append((region, service, operation, given))
        return self.answers[operation.replace("-", "_").replace(" ", "_")]


def making(type_: str, inputs: Document, tags: Mapping[str, str] = TAGS) -> Operation:
    thing = resource(f"{PREFIX}{type_}::dev", inputs=inputs)
    return Operation("creating", thing, "eu-west-1", tags)


def test_by_its_tags_and_nobody_elses() -> None:
    aws = Answers(
        describe_vpcs={
            "Vpcs": [
                {"VpcId": "vpc-own", "State": "available", "Tags": listed({**TAGS, "more": "x"})},
                {"VpcId": "vpc-known", "Tags": listed(TAGS)},
                {"VpcId": "vpc-other", "Tags": listed({**TAGS, "easymaker:cluster": "prod"})},
                {"VpcId": "vpc-bare"},
            ]
        }
    )
    assert find(making("aws:ec2/vpc:Vpc", {}), {("urn", "vpc-known")}, aws) == "vpc-own"
    filters = [{"Name": "tag:Name", "Values": ["dev"]}]
    assert aws.asked == [("eu-west-1", "ec2", "describe-vpcs", {"Filters": filters})]


def test_one_of_several_is_never_guessed() -> None:
    vpcs = [{"VpcId": name, "Tags": listed(TAGS)} for name in ("vpc-b", "vpc-a")]
    with pytest.raises(ToolError, match=r"aws:ec2/vpc:Vpc dev was .*: vpc-a, vpc-b \(remove"):
        find(making("aws:ec2/vpc:Vpc", {}), set(), Answers(describe_vpcs={"Vpcs": vpcs}))


def test_what_goes_is_left_alone_and_what_comes_is_waited_for() -> None:
    gateways = [
        {"NatGatewayId": f"nat-{state}", "State": state, "Tags": listed(TAGS)}
        for state in ("deleted", "deleting", "failed", "pending")
    ]
    aws = Answers(describe_nat_gateways={"NatGateways": gateways}, wait_nat_gateway_available={})
    assert find(making("aws:ec2/natGateway:NatGateway", {}), set(), aws) == "nat-pending"
    assert aws.asked[-1][2:] == ("wait nat-gateway-available", {"NatGatewayIds": ["nat-pending"]})


def test_key_that_is_to_be_deleted_is_not_it() -> None:
    arn = "arn:aws:kms:eu-west-1:123456789012:key"
    keys = [{"ResourceARN": f"{arn}/{name}", "Tags": listed(TAGS)} for name in ("old", "new")]

    class Keys(Answers):
        def __call__(self, region: str, service: str, operation: str, given: Any) -> Any:
            if operation == "describe-key":
                old = given["KeyId"] == f"{arn}/old"
                return {"KeyMetadata": {"KeyState": "PendingDeletion" if old else "Enabled"}}
            return super().__call__(region, service, operation, given)

    assert (
        find(
            making("aws:kms/key:Key", {}),
            set(),
            Keys(get_resources={"ResourceTagMappingList": keys}),
        )
        == "new"
    )


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes what stands on PATH as `aws`."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def write(script: str) -> None:
        program = tmp_path / "aws"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return write


def test_command_line_is_called_with_json(command: Callable[[str], None]) -> None:
    command("""printf '{"words": "%s"}' "$(echo "$@" | tr '"' "'")\"""")
    assert call("eu-west-1", "eks", "wait cluster-active", {"name": "dev"}) == {
        "words": "eks wait cluster-active --cli-input-json {'name': 'dev'} "
        "--region eu-west-1 --output json"
    }
    command("exit 0")
    assert call("eu-west-1", "eks", "wait cluster-active", {"name": "dev"}) == {}


@pytest.mark.parametrize(
    "said",
    [
        "An error occurred (InvalidVpcID.NotFound) when calling the DescribeVpcs operation: no",
        "An error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling: no",
        "Waiter ClusterActive failed: An error occurred (ResourceNotFoundException): No cluster",
    ],
)
def test_what_is_not_there_is_no_error(command: Callable[[str], None], said: str) -> None:
    command(f"echo '{said}' >&2; exit 254")
    assert call("eu-west-1", "ec2", "describe-vpcs", {}) is None


def test_any_other_failure_is_one(command: Callable[[str], None]) -> None:
    command("echo 'An error occurred (UnauthorizedOperation): not you' >&2; exit 254")
    with pytest.raises(ToolError, match=r"^`aws ec2 describe-vpcs`: .*UnauthorizedOperation"):
        call("eu-west-1", "ec2", "describe-vpcs", {})


GROUP = {"securityGroupId": "sg-1", "referencedSecurityGroupId": "sg-2", "ipProtocol": "tcp"}


@pytest.mark.parametrize(
    ("type_", "inputs", "answers", "expected"),
    [
        pytest.param(
            "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            {**GROUP, "fromPort": 80, "toPort": 80},
            {
                "describe_security_group_rules": {
                    "SecurityGroupRules": [
                        {
                            "SecurityGroupRuleId": f"sgr-{port}-{egress}-{other}",
                            "IsEgress": egress,
                            "IpProtocol": "tcp",
                            "FromPort": port,
                            "ToPort": port,
                            "ReferencedGroupInfo": {"GroupId": other},
                        }
                        for port in (80, 81)
                        for egress in (True, False)
                        for other in ("sg-2", "sg-3")
                    ]
                }
            },
            "sgr-80-True-sg-2",
            id="a rule",
        ),
        pytest.param(
            "ec2/routeTableAssociation:RouteTableAssociation",
            {"routeTableId": "rtb-1", "subnetId": "subnet-2"},
            {
                "describe_route_tables": {
                    "RouteTables": [
                        {
                            "Associations": [
                                {
                                    "RouteTableAssociationId": f"rtbassoc-{n}",
                                    "SubnetId": f"subnet-{n}",
                                }
                                for n in (1, 2)
                            ]
                        }
                    ]
                }
            },
            "rtbassoc-2",
            id="in a list of its parent's",
        ),
        pytest.param(
            "sqs/queue:Queue",
            {"name": "dev-karpenter"},
            {"get_queue_url": {"QueueUrl": "https://sqs/1/dev-karpenter"}},
            "https://sqs/1/dev-karpenter",
            id="the answer itself",
        ),
        pytest.param(
            "apigatewayv2/integration:Integration",
            {"apiId": "a", "requestParameters": {"overwrite:path": "/inference"}},
            {
                "get_integrations": {
                    "Items": [
                        {"IntegrationId": path, "RequestParameters": {"overwrite:path": path}}
                        for path in ("/inference", "/predict")
                    ]
                }
            },
            "/inference",
            id="by what it has",
        ),
        pytest.param("sqs/queue:Queue", {"name": "q"}, {"get_queue_url": None}, None, id="absent"),
        pytest.param(
            "lb/listener:Listener",
            {"loadBalancerArn": "arn", "port": 80},
            {"describe_listeners": {"Listeners": []}},
            None,
            id="none of its parent's",
        ),
        pytest.param(
            "eks/nodeGroup:NodeGroup",
            {"clusterName": "dev", "nodeGroupName": "cpu-1"},
            {"wait_nodegroup_active": {}},
            "dev:cpu-1",
            id="by name, ready",
        ),
        pytest.param(
            "eks/cluster:Cluster",
            {"name": "dev"},
            {"wait_cluster_active": None},
            None,
            id="by name, absent",
        ),
        pytest.param("autoscaling/tag:Tag", {}, {}, None, id="made again"),
    ],
)
def test_by_its_type(type_: str, inputs: Document, answers: Document, expected: str | None) -> None:
    assert find(making(f"aws:{type_}", inputs), set(), Answers(**answers)) == expected


def test_name_that_the_state_has_is_not_taken_twice() -> None:
    stage = making("aws:apigatewayv2/stage:Stage", {"name": "blue"})
    # Another API has one of the same name.
    assert find(stage, {("urn", "blue")}, Answers()) == "blue"
    assert find(stage, {(stage.urn, "blue")}, Answers()) is None


def test_what_aws_gives_up_is_an_error() -> None:
    def ask(*_: Any) -> Any:
        raise ToolError("terminal failure state")

    group = making("aws:eks/nodeGroup:NodeGroup", {"clusterName": "dev", "nodeGroupName": "cpu"})
    with pytest.raises(ToolError, match=r"Group dev was .* not become ready: terminal.* \(remove"):
        find(group, set(), ask)


def test_type_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ToolError, match="nothing is known of aws:ec2/fleet:Fleet"):
        find(making("aws:ec2/fleet:Fleet", {}), set(), Answers())


INPUTS = {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "dev", "__defaults": []}, "__defaults": []}


def test_state_says_what_was_under_way() -> None:
    job = f"{PREFIX}kubernetes:batch/v1:Job::job"
    found = operations(
        state(
            pending("creating", inputs={"cidrBlock": "10.0.0.0/16", "tags": {"Name": "dev"}}),
            pending("deleting", id="vpc-1"),
            pending("creating", job),
        )
    )
    assert [(item.kind, item.type, item.id) for item in found] == [
        ("creating", "aws:ec2/vpc:Vpc", ""),
        ("deleting", "aws:ec2/vpc:Vpc", "vpc-1"),
    ]
    assert (found[0].region, found[0].tags) == ("eu-west-1", TAGS)
    assert operations({"version": 3, "deployment": {"manifest": {}}}) == []


def test_what_was_made_is_in_the_state_and_looked_at_by_the_next_run() -> None:
    given = state(pending("creating", inputs=INPUTS), pending("updating", f"{VPC}2", id="x"))
    new = settled(given, [(operations(given)[0], "vpc-1")])["deployment"]
    assert "pending_operations" not in new
    assert new["resources"][1:] == [
        resource(
            VPC,
            id="vpc-1",
            inputs=INPUTS,
            outputs={"cidrBlock": "10.0.0.0/16", "tags": {"Name": "dev"}, "id": "vpc-1"},
            refreshBeforeUpdate=True,
        )
    ]
    assert len(given["deployment"]["pending_operations"]) == 2
    assert len(settled(given, [])["deployment"]["resources"]) == 1


def test_what_it_was_to_replace_goes_later() -> None:
    after = resource(f"{VPC}2", id="x", dependencies=[VPC])
    given = state(pending("creating"), more=(resource(VPC, id="vpc-0"), after))
    assert known(given, "aws:ec2/vpc:Vpc") == {(VPC, "vpc-0"), (f"{VPC}2", "x")}
    new = settled(given, [(operations(given)[0], "vpc-1")])["deployment"]["resources"][1:]
    assert [(item["id"], item.get("delete")) for item in new] == [
        ("vpc-1", None),
        ("vpc-0", True),
        ("x", None),
    ]


def test_what_had_made_way_is_gone() -> None:
    before = resource(VPC, id="vpc-0", pendingReplacement=True)
    given = state(pending("creating"), more=(before,))
    assert known(given, "aws:ec2/vpc:Vpc") == set()
    new = settled(given, [(operations(given)[0], "vpc-1")])["deployment"]["resources"][1:]
    assert [item["id"] for item in new] == ["vpc-1"]
