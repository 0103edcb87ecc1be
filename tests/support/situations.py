"""A workspace in which every word of docs/reference/status.md comes about, and who notes them."""

import json
import pickle
import re
from collections.abc import Callable
from typing import Any

from tests.support.status_page import tables
from tests.support.told import Told

KINDS = ("Training", "Experiment", "Model", "Endpoint", "API Gateway", "Stage", "Notebook")
"""Sections of the page, each with a table of words."""
STACK = "words"
HOST = f"slow.{STACK}.easymaker.localhost"
TOP = f"obs://objects.easymaker.localhost/{STACK}"
FIRST_SECONDS = 20
"""What the first call of the slow model takes."""

ENDLESS = """
import signal, sys, time
def end(*_):
    time.sleep(3)  # what a script takes to put its work in order
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
while True:
    signal.pause()
"""
SCRIPTS = {
    "long": ENDLESS,
    "fit": "import os\nopen(os.environ['EM_MODEL_DIR'] + '/model.joblib', 'w').close()\n",
    "fails": "import os, sys\nif os.environ['JOB_COMPLETION_INDEX'] == '1':\n    sys.exit(3)\n"
    + ENDLESS,
}
_NOTEBOOK = "boot_storage: 10, data_storage: 10"
TEXT = f"""\
api_version: easymaker/v1
kind: Workspace
workspace: {STACK}
include: [platform/local.yaml]
platform:
  flavors:
    small: {{core_type: cpu, cpu: 1, memory: 1Gi, requests: {{cpu: 20m, memory: 64Mi}}}}
    huge: {{core_type: cpu, cpu: 1, memory: 8Ti, requests: {{cpu: 20m}}}}
  images:
    missing: {{use: training, framework: sklearn, framework_version: "1.9", python_version: "3.13",
              core_type: cpu, image: "easymaker.local/missing:1"}}
experiments: {{board: {{}}}}
trainings:
  fit:
    experiment: board
    algorithm: {{path: "{TOP}/code/fit", entry_point: train.py}}
    image: sklearn-cpu
    flavor: small
    output_data: {TOP}/results
    max_time: 1h
  long: {{copy: fit, algorithm: {{path: "{TOP}/code/long", entry_point: train.py}}}}
  fails: {{copy: fit, algorithm: {{path: "{TOP}/code/fails", entry_point: train.py}}, instances: 2}}
  blocked: {{copy: fit, image: missing}}
models:
  slow: {{framework: sklearn, framework_version: "1.9", path: "{TOP}/slow"}}
  corrupt: {{framework: sklearn, framework_version: "1.9", path: "{TOP}/corrupt"}}
  waits: {{framework: sklearn, framework_version: "1.9", training: long}}
  fitted: {{framework: sklearn, framework_version: "1.9", training: fit}}
  unmade: {{framework: sklearn, framework_version: "1.9", training: blocked}}
endpoints:
  slow:
    default_stage: blue
    stages:
      blue: {{model: slow, resource_path: /inference, flavor: small}}
  waits:
    default_stage: blue
    stages:
      blue: {{model: waits, resource_path: /inference, flavor: small}}
  unmade:
    default_stage: blue
    stages:
      blue: {{model: unmade, resource_path: /inference, flavor: small}}
notebooks:
  stays: {{image: python-3-notebook-cpu, flavor: small, {_NOTEBOOK}}}
  starts: {{image: python-3-notebook-cpu, flavor: small, {_NOTEBOOK}, state: stopped}}
  too-large: {{image: python-3-notebook-cpu, flavor: small, {_NOTEBOOK}, state: stopped}}
  never: {{image: python-3-notebook-cpu, flavor: huge, {_NOTEBOOK}}}
"""
CHANGES = (
    ("long: {copy: fit,", "long: {copy: fit, state: stopped,"),
    (f"starts: {{image: python-3-notebook-cpu, flavor: small, {_NOTEBOOK}, state: stopped",
     f"starts: {{image: python-3-notebook-cpu, flavor: small, {_NOTEBOOK}"),
    (f"too-large: {{image: python-3-notebook-cpu, flavor: small, {_NOTEBOOK}, state: stopped",
     f"too-large: {{image: python-3-notebook-cpu, flavor: huge, {_NOTEBOOK}"),
    (f"stays: {{image: python-3-notebook-cpu, flavor: small, {_NOTEBOOK}",
     f"stays: {{image: python-3-notebook-cpu, flavor: small, {_NOTEBOOK}, state: stopped"),
    ("      blue: {model: slow, resource_path: /inference, flavor: small}\n",
     "      blue: {model: slow, resource_path: /inference, flavor: small}\n"
     "      corrupt: {model: corrupt, resource_path: /inference, flavor: small}\n"),
)  # fmt: skip
"""What of the spec is changed, when all of it is applied."""


def changed() -> str:
    """The spec after its changes."""
    text = TEXT
    for old, new in CHANGES:
        assert old in text, old
        text = text.replace(old, new)
    return text


def without() -> str:
    """The spec without what is removed at last."""
    text = changed()
    for first, last in (("  slow:\n", "  waits:\n"), ("  starts:", "  too-large:")):
        begin = text.index(first)
        text = text[:begin] + text[text.index(last, begin) :]
    return text


class _Code:
    """What is run when the pickle is loaded."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        return eval, (self.text,)


def slow_model(seconds: int) -> bytes:
    """What joblib takes so long to load, and whose first call takes long, too."""
    predict = f"lambda x, n=[]: (n or time.sleep({FIRST_SECONDS}), n.append(1), x.sum(axis=1))[2]"
    made = f"types.SimpleNamespace(n_features_in_=4, predict={predict})"
    modules = "__import__('time'), __import__('types')"
    return pickle.dumps(
        _Code(f"(lambda time, types: (time.sleep({seconds}), {made})[1])({modules})")
    )


def words() -> set[tuple[str, str]]:
    """Kind and word of every row of the page's tables."""
    return {(kind, row[0]) for kind in KINDS for row in tables()[kind]}


class Seen:
    """The words of all resources, as `emctl status --watch --json` tells them."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.now: dict[str, dict[str, Any]] = {}
        """What was told last, by kind and name."""
        self.words: dict[str, list[tuple[str, str]]] = {}
        """Kinds and words, of each resource in order."""
        self.causes: dict[str, list[str]] = {}
        """What was said of each, in order."""
        self.unexplained: list[dict[str, Any]] = []
        """What failed without a cause."""
        self._read = 0

    def until(self, what: str, *wanted: str) -> None:
        """Wait until a resource has had all these words; `API Gateway: ` stands before its own."""
        kind = what.partition("/")[0].capitalize()
        pairs = [tuple(word.split(": ", 1)) for word in wanted if word.startswith("API Gateway: ")]
        pairs += [(kind, word) for word in wanted if not word.startswith("API Gateway: ")]

        def have_come(lines: list[str]) -> bool:
            self._take(lines)
            return set(pairs) <= set(self.words.get(what, []))

        self.told.until(have_come, f"{what}: {', '.join(wanted)}")

    def until_said(self, what: str, begin: str) -> str:
        """Wait until a resource has had a cause that begins so; returns the rest of it."""
        found: list[str] = []

        def has_come(lines: list[str]) -> bool:
            self._take(lines)
            found[:] = [text for text in self.causes.get(what, []) if text.startswith(begin)]
            return bool(found)

        self.told.until(has_come, f"{what}: {begin}")
        return found[0].removeprefix(begin)

    def until_now(self, what: str, word: str, cause: str = "") -> None:
        """Wait until what was told last of a resource is this word, and a cause that so begins."""

        def is_so(lines: list[str]) -> bool:
            self._take(lines)
            found = self.now.get(what, {"status": ""})
            return found["status"] == word and (found["cause"] or "").startswith(cause)

        self.told.until(is_so, f"{what}: {word}: {cause}")

    def all(self) -> set[tuple[str, str]]:
        """Kind and word of all that have come."""
        return {pair for pairs in self.words.values() for pair in pairs}

    def _take(self, lines: list[str]) -> None:
        for line in lines[self._read :]:
            for item in json.loads(line)["resources"]:
                what = f"{item['kind']}/{item['name']}"
                self.now[what] = item
                pairs = [(item["kind"].capitalize(), item["status"])]
                if "api_gateway" in item:
                    pairs.append(("API Gateway", item["api_gateway"]["status"]))
                known = self.words.setdefault(what, [])
                known += [pair for pair in pairs if pair not in known]
                if item["cause"]:
                    self.causes.setdefault(what, []).append(item["cause"])
                if re.search("FAIL|UNHEALTHY", item["status"]) and not item["cause"]:
                    self.unexplained.append(item)
        self._read = len(lines)
