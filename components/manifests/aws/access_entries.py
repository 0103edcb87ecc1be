"""Names of access entries."""

import hashlib
from dataclasses import dataclass

APPLIER_TAG = "easymaker:applier"
"""Of a cluster whose spec names nobody: the key of the principal that applied it first."""


@dataclass(frozen=True)
class Applier:
    """Who applies a cluster now, and the key of who did first."""

    principal: str
    key: str


def key_of(principal: str) -> str:
    """What an entry is called by: its principal, of which EKS has one entry, whoever names it."""
    return hashlib.sha256(principal.encode()).hexdigest()[:8]
