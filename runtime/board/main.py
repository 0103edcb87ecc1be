"""TensorBoard as its own command line starts it, with a door in front of its pages."""

import os
import sys
from typing import Any

from board.access import Access

TOKEN = "TENSORBOARD_TOKEN"  # noqa: S105 - its name
"""The variable that holds the token; it is in no argument."""


def main() -> None:
    """Serve with the arguments of the command line. Exits with 1 where there is no token."""
    token = os.environ.pop(TOKEN, "")
    if not token:
        print(f"{TOKEN} is empty: without a token anyone could open TensorBoard", flush=True)
        sys.exit(1)
    # In the image only.
    from tensorboard import default, main_lib, program  # noqa: PLC0415

    def server(app: Any, flags: Any) -> Any:
        return program.WerkzeugServer(Access(app, token), flags)

    main_lib.global_init()
    board = program.TensorBoard(plugins=default.get_plugins(), server_class=server)
    board.configure(sys.argv)
    sys.exit(board.main())
