"""What a change of a field does, and what it costs: the vocabulary of the `CHANGES` tables."""

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """From harmless to not possible."""

    IN_PLACE = "in place"
    CREATE = "create"
    NEW_REVISION = "new revision"
    RESTART = "restart"
    REPLACE = "replace"
    DELETE = "delete"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class OnChange:
    """An entry of a table: the effect of changing a field, and its cost to the user."""

    effect: Effect
    cost: str = ""
    """Data lost, run repeated, serving interrupted or not; empty: nothing."""

    def __str__(self) -> str:
        return f"{self.effect}; {self.cost}" if self.cost else str(self.effect)


IN_PLACE = OnChange(Effect.IN_PLACE)
RETRAIN = OnChange(Effect.NEW_REVISION, "trains again; earlier output stays where it is")
ROLL = OnChange(Effect.RESTART, "the stage is replaced instance by instance; serving goes on")
REOPEN = OnChange(
    Effect.RESTART,
    "the notebook restarts: kernels stop, the boot volume starts fresh, /root/easymaker stays",
)
