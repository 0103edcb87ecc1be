"""Several instances: which one this is, what the frameworks need to find the others.

What torchrun sets is set here: torchrun itself would hide the script's exit code behind its own.
"""

import json
from typing import Dict, List, Mapping, Tuple

from launcher.causes import BROKEN_JOB, Ended
from launcher.job import Job

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
TENSORFLOW_PORT = 2222
PYTORCH_PORT = 29500


def index_of(job: Job, environment: Mapping[str, str]) -> int:
    """Which instance this is. Raises Ended(BROKEN_JOB) where the pod does not say so."""
    if not job.hosts:
        return 0
    text = environment.get(INDEX_VARIABLE, "")
    if not text.isdigit() or int(text) >= len(job.hosts):
        detail = "{} is {!r}, of {} instances".format(INDEX_VARIABLE, text, len(job.hosts))
        raise Ended(BROKEN_JOB, detail=detail)
    return int(text)


def processes(job: Job, index: int) -> "List[Tuple[str, Dict[str, str]]]":
    """The processes of an instance: a label each where there are several, and what they read.

    That is nothing with one instance, unless processes are asked for: scripts go distributed as
    soon as it is set.
    """
    if job.framework == "pytorch" and (job.hosts or job.processes):
        many = job.processes or 1
        hosts = job.hosts or ["127.0.0.1"]
        found = [pytorch(hosts, index, job.training_id, local, many) for local in range(many)]
        return [("rank" + each["RANK"] if many > 1 else "", each) for each in found]
    if job.framework == "tensorflow" and job.hosts:
        return [("", {"TF_CONFIG": json.dumps(tensorflow(job.hosts, index))})]
    return [("", {})]


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
