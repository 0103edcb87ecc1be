"""The revision of a training: a hash of what makes the run what it is."""

import hashlib
from collections.abc import Mapping

from schemas.effects import Effect
from schemas.text import to_json
from schemas.training import CHANGES

LENGTH = 10


def revision(document: Mapping[str, object]) -> str:
    """Hash of a training's document, of the fields whose change is a new revision.

    Images and flavors count by their names, so that what a platform team changes behind a name
    trains nothing again. An unquoted number counts as another value than the same digits as text,
    for EM_HPS says so to the script.
    """
    counted = {
        key: value for key, value in document.items() if CHANGES[key].effect is Effect.NEW_REVISION
    }
    return hashlib.sha256(to_json(counted).encode()).hexdigest()[:LENGTH]
