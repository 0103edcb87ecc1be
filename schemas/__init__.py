"""The spec language: what a user may write, and what it means. Imports no Pulumi.

`load` reads a file and gives the resolved workspace, `load_any` a document of any kind; both raise
`SpecError` with every problem.
"""

from schemas.errors import Issue, Position, SpecError
from schemas.load import load, load_any

__all__ = ["Issue", "Position", "SpecError", "load", "load_any"]
