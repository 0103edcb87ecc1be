"""How much tests do that repeat at random."""

import os

ROUNDS = int(os.environ.get("SOAK", "2"))
"""Of what is slow; `make soak` asks for more."""
CASES = 150 * ROUNDS
"""Of a property."""
