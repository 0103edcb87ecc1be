"""An issuer's keys as it publishes them: fetched beside the requests, which never wait for it."""

import http.client
import threading
import time
import urllib.request

from serving.errors import brief
from serving.log import Log
from serving.tokens import Keys, key_set

PERIOD_SECONDS = 300.0
PAUSE_SECONDS = 10.0
"""Between two fetches, whatever tokens name."""
_TIMEOUT_SECONDS = 10
_LONGEST = 1024 * 1024


class KeyUrl:
    """What was fetched last counts until the next fetch succeeds."""

    def __init__(
        self, url: str, log: Log, period: float = PERIOD_SECONDS, pause: float = PAUSE_SECONDS
    ) -> None:
        """`period` and `pause` are in seconds. Fetching begins at once, in a thread."""
        self._url = url
        self._log = log
        self._period = period
        self._pause = pause
        self._keys: Keys | None = None
        self._wanted = threading.Event()
        threading.Thread(target=self._run, name="keys", daemon=True).start()

    def current(self) -> Keys | None:
        """The keys as of now; None before the first fetch."""
        return self._keys

    def missed(self) -> None:
        """Fetch soon."""
        self._wanted.set()

    def _run(self) -> None:
        while True:
            self._wanted.clear()
            self._fetch()
            time.sleep(self._pause)
            self._wanted.wait(self._period - self._pause if self._keys is not None else 0)

    def _fetch(self) -> None:
        request = urllib.request.Request(self._url, headers={"Accept": "application/json"})  # noqa: S310 - http(s) only, as the spec's form of URLs says
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                self._keys = key_set(answer.read(_LONGEST))
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._log.say(f"the issuer's keys can't be fetched ({brief(error)})", "WARNING")
