"""How long something that fails is tried again, and with what pauses."""

import time
from typing import Optional

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0


class Patience:
    """Pauses that double from one second to half a minute.

    It is over `seconds` after the first failure, so that one attempt more there always is.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: Optional[float] = None
        self.pauses = 0
        """So many there have been."""

    @property
    def is_over(self) -> bool:
        """Asked after each failure."""
        now = time.monotonic()
        if self._end is None:
            self._end = now + self._seconds
        return now >= self._end

    def next_pause(self) -> float:
        """Seconds to wait now."""
        pause = min(_FIRST_PAUSE_SECONDS * (1 << self.pauses), _LONGEST_PAUSE_SECONDS)
        self.pauses += 1
        return pause
