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


class Cost(StrEnum):
    """What a change takes from the user."""

    DATA_LOST = "data lost"
    RUN_LOST = "run lost"
    RUN_REPEATED = "run repeated"
    SERVING_INTERRUPTED = "serving interrupted"
    WORK_INTERRUPTED = "work interrupted"


@dataclass(frozen=True, slots=True)
class OnChange:
    """An entry of a table: the effect of changing a field, and its cost to the user."""

    effect: Effect
    meaning: str = ""
    """In words what happens; empty: nothing that a user would notice."""
    costs: tuple[Cost, ...] = ()

    def __str__(self) -> str:
        return f"{self.effect}; {self.meaning}" if self.meaning else str(self.effect)


IN_PLACE = OnChange(Effect.IN_PLACE)
RETRAIN = OnChange(
    Effect.NEW_REVISION, "trains again; earlier output stays where it is", (Cost.RUN_REPEATED,)
)
ROLL = OnChange(Effect.RESTART, "the stage is replaced instance by instance; serving goes on")
TAKE_OVER = OnChange(
    Effect.RESTART, "its instances take over together, once all of them are ready; serving goes on"
)
REOPEN = OnChange(
    Effect.RESTART,
    "the notebook restarts: kernels stop, the boot volume starts fresh, /root/easymaker stays",
    (Cost.WORK_INTERRUPTED,),
)
