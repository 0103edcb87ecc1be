"""Why a run ended when it was not the script's own doing: one exit code and one sentence each.

docs/reference/container-contract.md repeats this table for readers; a test compares the two.
"""

import contextlib
import signal
from typing import Iterator, NamedTuple


class Cause(NamedTuple):
    """One way in which a run can end.

    `retried`: a new pod may fare better, so that the Job counts the failure and tries again.
    """

    code: int
    sentence: str
    retried: bool = False


NO_MODEL = Cause(0, "no model was saved: EM_MODEL_DIR is empty")
KILLED = Cause(137, "killed by SIGKILL before it could say why", True)
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
NO_PEER = Cause(220, "instance {index} gave no sign for {seconds} s ({host})", True)
NO_CHECKPOINT = Cause(221, "no whole checkpoint under {address} ({what})")
STORAGE_SILENT = Cause(
    224, "the storage of {address} did not answer for {seconds} s ({what}): {detail}"
)
INDEX_SILENT = Cause(225, "the package index {index} can't be reached: {detail}")
OUT_OF_MEMORY = Cause(226, "the script ran out of memory (the flavor has {memory})")
UPLOAD_FAILED = Cause(227, "{entry_point} ended well, but the upload failed: {why}")

TIME_OVER = Cause(230, "max_time of {limit} is over")
PEER_LOST = Cause(231, "peer lost: instance {index}: {why}", True)

ALL = {name: value for name, value in sorted(globals().items()) if isinstance(value, Cause)}


class Ended(Exception):
    """The run is over: `code` is the exit code, the text is the sentence for a person."""

    def __init__(self, cause: Cause, **values: str) -> None:
        self.code = cause.code
        super().__init__(cause.sentence.format(**values))


@contextlib.contextmanager
def upload(entry_point: str) -> Iterator[None]:
    """In this block a failure to keep the result of a script that ended well is UPLOAD_FAILED."""
    try:
        yield
    except Ended as ended:
        if ended.code in (STOPPED.code, TIME_OVER.code):
            raise
        raise Ended(UPLOAD_FAILED, entry_point=entry_point, why=str(ended)) from None


def of_script(
    entry_point: str, status: int, last_line: str, shortage: str = ""
) -> "tuple[int, str]":
    """Exit code and sentence for a script that ended with `status`, as subprocess counts it.

    A script's own code is passed on; death by signal N is 128 + N, as shells have it. `shortage` is
    how much memory there is, if a process of it was ended for want of it.
    """
    if shortage and status in (-signal.SIGKILL, 128 + signal.SIGKILL):
        return OUT_OF_MEMORY.code, OUT_OF_MEMORY.sentence.format(memory=shortage)
    said = ": " + last_line if last_line else ""
    if shortage:
        said = (
            " after a process of it ran out of memory (the flavor has {})".format(shortage) + said
        )
    if status >= 0:
        return status, "{} exited with code {}{}".format(entry_point, status, said)
    try:
        name = signal.Signals(-status).name
    except ValueError:  # a real-time signal
        name = "SIG{}".format(-status)
    ended = "{} was ended by signal {} ({})".format(entry_point, -status, name)
    return 128 - status, ended + said
