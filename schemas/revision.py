"""The revision of a training: a hash of what makes the run what it is."""

import hashlib
import json
from collections.abc import Mapping

LENGTH = 10
NOT_IN_REVISION = frozenset(
    {"description", "tags", "state", "max_time", "log_management", "deletion_protection"}
)
"""Keys of a training that change nothing about what it computes."""


def revision(document: Mapping[str, object]) -> str:
    """Hash of a training's resolved document; images and flavors count by their names."""
    counted = {key: value for key, value in document.items() if key not in NOT_IN_REVISION}
    text = json.dumps(counted, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
