"""What a platform on AWS may leave out, and what it then is."""

from dataclasses import replace
from pathlib import Path

import pytest

from schemas import resolved
from schemas.addons import AddonGateway
from schemas.changes import compare
from schemas.cluster_outputs import ClusterOutputs, MissingOutputs, cluster_outputs
from schemas.document import workspace_document
from schemas.effects import Effect
from schemas.platform import AWS_GATEWAY, CHANGES
from schemas.storage import S3Storage
from tests.schemas import specs
from tests.support import cluster_stack


def on_aws(tmp_path: Path) -> resolved.Workspace:
    spec = specs.document()
    spec["platform"] |= {"target": {"type": "aws", "cluster_stack": "organization/easymaker/dev"}}
    del spec["platform"]["gateway"]
    spec["platform"]["object_storage"]["objects.example.com"] = {"type": "s3"}
    return specs.load_document(tmp_path, spec)


def test_gateway_and_s3_are_there_without_being_named(tmp_path: Path) -> None:
    platform = on_aws(tmp_path).platform
    assert platform.gateway == AWS_GATEWAY
    assert platform.object_storage == {
        "objects.example.com": S3Storage(type="s3"),
        "s3.amazonaws.com": S3Storage(type="s3"),
    }


def test_the_gateway_is_that_of_the_add_ons() -> None:
    brought = AddonGateway().model_dump()
    assert {k: v for k, v in AWS_GATEWAY.model_dump().items() if k in brought} == {
        k: brought[k] for k in ("namespace", "name", "listener")
    }


def test_nobody_waits_longer_than_the_gateway(tmp_path: Path) -> None:
    stages = [s for e in on_aws(tmp_path).endpoints.values() for s in e.stages.values()]
    assert stages
    assert {stage.request_timeout for stage in stages} == {29}


def test_the_document_says_the_same(tmp_path: Path) -> None:
    found = on_aws(tmp_path)
    assert specs.load_document(tmp_path, workspace_document(found)) == found


def test_limits_of_the_gateway_change_in_place(tmp_path: Path) -> None:
    old = on_aws(tmp_path)
    limits = old.platform.api_gateway.model_copy(update={"rate": 7})
    new = replace(old, platform=replace(old.platform, api_gateway=limits))
    (change,) = compare(workspace_document(old), workspace_document(new))
    assert change.path == ("platform", "api_gateway", "rate")
    assert change.effect is CHANGES["api_gateway"].effect


@pytest.mark.parametrize(
    ("field", "effect"), [("context", Effect.IN_PLACE), ("cluster_stack", Effect.REPLACE)]
)
def test_context_is_a_way_and_the_stack_is_the_cluster(
    tmp_path: Path, field: str, effect: Effect
) -> None:
    old = on_aws(tmp_path)
    target = old.platform.target.model_copy(update={field: "other"})
    new = replace(old, platform=replace(old.platform, target=target))
    (change,) = compare(workspace_document(old), workspace_document(new))
    assert (change.path, change.effect) == (("platform", "target", field), effect)


def test_outputs_of_a_cluster() -> None:
    assert cluster_outputs("dev", cluster_stack.OUTPUTS) == ClusterOutputs(
        name="dev",
        arn="arn:aws:eks:ap-northeast-2:123456789012:cluster/dev",
        region="ap-northeast-2",
        account="123456789012",
        kubeconfig=cluster_stack.OUTPUTS["kubeconfig"],
        listener_arn=cluster_stack.OUTPUTS["gateway"]["listener_arn"],
        gateway_host="gateway.elb.ap-northeast-2.amazonaws.com",
        vpc_link="vpclink1",
        file_systems={"models": "fs-0123456789abcdef0::fsap-0123456789abcdef0"},
        buckets={"data": "dev-data-123456789012", "results": "dev-results-123456789012"},
        log_groups={"api": "/easymaker/dev/api", "pods": "/easymaker/dev/pods"},
        key_arn="arn:aws:kms:ap-northeast-2:123456789012:key/k",
    )


def test_a_stack_that_was_not_applied_is_one_sentence() -> None:
    with pytest.raises(MissingOutputs) as raised:
        cluster_outputs("organization/easymaker/dev", {"cluster": {"name": "dev"}})
    assert str(raised.value) == (
        "platform.target: the cluster stack organization/easymaker/dev has no outputs yet "
        "(kubeconfig, gateway): apply it first"
    )
