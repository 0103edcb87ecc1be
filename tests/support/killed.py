"""States of stacks whose last run was killed."""

import json
from typing import Any

from cli.recovery.pending import Document

PREFIX = "urn:pulumi:dev::easymaker::easymaker:cluster:Network$"
PROVIDER = "urn:pulumi:dev::easymaker::pulumi:providers:aws::aws"
VPC = f"{PREFIX}aws:ec2/vpc:Vpc::dev"


def resource(urn: str, **more: Any) -> Document:
    """One of AWS."""
    type_ = urn.split("::")[2].rpartition("$")[2]
    return {"urn": urn, "custom": True, "type": type_, "provider": f"{PROVIDER}::1", **more}


def pending(kind: str, urn: str = VPC, **more: Any) -> Document:
    """An operation that was begun."""
    return {"type": kind, "resource": resource(urn, **more)}


def state(*pending: Document, more: tuple[Document, ...] = ()) -> Document:
    """As it is exported: with the provider, operations that were begun, and other resources."""
    tags = json.dumps({"tags": {"easymaker:cluster": "dev"}})
    own = resource(PROVIDER, id="1", inputs={"region": "eu-west-1", "defaultTags": tags})
    return {
        "version": 3,
        "deployment": {"resources": [own, *more], "pending_operations": list(pending)},
    }
