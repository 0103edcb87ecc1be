"""Several instances are one run: they begin together, and one that ends too early ends all.

Who ends over another one's end says so, so that the cause is named by the one that has it.
"""

import threading
import time
from typing import Optional

from launcher.causes import PEER_LOST, Ended
from launcher.job import Job
from launcher.logs import Log
from launcher.peers import Loss, Peers
from launcher.processes import Supervisor

_GRACE_SECONDS = 10.0
"""Without the others a script has nothing to do but to save what it has."""
_HEARING_SECONDS = 1.0
"""A script that dies of another one's death dies after it, but word of that may come later."""


class Together:
    """One instance's part. With one instance nothing is waited for."""

    def __init__(self, job: Job, index: int, supervisor: Supervisor, log: Log) -> None:
        self._job = job
        self._index = index
        self._supervisor = supervisor
        self._log = log
        self._peers = Peers(job.hosts, index, log)
        self._failed_at: Optional[float] = None
        self._lock = threading.Lock()
        supervisor.on_stop = self.stopping

    def begin(self) -> None:
        """Wait until all are ready for the script. Raises Ended."""
        if self._job.hosts:
            pause = self._supervisor.pause
            self._peers.await_ready(pause, self._job.peer_seconds, self._lost)

    def script_ended(self, code: int, sentence: str) -> None:
        """To be called as soon as it has."""
        if code != 0 and not self._supervisor.is_stopping:
            with self._lock:
                self._failed_at = time.time()
            self._peers.ended(self._failed_at, sentence)

    def stopping(self, reason: Ended) -> None:
        """This instance ends too early, for that reason."""
        if reason.code != PEER_LOST.code:
            self._peers.ended(time.time(), str(reason))

    def check_failure(self) -> None:
        """After a failure of the script: raises Ended if it was another instance's before."""
        while self._failed_at and self._job.hosts:
            left = self._failed_at + _HEARING_SECONDS - time.time()
            if left <= 0:
                return
            self._supervisor.pause(left)

    def await_first(self) -> None:
        """Wait until instance 0, which keeps the model, is done. Raises Ended.

        Were this one gone before, a run that begins anew would wait for it in vain.
        """
        if self._index != 0:
            self._log.say("done here; instance 0 keeps the model")
            self._peers.await_done(0, self._supervisor.pause)

    def done(self) -> None:
        """This instance ends, and all is well."""
        self._peers.done()

    def close(self) -> None:
        """It ends."""
        self._peers.close()

    def _lost(self, loss: Loss) -> None:
        with self._lock:
            # By the clocks of two nodes: both compare the same two times, so that one gives way.
            is_first = self._failed_at is None or loss.when < self._failed_at
        if is_first:
            lost = Ended(PEER_LOST, index=str(loss.instance), why=loss.why)
            self._supervisor.stop(lost, _GRACE_SECONDS)
