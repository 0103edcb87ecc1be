"""Named types of what AWS calls its things."""

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from schemas import names
from schemas import types as t
from schemas.base import refused, shown
from schemas.cluster_types import LABEL, LABEL_KEY
from schemas.nearest import listed
from schemas.scalar import checked, pattern, string
from schemas.tree import scalar_text

NAME_LENGTH = 32
"""Of clusters and pools: with what AWS and we add, the names of all that they become fit."""


def _short(text: str) -> str:
    return t.check_name(text, NAME_LENGTH)


Name = Annotated[
    str,
    *checked(_short, {"pattern": "^(?!kube-)[a-z](-?[a-z0-9])*$", "maxLength": NAME_LENGTH}),
]
_REGION = "[a-z]{2}(?:-[a-z]+){1,2}-[1-9]"
Region = Annotated[str, *pattern(_REGION, "region", "AWS region, such as ap-northeast-2", 32)]
Zone = Annotated[
    str, *pattern(f"{_REGION}[a-z]", "zone", "availability zone, such as ap-northeast-2a", 32)
]
VpcId = Annotated[
    str, *pattern("vpc-[0-9a-f]{8,17}", "aws-id", "id of a VPC, such as vpc-0a1b2c3d4e5f67890", 32)
]
SubnetId = Annotated[
    str,
    *pattern(
        "subnet-[0-9a-f]{8,17}", "aws-id", "id of a subnet, such as subnet-0a1b2c3d4e5f67890", 32
    ),
]
ReservationId = Annotated[
    str,
    *pattern(
        "cr-[0-9a-f]{8,17}",
        "aws-id",
        "id of a capacity reservation, such as cr-0a1b2c3d4e5f67890",
        32,
    ),
]
Principal = Annotated[
    str,
    *pattern(
        r"arn:aws(?:-cn|-us-gov)?:iam::[0-9]{12}:(?:role|user)/[A-Za-z0-9+=,.@_/-]+",
        "principal",
        "ARN of an IAM role or user, such as arn:aws:iam::123456789012:role/Admin",
        2048,
        "a session (assumed-role) counts as its role",
    ),
]
InstanceType = Annotated[
    str,
    *pattern(
        r"[a-z0-9-]+\.[a-z0-9-]+",
        "instance-type",
        "EC2 instance type, such as m7i.large",
        64,
    ),
]
_FILE_SYSTEM = "^(?!kube-|fs-)[a-z](-?[a-z0-9])*$"


def _file_system(text: str) -> str:
    found = _short(text)
    if found.startswith("fs-"):
        hint = f"did you mean {near!r}?" if names.is_name(near := text[3:]) else ""
        message = f"{text!r} is reserved: AWS owns 'fs-…', and no nas:// address could name it"
        raise refused("reserved-name", message, hint)
    return found


FileSystemName = Annotated[
    str, *checked(_file_system, {"pattern": _FILE_SYSTEM, "maxLength": NAME_LENGTH})
]
BucketName = Annotated[
    str,
    *pattern(
        "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?",
        "bucket",
        "name of a bucket: lower-case letters, digits and '-' between them",
        49,
    ),
]
Repository = Annotated[
    str,
    *pattern(
        "[a-z0-9]+(?:(?:[._-]|__)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._-]|__)[a-z0-9]+)*)*",
        "repository",
        "name of an ECR repository, such as launcher-tools",
        200,
    ),
]
AddonVersion = Annotated[
    str,
    *pattern(
        r"v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+",
        "addon-version",
        "version of an EKS add-on, such as v1.21.1-eksbuild.1",
        64,
        "`aws eks describe-addon-versions` lists them",
    ),
]
NodeLabelKey = Annotated[
    str,
    *pattern(LABEL_KEY, "label-key", "Kubernetes label key, such as example.com/pool", 63),
]
"""EKS takes keys of 63 characters, prefix and all."""
NodeLabelValue = Annotated[
    str, *pattern(LABEL, "label-value", "Kubernetes label value, which EKS wants not empty", 63)
]
# AWS takes letters, digits and spaces of any script, and of ASCII's other characters _.:/=+-@. What
# a letter is no expression says in Python and in JSON schema alike, so these are what it refuses.
_TAG = r"""[^\x00-\x1f\x7f-\x9f!"#$%&'()*,;<>?\[\\\]^`{|}~]"""
_TAG_HINT = "letters, digits, spaces and _ . : / = + - @"
TagKey = Annotated[
    str,
    *pattern(
        f"(?![Aa][Ww][Ss]:){_TAG}+",
        "tag",
        "key of an AWS tag, which does not start with aws:",
        128,
        _TAG_HINT,
    ),
]
TagValue = Annotated[str, *pattern(f"{_TAG}*", "tag", "value of an AWS tag", 256, _TAG_HINT)]

KUBERNETES_VERSIONS = ("1.35", "1.36", "1.37")
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip
"""What CloudWatch Logs keeps: PutRetentionPolicy allows these and no others."""


def _version(text: str) -> str:
    if text not in KUBERNETES_VERSIONS:
        meant = text.removeprefix("v")
        known = meant in KUBERNETES_VERSIONS
        hint = f"did you mean {meant!r}?" if known else f"one of {listed(KUBERNETES_VERSIONS)}"
        raise refused("enum", f"unknown value {shown(text)}", hint)
    return text


def _version_text(value: object) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and scalar_text(value) not in KUBERNETES_VERSIONS:
        quoted = (f'"{known}"' for known in KUBERNETES_VERSIONS)
        hint = f"one of {', '.join(quoted)}"
        raise refused("type", f"must be text, not the number {shown(value)}", hint)
    return string(value)


KubernetesVersion = Annotated[
    str, *checked(_version, {"enum": list(KUBERNETES_VERSIONS)}, _version_text)
]


def _retention(days: int) -> int:
    if days not in RETENTION_DAYS:
        below = [n for n in RETENTION_DAYS if n < days][-1:]
        near = [*below, *[n for n in RETENTION_DAYS if n > days][:1]]
        message = f"{days} days is no time that CloudWatch keeps logs for"
        raise refused("retention", message, f"use {' or '.join(map(str, near))}")
    return days


Retention = Annotated[
    t.Whole, AfterValidator(_retention), WithJsonSchema({"enum": list(RETENTION_DAYS)})
]
"""Days."""
