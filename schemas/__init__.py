"""The spec language: what a user may write, and what it means. Imports no Pulumi.

`load` reads a file and gives the resolved workspace, or raises `SpecError` with every problem.
"""

from schemas.errors import Issue, Position, SpecError
from schemas.load import load

__all__ = ["Issue", "Position", "SpecError", "load"]
