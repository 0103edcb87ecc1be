"""What the stack of a cluster on AWS says, and a workspace on it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from schemas import resolved
from schemas.cluster_outputs import cluster_outputs
from tests.support import workspaces
from tests.support.recorder import Answers

STACK = "organization/easymaker/dev"
ARN = "arn:aws:eks:ap-northeast-2:123456789012:cluster/dev"
LISTENER = (
    "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:listener/net/dev/0123456789abcdef/"
    "0123456789abcdef"
)
OUTPUTS: dict[str, Any] = {
    "cluster": {
        "name": "dev",
        "arn": ARN,
        "endpoint": "https://dev.eks.amazonaws.com",
        "certificate_authority": "Y2E=",
        "region": "ap-northeast-2",
        "kubernetes_version": "1.36",
        "account": "123456789012",
    },
    "kubeconfig": json.dumps({"kind": "Config", "current-context": ARN}),
    "pools": {},
    "file_systems": {"models": "fs-0123456789abcdef0::fsap-0123456789abcdef0"},
    "buckets": {"data": "dev-data-123456789012", "results": "dev-results-123456789012"},
    "repositories": {},
    "gateway": {
        "load_balancer_arn": "arn:lb",
        "listener_arn": LISTENER,
        "host": "gateway.elb.ap-northeast-2.amazonaws.com",
        "vpc_link": "vpclink1",
        "target_group_arn": "arn:tg",
    },
    "logs": {"api": "/easymaker/dev/api", "pods": "/easymaker/dev/pods"},
    "key_arn": "arn:aws:kms:ap-northeast-2:123456789012:key/k",
}
ENDPOINT = "https://a1b2c3.execute-api.ap-northeast-2.amazonaws.com"


def _outputs(type_: str, _: str) -> dict[str, Any]:
    return {"apiEndpoint": ENDPOINT} if type_ == "aws:apigatewayv2/api:Api" else {}


ANSWERS = Answers(_outputs)
"""Of what a workspace makes there."""
_SWAPPED = (
    (
        "target: {type: kubernetes, context: here}",
        f"target: {{type: aws, cluster_stack: {STACK}}}",
    ),
    (
        """  gateway:
    namespace: gateway-system
    name: edge
    listener: web
    pod_selector: {app: edge}
    address: 127.0.0.1:8088
""",
        "",
    ),
    (
        """
      endpoint: http://objects.ml.test:8088
      credentials:
        access_key: {pulumi_config: s3AccessKey}
        secret_key: {pulumi_config: s3SecretKey}
""",
        "\n",
    ),
    (
        "shared: {type: nfs, server: nas.test, export: /exports}",
        "shared: {type: efs, file_system: models}",
    ),
)


def workspace(folder: Path, *changes: tuple[str, str]) -> resolved.Workspace:
    """The workspace of `workspaces`, on AWS, its stack's outputs known."""
    found = workspaces.workspace(folder, *_SWAPPED, *changes)
    outputs = cluster_outputs(STACK, OUTPUTS)
    return replace(found, platform=replace(found.platform, cluster=outputs))
