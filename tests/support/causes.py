"""The trainings of which each ends for a cause of its own, and what must be said of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.oci import FOREIGN_PROGRAM

WORKSPACE = "causes"
HOST = "objects.easymaker.localhost"
SILENT, DENIED, UNKNOWN = (
    f"{name}.easymaker.localhost" for name in ("silent", "denied", "unknown")
)
TOP = f"obs://{HOST}/causes"
NAS = "nas://local:/causes"
MISSING_IMAGE = "easymaker.local/missing:1"
FOREIGN_IMAGE = "easymaker.local/foreign:1"
NODE = "causes-lost"
"""A node that nobody runs."""
QUOTA_CPU = 2
MIB = 1 << 20

SAVES = "import os\nopen(os.environ['EM_MODEL_DIR'] + '/model', 'w').write('model')\n"
WAIT_FOR = """
import os, time
def wait_for(name):
    while not os.path.exists(os.path.join(os.environ["EM_DATASET_SIGNS"], name)):
        time.sleep(0.1)
"""
GOES_ON = (
    """
import os, pathlib, signal, sys
step = pathlib.Path(os.environ["EM_CHECKPOINT_DIR"], "step")
def end(*_):
    step.write_text("7")
    {}
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
if not step.exists():
    print("waits", flush=True)
    while True:
        signal.pause()
"""
    + SAVES
)
KNOWS_ITS_DATA = """
import pathlib
def found(name):
    top = pathlib.Path(os.environ["EM_DATASET_" + name])
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())
assert found("IRIS") == found("SLASH") == ["sub/x.csv", "train.csv"], found("IRIS")
assert found("SINGLE") == ["only.csv"], found("SINGLE")
"""
RUNS_FOREIGN = f"""
import os, subprocess
with open("tool", "wb") as file:
    file.write({FOREIGN_PROGRAM!r})
os.chmod("tool", 0o755)
subprocess.run(["./tool"])
"""
LOSES_ONE = """
import os, signal
if os.environ["JOB_COMPLETION_INDEX"] == "1":
    raise ValueError("no such flower")
while True:
    signal.pause()
"""
FILLS_MEMORY = "held = [b'x' * (1 << 20) for _ in range(2048)]\n"


@dataclass(frozen=True)
class Case:
    """`sentence` may have `*` for what varies. `codes` are those of its containers, in order."""

    word: str
    sentence: str
    codes: list[int]
    script: str = SAVES
    files: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    also: frozenset[int] = frozenset()
    """Codes that other instances may end with beside."""

    def says(self, sentence: str) -> bool:
        """Whether it is this sentence."""
        parts = map(re.escape, self.sentence.split("*"))
        return re.fullmatch(".*".join(parts), sentence) is not None


def _data(**places: str) -> dict[str, Any]:
    return {"input_data": places}


def _failed(code: int, sentence: str, script: str = SAVES, **more: Any) -> Case:
    return Case("FAIL TRAIN", sentence, [code], script, **more)


def _blocked(sentence: str, **settings: Any) -> Case:
    return Case("CREATE FAILED", sentence, [], settings=settings)


CASES = {
    "code-missing": _failed(
        211,
        f"nothing under {TOP}/nowhere (code)",
        settings={"algorithm": {"path": f"{TOP}/nowhere", "entry_point": "train.py"}},
    ),
    "data-missing": _failed(
        211, f"nothing under {TOP}/data/no (data set train)", settings=_data(train=f"{TOP}/data/no")
    ),
    # A14 of the project's cases, with what is missing and denied above and below.
    "data-by-prefix": Case(
        "COMPLETE",
        "",
        [0],
        SAVES + KNOWS_ITS_DATA,
        settings=_data(
            iris=f"{TOP}/d/iris", slash=f"{TOP}/d/iris/", single=f"{TOP}/d/single/only.csv"
        ),
    ),
    **{
        f"data-{name}": _failed(
            211,
            f"nothing under {TOP}/d/{name} (data set train)",
            settings=_data(train=f"{TOP}/d/{name}"),
        )
        for name in ("iri", "marker")
    },
    "denied": _failed(
        212,
        f"no permission to read obs://{DENIED}/causes/data (data set train)",
        settings=_data(train=f"obs://{DENIED}/causes/data"),
    ),
    "container-missing": _failed(
        213,
        f"the container of obs://{HOST}/no-such/data does not exist (data set train)",
        settings=_data(train=f"obs://{HOST}/no-such/data"),
    ),
    "entry-point-missing": _failed(
        215,
        f"the entry point other.py is not under {TOP}/code/entry-point-missing",
        settings={
            "algorithm": {"path": f"{TOP}/code/entry-point-missing", "entry_point": "other.py"}
        },
    ),
    "requirements-fail": _failed(
        216,
        "installing requirements.txt failed: ERROR: *no-such*",
        files={"requirements.txt": "./no-such.whl\n"},
    ),
    "data-too-large": _failed(
        218,
        f"the data is larger than data_storage: * of {1024 * MIB} bytes",
        settings={
            "data_storage": 1,
            **_data(**{f"d{number}": f"{TOP}/large" for number in range(9)}),
        },
    ),
    "checkpoint-broken": _failed(
        221,
        f"no whole checkpoint under {TOP}/broken (input checkpoint)",
        settings={"checkpoint_input": f"{TOP}/broken"},
    ),
    "storage-silent": _failed(
        224,
        f"the storage of obs://{SILENT}/causes/data did not answer for 5 s (data set train): "
        "dial tcp 127.0.0.1:1: connect: connection refused",
        settings=_data(train=f"obs://{SILENT}/causes/data"),
    ),
    "index-silent": _failed(
        225,
        "the package index http://127.0.0.1:1/simple can't be reached: Connection refused",
        files={"requirements.txt": "no-such-package\n"},
    ),
    "out-of-memory": _failed(
        226,
        "the script ran out of memory (the flavor has 256Mi)",
        FILLS_MEMORY,
        settings={"flavor": "tight"},
    ),
    "upload-failed": _failed(
        227,
        "train.py ended well, but the upload failed: "
        f"could not write {NAS}/results/upload-failed-*/model (model): *",
        SAVES + "open('/opt/easymaker/nas/output/model', 'w').close()  # in its place\n",
        settings={"output_data": f"{NAS}/results"},
    ),
    "time-over": _failed(
        230,
        "max_time of 5s is over",
        "import time\ntime.sleep(3600)\n",
        settings={"max_time": "5s"},
    ),
    # The other instance finds out by itself, or is told to stop.
    "peer-lost": _failed(
        1,
        "instance 1: train.py exited with code 1: ValueError: no such flower",
        LOSES_ONE,
        settings={"instances": 2},
        also=frozenset((143, 231)),
    ),
    "script-error": _failed(
        3,
        "train.py exited with code 3: the last word",
        "raise SystemExit(print('the last word') or 3)",
    ),
    "exception": _failed(
        1,
        "train.py exited with code 1: ValueError: no such flower",
        "raise ValueError('no such flower')",
    ),
    "signal": _failed(
        139,
        "train.py was ended by signal 11 (SIGSEGV)",
        "import os\nos.kill(os.getpid(), 11)\n",
    ),
    "program-foreign": _failed(
        1,
        "train.py exited with code 1: OSError: [Errno 8] Exec format error: './tool'",
        RUNS_FOREIGN,
    ),
    "no-model": Case("COMPLETE", "no model was saved: EM_MODEL_DIR is empty", [0], "print('done')"),
    "image-missing": _blocked(f"the image {MISSING_IMAGE} can't be pulled: *", image="missing"),
    "image-foreign": Case(
        "CREATE FAILED",
        f"the image {FOREIGN_IMAGE} is not for the processor of its node",
        [1],
        settings={"image": "foreign"},
    ),
    "no-node": _blocked("no node is big enough: of * too little memory left*", flavor="huge"),
    "over-quota": _blocked(
        f"the workspace's quota is used up: asks for 3 CPU, * of {QUOTA_CPU} in use",
        flavor="greedy",
    ),
    "secret-missing": _blocked(
        'the container main can\'t be set up: secret "absent" not found',
        input_data={"train": f"obs://{UNKNOWN}/causes/data"},
    ),
    "stopped": Case(
        "STOPPED", "", [143], GOES_ON.format(""), settings={"checkpoint": f"{TOP}/checkpoints"}
    ),
    "evicted": Case(
        "COMPLETE",
        "",
        [143, 0],
        # It says that it waits when it is ready for the end, not before.
        WAIT_FOR + GOES_ON.format("wait_for('leaving-told')"),
        settings={"checkpoint": f"{TOP}/checkpoints", **_data(signs=f"{NAS}/signs")},
    ),
}
NODE_LOST = "node-lost"
