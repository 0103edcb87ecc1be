"""The linter of policies has nothing to say of what the roles of workspaces and clusters may do."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from components.manifests.aws import access, karpenter, policies
from schemas.logs import CloudWatch
from tests.support import aws, cluster_stack

pytestmark = pytest.mark.e2e

LINTS = """
import json, sys
from parliament import analyze_policy_string
found = {}
for use, text in json.loads(sys.argv[1]).items():
    analyzed = analyze_policy_string(text, include_community_auditors=True)
    found[use] = [f"{f.issue}: {f.title} {f.detail} {f.location}" for f in analyzed.findings]
print(json.dumps(found))
"""


def lint(documents: dict[str, str]) -> dict[str, list[str]]:
    emulators = aws.Emulators(aws.install() / "bin" / "python", "", "", Path())
    found: dict[str, list[str]] = emulators.run(LINTS, json.dumps(documents))
    return found


def test_roles_of_a_workspace(tmp_path: Path) -> None:
    plain = cluster_stack.workspace(tmp_path)
    sink = CloudWatch(type="cloudwatch", region="ap-northeast-2")
    spec = replace(plain, platform=replace(plain.platform, logs=sink))
    documents = {use: json.dumps(found) for use, found in access.policies(spec, []).items()}
    assert lint(documents) == {"collector": [], "logs": [], "serving": [], "training": []}


def test_roles_of_a_cluster() -> None:
    arn = "arn:aws:eks:ap-northeast-2:123456789012:cluster/dev"
    place = karpenter.Place(
        cluster="dev", cluster_arn=arn, region="ap-northeast-2", account="123456789012"
    )
    documents = {
        "autoscaler": policies.cluster_autoscaler(arn),
        "karpenter": karpenter.controller(
            place,
            "arn:aws:iam::123456789012:role/dev-nodes",
            "arn:aws:sqs:ap-northeast-2:123456789012:dev-karpenter",
        ),
        "key": policies.use_key("arn:aws:kms:ap-northeast-2:123456789012:key/1234"),
        "logs": policies.write_logs(["arn:aws:logs:ap-northeast-2:123456789012:log-group:/dev"]),
    }
    found = lint({use: json.dumps(document) for use, document in documents.items()})
    assert {use: sorted({text.split(":")[0] for text in said}) for use, said in found.items()} == {
        "autoscaler": [],
        # It gives nodes their role, and no other one to anybody: the linter looks at actions alone.
        # The parameters of AWS's own have no account in their names.
        "karpenter": [
            "PERMISSIONS_MANAGEMENT_ACTIONS",
            "PRIVILEGE_ESCALATION",
            "RESOURCE_MISMATCH",
        ],
        # EC2 encrypts volumes by a grant.
        "key": ["PERMISSIONS_MANAGEMENT_ACTIONS"],
        "logs": [],
    }


def test_the_linter_finds_something(tmp_path: Path) -> None:
    wide = {"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*"}
    assert lint({"x": json.dumps({"Version": "2012-10-17", "Statement": [wide]})})["x"]
