"""Named types of what a platform file says about clusters: objects, labels, images, networks."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from schemas.base import refused, shown
from schemas.scalar import Type, bounded, checked, pattern

LABEL = "[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
DNS_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DNS_NAME = rf"{DNS_LABEL}(?:\.{DNS_LABEL})*"
LABEL_KEY = f"(?:{_DNS_NAME}/)?{LABEL}"
_PORT = "(?::[0-9]{1,5})"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"

ObjectName = Annotated[
    str,
    *pattern(
        _DNS_NAME,
        "object-name",
        "name of a Kubernetes object: lower-case letters, digits, '-' and '.' between them",
        253,
    ),
]
Namespace = Annotated[
    str,
    *pattern(
        DNS_LABEL,
        "object-name",
        "name of a namespace",
        63,
        "lower-case letters, digits and '-' between them",
    ),
]
Namespaces = Annotated[
    str,
    *pattern(
        rf"\*|{DNS_LABEL}",
        "object-name",
        "name of a namespace",
        63,
        "lower-case letters, digits and '-' between them; * is all of them",
    ),
]
LabelKey = Annotated[
    str,
    *pattern(
        LABEL_KEY,
        "label-key",
        "Kubernetes label key, such as example.com/pool",
        317,
    ),
]
LabelValue = Annotated[str, *pattern(f"(?:{LABEL})?", "label-value", "Kubernetes label value", 63)]
SecretKey = Annotated[
    str,
    *pattern("[A-Za-z0-9._-]+", "config-key", "key of a Secret or ConfigMap", 253),
]
ConfigKey = Annotated[
    str,
    *pattern(
        "[A-Za-z0-9_.-]+(?::[A-Za-z0-9_.-]+)?",
        "config-key",
        "key of a stack's configuration, such as s3AccessKey",
        253,
    ),
]
Domain = Annotated[str, *pattern(_DNS_NAME, "domain", "DNS domain, such as ml.example.com", 200)]
HostPort = Annotated[
    str,
    *pattern(
        f"{_DNS_NAME}{_PORT}", "host-port", "address with a port, such as 127.0.0.1:8088", 259
    ),
]
StorageHost = Annotated[
    str,
    *pattern(
        f"{_DNS_NAME}{_PORT}?",
        "storage-host",
        "host of obs:// addresses, such as objects.example.com",
        200,
    ),
]
AbsolutePath = Annotated[
    str,
    *pattern(
        r"/|(?:/(?!\.{1,2}(?:/|$))[^/\x00-\x1f\x7f]+)+",
        "absolute-path",
        "absolute path, such as /srv/models",
        1024,
    ),
]
Cidr = Annotated[
    str,
    *pattern(
        rf"(?:{_OCTET}\.){{3}}{_OCTET}/(?:3[0-2]|[12]?[0-9])",
        "cidr",
        "range of IPv4 addresses, such as 10.0.0.0/8",
        18,
    ),
]
Certificate = Annotated[
    str,
    *pattern(
        r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+",
        "certificate-arn",
        "ARN of a certificate, such as arn:aws:acm:REGION:ACCOUNT:certificate/ID",
        200,
    ),
]
StackName = Annotated[
    str,
    *pattern(
        r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+",
        "stack",
        "full name of a stack, organization/project/stack",
        255,
        "the organization is `organization` where Pulumi's state is a backend of one's own",
    ),
]
EFS_ID = re.compile("fs-[0-9a-f]{8,40}")
EfsName = Annotated[
    str,
    *pattern(
        f"{EFS_ID.pattern}|(?!fs-){DNS_LABEL}",
        "efs-id",
        "EFS file system, such as fs-0123456789abcdef0",
        63,
    ),
]
"""By id, or as the cluster calls it."""

_URL = rf"https?://{_DNS_NAME}{_PORT}?(?:/[^\s?#@]*)?"
_QUERY = r"(?:\?[^\s#@]*)?"


def _url(form: str, cut: str = "") -> Type:
    expression = re.compile(form)

    def check(text: str) -> str:
        if "@" in urlsplit(bounded(text, 1024).replace("[", "").replace("]", "")).netloc:
            message = "a URL must not hold credentials"
            raise refused("credentials-in-clear", message, "name them with pulumi_config or secret")
        if not expression.fullmatch(text):
            raise refused("url", f"{shown(text)} is no http:// or https:// URL")
        return text.rstrip(cut)

    return checked(check, {"pattern": f"^{form}$", "maxLength": 1024})


Url = Annotated[str, *_url(_URL, cut="/")]
"""What paths are put behind: without the slash at its end."""
IssuerUrl = Annotated[str, *_url(_URL)]
"""As it is written: OpenID Connect compares an issuer character by character."""
DocumentUrl = Annotated[str, *_url(_URL + _QUERY)]
"""Of one document, which a query may belong to; as it is written."""

# registry[:port]/path[:tag][@digest]: the grammar of image references, with a tag or digest
# required, for without one a cluster runs whatever `latest` is that day.
_COMPONENT = "[a-z0-9]+(?:(?:[.]|_{1,2}|-+)[a-z0-9]+)*"
_TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = "@sha256:[a-f0-9]{64}"
_FULL_IMAGE = (
    rf"(?:{_DNS_NAME}{_PORT}?/)?{_COMPONENT}(?:/{_COMPONENT})*(?::{_TAG}(?:{_DIGEST})?|{_DIGEST})"
)
_BUILT = "[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"
_BUILT_FORM = re.compile(_BUILT)


def is_full_image(text: str) -> bool:
    """Whether it names an image by tag or digest, not an entry of `built_images`."""
    return not _BUILT_FORM.fullmatch(text)


_IMAGE_HINT = "such as registry.example.com/team/image:1.2"
FullImage = Annotated[
    str,
    *pattern(_FULL_IMAGE, "image", "image reference with a tag or digest", 512, _IMAGE_HINT),
]
Image = Annotated[
    str,
    *pattern(
        f"{_BUILT}|{_FULL_IMAGE}",
        "image",
        "image reference with a tag or digest",
        512,
        f"{_IMAGE_HINT}, or a name of built_images",
    ),
]
