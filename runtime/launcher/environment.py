"""What the script is given: its arguments and its variables. Pure.

The table with their meaning is docs/reference/container-contract.md.
"""

import json
import re
from typing import Dict, List, Mapping

from launcher.job import Job
from launcher.layout import Inputs, Layout

# Credentials and settings of the launcher's own storage client, on AWS where its role comes from; a
# script never sees them.
PRIVATE_PREFIXES = (b"RCLONE_", b"AWS_CONTAINER_")


def arguments(hyperparameters: Mapping[str, str]) -> List[str]:
    """`--key value` each; `--key=value` where argparse would take the value for an option."""
    found: List[str] = []
    for key, value in hyperparameters.items():
        if value.startswith("-"):
            found.append("--{}={}".format(key, value))
        else:
            found.extend(("--" + key, value))
    return found


def variables(job: Job, layout: Layout, inputs: Inputs) -> Dict[str, str]:
    """The EM_* variables. Directories are absolute and have no slash at the end."""
    found = {
        "EM_SOURCE_DIR": layout.source,
        "EM_ENTRY_POINT": job.entry_point,
        "EM_MODEL_DIR": layout.model,
        "EM_CHECKPOINT_DIR": layout.checkpoint,
        "EM_TENSORBOARD_LOG_DIR": layout.tensorboard,
        "EM_REGION": job.region,
        "EM_APPKEY": job.app_key,
        # Without it `import easymaker` calls NHN Cloud's API, and raises where it is out of reach.
        "EM_PROFILE": "local",
        "EM_DATASETS": json.dumps(inputs.datasets, ensure_ascii=False),
        "EM_HPS": job.hyperparameters_json,
    }
    if inputs.checkpoint_input:
        # Scripts load from it as soon as it is set.
        found["EM_CHECKPOINT_INPUT_DIR"] = inputs.checkpoint_input
    named = {"EM_DATASET_" + name: directory for name, directory in inputs.datasets.items()}
    named.update({"EM_HP_" + key: value for key, value in job.hyperparameters.items()})
    # Keys such as `batch-size` are no shell names: those get a second spelling that is one.
    for name, value in named.items():
        found.setdefault(re.sub(r"[^A-Z0-9_]", "_", name.upper()), value)
    found.update({name.upper(): value for name, value in named.items()})
    return found


def of_script(
    ours: Mapping[str, str], layout: Layout, inherited: Mapping[bytes, bytes], bin_directory: str
) -> Dict[bytes, bytes]:
    """The script's whole environment: the image's own, then ours.

    `bin_directory` is where the interpreter lies that runs the script ("" for the image's own).
    """
    env = {
        name: value for name, value in inherited.items() if not name.startswith(PRIVATE_PREFIXES)
    }
    # Lines must arrive when they are printed, not when a buffer is full.
    env.setdefault(b"PYTHONUNBUFFERED", b"1")
    if bin_directory:
        path = env.get(b"PATH", b"/usr/local/bin:/usr/bin:/bin")
        env[b"PATH"] = encoded(bin_directory) + b":" + path
        env[b"VIRTUAL_ENV"] = encoded(layout.venv)
    # Bytes, because in the C locale older interpreters would write anything but ASCII as `?`.
    env.update({encoded(k): encoded(v) for k, v in ours.items()})
    return env


def encoded(text: str) -> bytes:
    """UTF-8 whatever the image's locale is."""
    return text.encode("utf-8", "surrogateescape")
