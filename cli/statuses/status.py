"""What a status is."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Status:
    """How a resource is: one word of its kind's, and why where something is known."""

    word: StrEnum
    cause: str = ""
    """One sentence without a full stop; empty if there is nothing to say."""
    since: str = ""
    """When it began (RFC 3339), where an object tells."""

    def __str__(self) -> str:
        return f"{self.word}: {self.cause}" if self.cause else str(self.word)


@dataclass(frozen=True)
class Trouble:
    """What keeps a pod from running."""

    sentence: str
    lasting: bool
    """Whether it stays until a person does something; otherwise it may pass by itself."""
