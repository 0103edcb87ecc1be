"""What the project's own program costs, beside the least that any program would.

The same objects, and as many components, are registered by three programs against one cluster: the
project's own from a spec, a bare one from a JSON file, and one in the SDK's typed classes (see
`benchmarks.programs`). Of each: `up` from nothing, then `preview` that finds nothing to do. The
node takes no pods and nothing is waited for, so that what is measured is the registering.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import free_port
from benchmarks.programs import Graph, Registration, is_component
from tools import cluster, toolchain
from tools.toolchain import elsewhere

SIZES = tuple(int(size) for size in os.environ.get("BENCH_SIZES", "100 300 1000").split())
PROGRAMS = ("ours", "bare", "typed")
CLUSTER = "bench"
PROJECT = Path(__file__).parents[1]

_HEAD = """\
api_version: easymaker/v1
kind: Workspace
workspace: {workspace}
platform:
  target: {{type: kubernetes, context: {context}}}
  domain: easymaker.localhost
  gateway:
    namespace: gateway-system
    name: easymaker
    listener: web
    pod_selector: {{app.kubernetes.io/name: traefik}}
    address: 127.0.0.1:8088
  storage_classes: {{block: standard, shared: standard}}
  object_storage:
    objects.easymaker.localhost:
      type: s3
      endpoint: http://objects.easymaker.localhost:8088
      credentials: {{access_key: {{secret: storage}}, secret_key: {{secret: storage}}}}
  system_path: obs://objects.easymaker.localhost/system
  built_images: {{tools: example.com/tools:1, tensorboard: example.com/tensorboard:1}}
  serving:
    tensorflow: {{image: example.com/serve:1}}
  images:
    train: {{use: training, {image}}}
    note: {{use: notebook, {image}}}
  flavors:
    small: {{core_type: cpu, cpu: 1, memory: 2Gi}}
experiments:
  all: {{description: everything}}
"""
_IMAGE = (
    'framework: tensorflow, framework_version: "2.21", python_version: "3.12", core_type: cpu, '
    "image: example.com/image:1"
)
_TRAINING = """\
  training-{n}:
    experiment: all
    description: two dense layers
    algorithm: {{path: "obs://objects.easymaker.localhost/examples/code", entry_point: train.py}}
    hyperparameters: {{epochs: 60, batch_size: 16, learning_rate: 1e-4}}
    image: train
    flavor: small
    input_data: {{train: "obs://objects.easymaker.localhost/examples/data"}}
    output_data: obs://objects.easymaker.localhost/results
    checkpoint: obs://objects.easymaker.localhost/checkpoints
    max_time: 2h
    tags: {{team: vision}}
"""
_NOTEBOOK = """\
  notebook-{n}: {{image: note, flavor: small, boot_storage: 10, data_storage: 20}}
"""
_MODEL = """\
  model-{n}:
    framework: tensorflow
    framework_version: "2.21"
    path: obs://objects.easymaker.localhost/models/{n}
"""
_ENDPOINT = """\
  endpoint-{n}:
    default_stage: blue
    stages:
      blue: {{model: model-{n}, resource_path: /inference, flavor: small, instances: 2}}
      green: {{model: model-{n}, resource_path: /inference, flavor: small}}
"""


def spec(workspace: str, context: str, resources: int) -> str:
    """A valid spec with so many resources: 4 trainings to 2 notebooks, 2 models and 2 stages."""
    unit = resources // 10
    sections = (
        ("trainings", _TRAINING, 4 * unit),
        ("notebooks", _NOTEBOOK, 2 * unit),
        ("models", _MODEL, 2 * unit),
        ("endpoints", _ENDPOINT, unit),
    )
    return _HEAD.format(workspace=workspace, context=context, image=_IMAGE) + "".join(
        f"{section}:\n" + "".join(template.format(n=n) for n in range(count))
        for section, template, count in sections
    )


@dataclass(frozen=True)
class Cost:
    """What one command took. Memory is that of the program alone, in MB."""

    seconds: float
    cpu_seconds: float
    program_mb: float

    def text(self, least: "Cost") -> str:
        """For people, with the ratios to the least."""
        return (
            f"{self.seconds:6.1f} s ({self.seconds / least.seconds:.2f})"
            f"  {self.cpu_seconds:6.1f} s CPU ({self.cpu_seconds / least.cpu_seconds:.2f})"
            f"  {self.program_mb:5.0f} MB ({self.program_mb / least.program_mb:.2f})"
        )


@dataclass(frozen=True)
class Stack:
    """A Pulumi project with one stack, whose program is one of ours."""

    folder: Path
    environment: dict[str, str]

    def create(self, program: str, config: Mapping[str, str]) -> None:
        """Write the project and make its stack."""
        self.folder.mkdir()
        text = f"name: bench\nruntime: {{name: python, options: {{virtualenv: {sys.prefix}}}}}\n"
        (self.folder / "Pulumi.yaml").write_text(text)
        code = f"from benchmarks.programs import {program}\n\n{program}.main()\n"
        (self.folder / "__main__.py").write_text(code)
        self.pulumi("stack", "init", "bench")
        for key, value in config.items():
            self.pulumi("config", "set", "--secret", key, value)

    def pulumi(self, *arguments: str) -> str:
        """What a command prints; its messages where it fails."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
            raise RuntimeError(f"pulumi {' '.join(arguments)} failed:\n{last}")
        return done.stdout

    def cost(self, *arguments: str) -> Cost:
        """Run a command and measure it."""
        before, start = os.times(), time.monotonic()
        self.pulumi(*arguments)
        seconds, after = time.monotonic() - start, os.times()
        cpu = after.children_user + after.children_system
        cpu -= before.children_user + before.children_system
        peak = int(Path(self.environment["BENCH_MEMORY"]).read_text())
        return Cost(seconds, cpu, peak / 1e6)

    def graph(self, context: str) -> Graph:
        """What its program registered, as the state has it."""
        state = json.loads(self.pulumi("stack", "export", "--show-secrets"))
        found = []
        for item in state["deployment"]["resources"]:
            token = item["type"]
            if token.startswith("kubernetes:") or is_component(token):
                name, inputs = item["urn"].rpartition("::")[2], _plain(item.get("inputs", {}))
                found.append(Registration(token, name, item["urn"], item.get("parent", ""), inputs))
        return Graph(context, found)


def _plain(value: Any) -> Any:
    """An input from the state without what only the state has: secrets' wrapping, defaults."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "plaintext" in value:
        return json.loads(value["plaintext"])
    return {key: _plain(item) for key, item in value.items() if not key.startswith("__")}


def run() -> Iterator[tuple[str, str]]:
    """Costs, with their ratio to the bare program's in brackets."""
    with tempfile.TemporaryDirectory() as folder, _cordoned(Path(folder)) as context:
        for size in SIZES:
            place = Path(folder) / str(size)
            place.mkdir()
            costs = _costs(place, context, size)
            for command in ("up", "preview"):
                for program in PROGRAMS:
                    cost = costs[program, command]
                    yield (
                        f"{command}, {size:,} resources, {program}",
                        cost.text(costs["bare", command]),
                    )


def _costs(folder: Path, context: str, size: int) -> dict[tuple[str, str], Cost]:
    graph, text = folder / "graph.json", ""
    costs: dict[tuple[str, str], Cost] = {}
    for program in PROGRAMS:
        workspace = f"bench-{size}-{program}"
        stack = Stack(folder / program, _environment(folder, program, graph))
        config = {}
        if program == "ours":
            file = folder / "spec.yaml"
            file.write_text(spec(workspace, context, size))
            config = {"easymaker:spec": str(file), "easymaker:tokenKey": "0123456789" * 5}
        graph.write_text(text.replace("WORKSPACE", workspace))
        stack.create(program, config)
        costs[program, "up"] = stack.cost("up", "--yes", "--skip-preview")
        costs[program, "preview"] = stack.cost("preview", "--expect-no-changes")
        if program == "ours":
            text = json.dumps(asdict(stack.graph(context))).replace(workspace, "WORKSPACE")
    return costs


def _environment(folder: Path, program: str, graph: Path) -> dict[str, str]:
    home, state = folder.parent / "home", folder / f"{program}-state"
    state.mkdir()
    elsewhere.place_provider(toolchain.path(elsewhere.PROVIDER), home)
    ours = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    return {
        **ours,
        "PATH": f"{toolchain.path('pulumi').parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
        "KUBECONFIG": str(folder.parent / "kubeconfig"),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "bench",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_SKIP_CHECKPOINTS": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "BENCH_GRAPH": str(graph),
        "BENCH_MEMORY": str(folder / "memory"),
    }


@contextmanager
def _cordoned(folder: Path) -> Iterator[str]:
    """A cluster whose node takes no pods. Gives its context in `folder`/kubeconfig."""
    state = folder / "clusters"
    wish = cluster.Wish(name=CLUSTER, state=state, gateway_port=free_port())
    try:
        status = cluster.up(wish, lambda line: None)
        (folder / "kubeconfig").write_text(status.kubeconfig.read_text())
        cluster.find(CLUSTER, state).kubectl().run("cordon", "local")
        yield status.definition.context
    finally:
        cluster.down(CLUSTER, state, keep_data=False, say=lambda line: None)
