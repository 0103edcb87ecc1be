"""The linter of policies has nothing to say of what a workspace's roles may do."""

import json
from pathlib import Path

import pytest

from components.manifests.aws import access
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


def lint(policies: dict[str, str]) -> dict[str, list[str]]:
    emulators = aws.Emulators(aws.install() / "bin" / "python", "", "")
    found: dict[str, list[str]] = emulators.run(LINTS, json.dumps(policies))
    return found


def test_roles_of_a_workspace(tmp_path: Path) -> None:
    spec = cluster_stack.workspace(tmp_path)
    documents = {use: json.dumps(found) for use, found in access.policies(spec, []).items()}
    assert lint(documents) == {"logs": [], "serving": [], "training": []}


def test_the_linter_finds_something(tmp_path: Path) -> None:
    wide = {"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*"}
    assert lint({"x": json.dumps({"Version": "2012-10-17", "Statement": [wide]})})["x"]
