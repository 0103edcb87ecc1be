"""Why a run ended when it was not the script's own doing: one exit code and one sentence each.

docs/reference/container-contract.md repeats this table for readers; a test compares the two.
"""

import signal
from typing import NamedTuple


class Cause(NamedTuple):
    """One way in which a run can end.

    `retried`: a new pod may fare better, so that the Job counts the failure and tries again.
    """

    code: int
    sentence: str
    retried: bool = False


STOPPED = Cause(143, "stopped before it ended", True)
BROKEN_JOB = Cause(210, "the job document can't be used: {detail}")
NOTHING_THERE = Cause(211, "nothing under {address} ({what})")
DENIED = Cause(212, "no permission to {verb} {address} ({what})")
NO_BUCKET = Cause(213, "the container of {address} does not exist ({what})")
STORAGE_FAILED = Cause(214, "could not {verb} {address} ({what}): {detail}", True)
NO_ENTRY_POINT = Cause(215, "the entry point {entry_point} is not under {address}")
PACKAGES_FAILED = Cause(216, "installing {file} failed: {detail}")
NOT_STARTED = Cause(217, "the entry point could not be started: {detail}")
DATA_TOO_LARGE = Cause(218, "the data is larger than data_storage: {size} of {limit} bytes")
LAUNCHER_FAILED = Cause(219, "the launcher failed: {detail}")
NO_PEER = Cause(220, "instance {index} had no address for {seconds} s ({host})", True)
NO_CHECKPOINT = Cause(221, "no whole checkpoint under {address} ({what})")
STORAGE_SILENT = Cause(
    224, "the storage of {address} did not answer for {seconds} s ({what}): {detail}"
)

TIME_OVER = Cause(230, "max_time of {limit} is over")

ALL = {name: value for name, value in sorted(globals().items()) if isinstance(value, Cause)}


class Ended(Exception):
    """The run is over: `code` is the exit code, the text is the sentence for a person."""

    def __init__(self, cause: Cause, **values: str) -> None:
        self.code = cause.code
        super().__init__(cause.sentence.format(**values))


def of_script(entry_point: str, status: int, last_line: str) -> "tuple[int, str]":
    """Exit code and sentence for a script that ended with `status`, as subprocess counts it.

    A script's own code is passed on; death by signal N is 128 + N, as shells have it.
    """
    said = ": " + last_line if last_line else ""
    if status >= 0:
        return status, "{} exited with code {}{}".format(entry_point, status, said)
    try:
        name = signal.Signals(-status).name
    except ValueError:  # a real-time signal
        name = "SIG{}".format(-status)
    ended = "{} was ended by signal {} ({})".format(entry_point, -status, name)
    return 128 - status, ended + said
