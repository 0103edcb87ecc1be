"""Failures that a person can act on."""


class ToolError(Exception):
    """One clear sentence about what is missing or went wrong, and what would help.

    The command line prints it as `emctl: MESSAGE (HINT)` and exits with 1.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message} ({hint})" if hint else message)
