"""Specs that are wrong, each with the exact text that a user gets.

A case is `tests/invalid/<rule>[-<variant>].yaml` with its text in a `.txt` beside it; files in
folders are what cases include. `python -m tests.schemas.invalid` writes the texts anew: read the
difference like code.
"""

import os
import sys
from pathlib import Path

from schemas.errors import SpecError
from schemas.load import load, load_any

FOLDER = Path(__file__).parents[1] / "invalid"


def cases() -> list[str]:
    """Names of all cases."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def problems(case: str) -> SpecError:
    """What loading a case, from its own folder, raises."""
    before = Path.cwd()
    os.chdir(FOLDER)
    try:
        (load if case == "kind" else load_any)(f"{case}.yaml")
    except SpecError as error:
        return error
    finally:
        os.chdir(before)
    raise AssertionError(f"{case} is valid")


if __name__ == "__main__":
    for name in cases():
        (FOLDER / f"{name}.txt").write_text(f"{problems(name)}\n", encoding="utf-8")
    sys.exit(0)
