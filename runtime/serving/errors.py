"""The two ways in which serving fails."""

from collections.abc import Mapping


class Unusable(Exception):
    """The model can't be served: the text says what was found and what is needed."""


class Refused(Exception):
    """A request gets another answer than predictions."""

    def __init__(
        self, status: int, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """`headers` are further ones of the answer."""
        self.status = status
        self.headers = dict(headers or {})
        super().__init__(sentence)


def brief(error: BaseException) -> str:
    """An exception in one line of at most 300 characters: its type and what it says first.

    Headings are passed over; TensorFlow puts the cause below several.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.endswith(":") and not line.startswith("<")]
    said = (telling or lines)[:1]
    return ": ".join([type(error).__name__, *said])[:300]
