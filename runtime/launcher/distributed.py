"""Several instances: which one this is, what the frameworks need to find the others.

What torchrun sets is set here, one process an instance: torchrun itself would hide the script's
exit code behind its own.
"""

import json
import socket
import time
from typing import Callable, Dict, List, Mapping

from launcher.causes import BROKEN_JOB, NO_PEER, Ended
from launcher.job import Job
from launcher.logs import Log

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
TENSORFLOW_PORT = 2222
PYTORCH_PORT = 29500
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0


def index_of(job: Job, environment: Mapping[str, str]) -> int:
    """Which instance this is. Raises Ended(BROKEN_JOB) where the pod does not say so."""
    if not job.hosts:
        return 0
    text = environment.get(INDEX_VARIABLE, "")
    if not text.isdigit() or int(text) >= len(job.hosts):
        detail = "{} is {!r}, of {} instances".format(INDEX_VARIABLE, text, len(job.hosts))
        raise Ended(BROKEN_JOB, detail=detail)
    return int(text)


def variables(job: Job, index: int) -> Dict[str, str]:
    """What the framework reads. None with one instance: scripts go distributed if they are set."""
    if not job.hosts:
        return {}
    if job.framework == "tensorflow":
        return {"TF_CONFIG": json.dumps(tensorflow(job.hosts, index))}
    if job.framework == "pytorch":
        return pytorch(job.hosts, index, job.training_id)
    return {}


def tensorflow(hosts: List[str], index: int) -> Dict[str, object]:
    """The content of TF_CONFIG: instance 0 is the chief, the others are workers from 0 on."""
    chief, *workers = ["{}:{}".format(host, TENSORFLOW_PORT) for host in hosts]
    task = {"type": "worker", "index": index - 1} if index else {"type": "chief", "index": 0}
    return {"cluster": {"chief": [chief], "worker": workers}, "task": task}


def pytorch(
    hosts: List[str], index: int, run_id: str, local_rank: int = 0, processes: int = 1
) -> Dict[str, str]:
    """torchrun's variables for one of an instance's `processes`."""
    ranks = {
        "RANK": index * processes + local_rank,
        "LOCAL_RANK": local_rank,
        "GROUP_RANK": index,
        "ROLE_RANK": index * processes + local_rank,
        "WORLD_SIZE": len(hosts) * processes,
        "LOCAL_WORLD_SIZE": processes,
        "GROUP_WORLD_SIZE": len(hosts),
        "ROLE_WORLD_SIZE": len(hosts) * processes,
        "MASTER_PORT": PYTORCH_PORT,
        "TORCHELASTIC_RESTART_COUNT": 0,
        "TORCHELASTIC_MAX_RESTARTS": 0,
        "TORCH_NCCL_ASYNC_ERROR_HANDLING": 1,
    }
    if processes > 1:
        ranks["OMP_NUM_THREADS"] = 1
    return {
        **{name: str(value) for name, value in ranks.items()},
        "ROLE_NAME": "default",
        "MASTER_ADDR": hosts[0],
        "TORCHELASTIC_RUN_ID": run_id,
        # There is no agent that would keep the store: the process of rank 0 does.
        "TORCHELASTIC_USE_AGENT_STORE": "False",
    }


def await_peers(
    job: Job,
    log: Log,
    pause: Callable[[float], None],
    has_address: "Callable[[str], bool]",
) -> None:
    """Wait until the name of every instance leads to an address.

    `pause` waits so many seconds. Raises Ended(NO_PEER) after `job.peer_seconds`.
    """
    begin = time.monotonic()
    seconds = _FIRST_PAUSE_SECONDS
    missing = [host for host in job.hosts if not has_address(host)]
    if missing:
        text = "waiting up to {:g} s for the addresses of instances {}"
        numbers = ", ".join(str(job.hosts.index(host)) for host in missing)
        log.say(text.format(job.peer_seconds, numbers))
    while missing:
        left = begin + job.peer_seconds - time.monotonic()
        if left <= 0:
            index = str(job.hosts.index(missing[0]))
            limit = "{:g}".format(job.peer_seconds)
            raise Ended(NO_PEER, index=index, seconds=limit, host=missing[0])
        pause(min(seconds, left))
        seconds = min(2 * seconds, _LONGEST_PAUSE_SECONDS)
        missing = [host for host in missing if not has_address(host)]


def has_address(host: str) -> bool:
    """Whether the cluster's DNS knows the host."""
    try:
        return bool(socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP))
    except OSError:
        return False
