"""The two ways in which serving fails."""


class Unusable(Exception):
    """The model can't be served: the text says what was found and what is needed."""


class Refused(Exception):
    """A request gets another answer than predictions."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


def brief(error: BaseException) -> str:
    """An exception in one line of at most 300 characters: its type and what it says first."""
    lines = str(error).strip().splitlines()
    name = type(error).__name__
    return (f"{name}: {lines[0].strip()}" if lines else name)[:300]
