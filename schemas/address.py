"""Storage addresses: `obs://` (short and in NHN Cloud's full form), `s3://` and `nas://`."""

import re
from dataclasses import dataclass

MAX_LENGTH = 255
S3_HOST = "s3.amazonaws.com"
"""The key of `platform.object_storage` that stands for `s3://` addresses."""

_HOST = r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?"
_SEGMENT = r"(?!\.{1,2}(?:/|$))[^/\x00-\x1f\x7f]+"
_PATH = rf"(?P<path>(?:/{_SEGMENT})*/?)"
FORMS = {
    "obs": rf"obs://(?P<host>{_HOST})(?:/v1/(?P<account>AUTH_[A-Za-z0-9_-]+))?"
    rf"/(?P<bucket>(?!\.{{1,2}}(?:/|$))[^/\x00-\x20\x7f]+){_PATH}",
    "s3": rf"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]){_PATH}",
    "nas": rf"nas://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):(?=/){_PATH}",
}
EXAMPLES = {
    "obs": "obs://HOST/CONTAINER/PATH",
    "s3": "s3://BUCKET/PATH",
    "nas": "nas://ID:/PATH",
}
_FORMS = {scheme: re.compile(f"{form}\\Z") for scheme, form in FORMS.items()}


@dataclass(frozen=True, slots=True)
class Address:
    """Where data lies. `str()` is the address as written, without a final `/`."""

    text: str
    scheme: str
    """`obs`, `s3` or `nas`."""
    host: str
    """Key of `platform.object_storage` or `platform.nas`."""
    account: str
    """`AUTH_…` of the full form, else empty."""
    bucket: str
    """Bucket or container; empty for `nas`."""
    path: str
    """Below the bucket or the NAS's root, without `/` at its ends; may be empty."""

    def __str__(self) -> str:
        return self.text


def parse_address(text: str) -> Address | None:
    """Read an address; None if it has none of the three forms."""
    scheme = text.partition("://")[0]
    match = _FORMS[scheme].match(text) if scheme in _FORMS else None
    if match is None:
        return None
    parts = match.groupdict()
    path = parts["path"].strip("/")
    clean = text if scheme == "nas" and not path else text.rstrip("/")
    host = S3_HOST if scheme == "s3" else parts["host"]
    return Address(clean, scheme, host, parts.get("account") or "", parts.get("bucket") or "", path)
