"""Tokens that people open notebooks and TensorBoards with."""

import hashlib
import hmac

from components.manifests import Manifest

KEY_LENGTH = 16
"""Characters of the key, at least: whoever guesses it has every token."""
ENTRY = "token"
"""Key of the data in the Secret with a token."""
FINGERPRINT_ANNOTATION = "easymaker.io/token"
"""Of a pod: its program reads the token when it starts, so that another one restarts it."""


def token(key: str, kind: str, workspace: str, name: str) -> str:
    """A resource's token: the same for the same key, and it tells nothing of key or others."""
    message = f"{kind}/{workspace}/{name}"
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def cookie_secret(token: str) -> str:
    """32 bytes that a proxy before a resource seals its cookies with."""
    return hmac.new(token.encode(), b"cookies of a proxy", hashlib.sha256).hexdigest()[:32]


def fingerprint(token: str) -> str:
    """Tells tokens apart without telling them."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def variable(name: str, secret: str) -> Manifest:
    """The environment variable `name` with the token that is in `secret`."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": ENTRY}}}
