"""Tokens that people open notebooks with."""

import hashlib
import hmac

KEY_LENGTH = 16
"""Characters of the key, at least: whoever guesses it has every token."""


def notebook_token(key: str, workspace: str, notebook: str) -> str:
    """A notebook's token: the same for the same key, and nothing about the key or another token."""
    message = f"notebook/{workspace}/{notebook}"
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def fingerprint(token: str) -> str:
    """Tells tokens apart without telling them."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]
