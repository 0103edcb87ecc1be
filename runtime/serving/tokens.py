"""JSON web tokens: who asks, as an issuer has signed it."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import jwt

from serving.access import TOKEN_HEADER
from serving.errors import Refused
from serving.log import Log
from serving.watched import Watched

# Signatures by a private key. With those by a shared one, whoever can check can sign.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
LEEWAY_SECONDS = 30
"""So far clocks may be apart."""
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
_LONGEST_WHO = 128
Keys = list[dict[str, Any]]


class KeySource(Protocol):
    """Where the issuer's public keys come from."""

    def current(self) -> Keys | None:
        """The keys as of now, each as a JSON web key; None if there were never any."""

    def missed(self) -> None:
        """A token names a key that is not among them; there may be new ones."""


class Tokens:
    """Admits who brings a token that this issuer made for this audience."""

    challenge = 'Bearer realm="easymaker"'

    def __init__(self, issuer: str, audience: str, keys: KeySource) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def admitted(self, headers: Mapping[str, str]) -> str:
        """The token's subject."""
        scheme, _, token = headers.get(TOKEN_HEADER, "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return ""
        try:
            claims = jwt.decode(
                token.strip(),
                self._key(jwt.get_unverified_header(token.strip())),
                algorithms=list(ALGORITHMS),
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise Refused(401, "this token has expired") from None
        except (jwt.PyJWTError, ValueError, TypeError):
            # Why exactly is for nobody who tries.
            raise Refused(401, "this token does not count here") from None
        who = str(claims.get("sub") or "nobody")
        return _UNPRINTABLE.sub("?", who)[:_LONGEST_WHO]

    def _key(self, header: Mapping[str, Any]) -> jwt.PyJWK:
        """The key that the token says it is signed with. Raises jwt.PyJWTError."""
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError
        keys = [
            key
            for key in self._keys.current() or []
            if key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
        ]
        fit = keys if kid is None else [key for key in keys if key.get("kid") == kid]
        if len(fit) != 1:
            self._keys.missed()
            raise jwt.InvalidKeyError
        return jwt.PyJWK(fit[0], algorithm)


class KeyFile:
    """A JSON web key set in a file of a folder, as a ConfigMap is mounted; it may change."""

    def __init__(self, file: Path, log: Log) -> None:
        self._file = file
        self._log = log
        self._keys = Watched(file.parent, self._read)

    def current(self) -> Keys | None:
        """The keys as of now."""
        return self._keys.current()

    def missed(self) -> None:
        """Nothing: the file is looked at anyway."""

    def _read(self, files: Sequence[Path]) -> Keys:
        try:
            return key_set(self._file.read_bytes())
        except ValueError as error:
            self._log.say(f"{self._file.name} is no set of keys: {error}", "ERROR")
            raise


def key_set(text: bytes) -> Keys:
    """The keys of a JSON web key set. Raises ValueError."""
    data = json.loads(text)
    keys = data.get("keys") if isinstance(data, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise ValueError('it is not {"keys": [...]}')
    return keys
