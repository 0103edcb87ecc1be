"""Who may ask: API keys from a mounted Secret, and JSON web tokens of an issuer.

Whoever one of the ways admits may ask. Nothing here writes a key or token anywhere.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from serving.errors import Refused
from serving.log import Log
from serving.options import Options
from serving.watched import Watched

KEY_HEADER = "x-api-key"
TOKEN_HEADER = "authorization"  # noqa: S105 - the name of a header
SHORTEST_KEY = 16
"""Characters: what is shorter could be guessed, and an empty one would admit everybody."""


def of(options: Options, log: Log) -> "Access":
    """What these options ask for."""
    ways: list[Way] = []
    if options.api_keys:
        ways.append(ApiKeys(options.api_keys, log))
    if options.jwt:
        from serving import tokens  # noqa: PLC0415 - takes 0.1 s, and few need it

        keys: tokens.KeySource
        if options.jwt.keys:
            keys = tokens.KeyFile(options.jwt.keys, log)
        else:
            from serving import fetched  # noqa: PLC0415 - as above

            keys = fetched.KeyUrl(options.jwt.keys_url, log)
        ways.append(tokens.Tokens(options.jwt.issuer, options.jwt.audience, keys))
    return Access(ways)


class Way(Protocol):
    """A way to say who one is."""

    challenge: str
    """For the header WWW-Authenticate."""

    def admitted(self, headers: Mapping[str, str]) -> str:
        """Who asks, for the log; empty if the headers say nothing of this way. Raises Refused."""


class Access:
    """All ways of an endpoint; without one everybody may ask."""

    def __init__(self, ways: Sequence[Way] = ()) -> None:
        self._ways = ways

    def __bool__(self) -> bool:
        return bool(self._ways)

    def admitted(self, headers: Mapping[str, str]) -> str:
        """Who asks, for the log. Raises Refused with 401 if it is nobody known.

        `headers` have names in lower case.
        """
        reason = ""
        for way in self._ways:
            try:
                if who := way.admitted(headers):
                    return who
            except Refused as refused:
                reason = reason or str(refused)
        if not self._ways:
            return ""
        challenges = ", ".join(way.challenge for way in self._ways)
        sentence = reason or "this endpoint wants to know who asks"
        raise Refused(401, sentence, {"WWW-Authenticate": challenges})


class ApiKeys:
    """The files of a folder, as a Secret is mounted: each line is a key, and all of them count.

    A key that is added or removed counts as soon as the folder shows it.
    """

    challenge = f'ApiKey realm="easymaker", header="{KEY_HEADER}"'

    def __init__(self, folder: Path, log: Log) -> None:
        self._log = log
        self._keys = Watched(folder, self._read)

    def admitted(self, headers: Mapping[str, str]) -> str:
        """The name that the key has in the Secret."""
        given = headers.get(KEY_HEADER, "")
        if not given:
            return ""
        digest = _digest(given.encode("utf-8", "replace"))
        who = ""
        for key, name in (self._keys.current() or {}).items():
            # All are compared: the time tells nothing of which one is how near.
            if hmac.compare_digest(key, digest):
                who = name
        if not who:
            raise Refused(401, "this API key is not known here")
        return who

    def _read(self, files: Sequence[Path]) -> dict[bytes, str]:
        found = {}
        for file in files:
            for line in file.read_bytes().splitlines() or [b""]:
                text = line.strip()
                if len(text) >= SHORTEST_KEY:
                    found[_digest(text)] = file.name
                else:
                    self._log.say(
                        f"a line of the API keys {file.name} does not count: it is shorter than "
                        f"{SHORTEST_KEY} characters",
                        "WARNING",
                    )
        return found


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
