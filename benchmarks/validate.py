"""How long `emctl validate` takes, start-up included, and how that grows with the spec.

Of 1,000 resources 400 are trainings, 200 notebooks, 200 models and 200 the stages of 100 endpoints.
Run by `python -m benchmarks`, or alone: `python -m benchmarks.validate`.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (100, 1_000, 10_000)
REPEATS = 3

_HEAD = """\
api_version: easymaker/v1
kind: Workspace
workspace: bench
platform:
  target: {type: kubernetes, context: bench}
  domain: example.com
  gateway:
    namespace: gateway-system
    name: easymaker
    listener: web
    pod_selector: {app.kubernetes.io/name: traefik}
    address: 127.0.0.1:8088
  object_storage:
    objects.example.com:
      type: s3
      endpoint: http://objects.example.com
      credentials: {access_key: {pulumi_config: accessKey}, secret_key: {pulumi_config: secretKey}}
  built_images: {tools: "example.com/tools:1", tensorboard: "example.com/tensorboard:1"}
  system_path: obs://objects.example.com/system
  nas:
    models: {type: host_path, path: /srv/models}
  images:
    train:
      use: training
      framework: tensorflow
      framework_version: "2.21"
      python_version: "3.12"
      core_type: cpu
      image: registry.example.com/train:1
    note:
      use: notebook
      framework: tensorflow
      framework_version: "2.21"
      python_version: "3.12"
      core_type: cpu
      image: registry.example.com/note:1
  serving:
    tensorflow: {image: registry.example.com/serve:1}
  flavors:
    small: {core_type: cpu, cpu: 1, memory: 2Gi}
experiments:
  all: {description: everything}
"""
_TRAINING = """\
  training-{n}:
    experiment: all
    description: two dense layers
    algorithm:
      path: obs://objects.example.com/examples/iris/code
      entry_point: train.py
    hyperparameters: {{epochs: 60, batch_size: 16, learning_rate: 1e-4}}
    image: train
    flavor: small
    instances: 1
    input_data:
      train: obs://objects.example.com/examples/iris/data
    output_data: obs://objects.example.com/results/iris
    checkpoint: obs://objects.example.com/checkpoints/iris
    data_storage: 300
    max_time: 2h
    log_management: true
    tags: {{team: vision}}
"""
_NOTEBOOK = """\
  notebook-{n}:
    display_name: Exploration
    image: note
    flavor: small
    boot_storage: 10
    data_storage: 20
    nas: {{shared: "nas://models:/"}}
    tags: {{team: vision}}
"""
_MODEL = (
    '  model-{n}: {{framework: tensorflow, framework_version: "2.21", training: training-{n}}}\n'
)
_ENDPOINT = """\
  endpoint-{n}:
    default_stage: blue
    stages:
      blue: {{model: model-{n}, resource_path: /inference, flavor: small, instances: 2}}
      green: {{model: model-{n}, resource_path: /inference, flavor: small}}
"""


def spec(resources: int) -> str:
    """A valid spec with so many resources, a multiple of 100; endpoints are not counted."""
    unit = resources // 10
    sections = (
        ("trainings", _TRAINING, 4 * unit),
        ("notebooks", _NOTEBOOK, 2 * unit),
        ("models", _MODEL, 2 * unit),
        ("endpoints", _ENDPOINT, unit),
    )
    return _HEAD + "".join(
        f"{section}:\n" + "".join(template.format(n=n) for n in range(count))
        for section, template, count in sections
    )


def seconds(resources: int) -> float:
    """The shortest of some runs of the whole command, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spec.yaml"
        file.write_text(spec(resources), encoding="utf-8")
        command = [sys.executable, "-c", "from cli.main import main; main()", "validate", str(file)]
        runs = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            runs.append(time.perf_counter() - start)
    return min(runs)


def run() -> list[tuple[str, float]]:
    """Name and figure of each measure; seconds, and the growth as a ratio."""
    times = {size: seconds(size) for size in SIZES}
    figures = [(f"validate {size:,} resources, s", taken) for size, taken in times.items()]
    smallest, *_, largest = SIZES
    growth = times[largest] / times[smallest]
    return [*figures, (f"validate, growth from {smallest:,} to {largest:,}", growth)]


if __name__ == "__main__":
    for name, figure in run():
        sys.stdout.write(f"{name}: {figure:.2f}\n")
