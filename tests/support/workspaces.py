"""A workspace with one of everything, for tests of what becomes of it."""

from pathlib import Path

from schemas import load, resolved

SPEC = """\
api_version: easymaker/v1
kind: Workspace
workspace: lab
platform:
  target: {type: kubernetes, context: here}
  domain: ml.test
  gateway:
    namespace: gateway-system
    name: edge
    listener: web
    pod_selector: {app: edge}
    address: 127.0.0.1:8088
  object_storage:
    objects.ml.test:
      type: s3
      endpoint: http://objects.ml.test:8088
      credentials:
        access_key: {pulumi_config: s3AccessKey}
        secret_key: {pulumi_config: s3SecretKey}
  system_path: obs://objects.ml.test/system
  nas:
    shared: {type: nfs, server: nas.test, export: /exports}
  built_images: {tools: "images.test/tools:1", tensorboard: "images.test/tensorboard:1"}
  images:
    sklearn: {use: training, framework: sklearn, framework_version: "1.9", python_version: "3.13",
              core_type: cpu, image: "images.test/sklearn:1"}
    lab: {use: notebook, framework: python, framework_version: "3.13", python_version: "3.13",
          core_type: cpu, image: "images.test/lab:1"}
    lab-gpu: {use: notebook, framework: python, framework_version: "3.13", python_version: "3.13",
              core_type: gpu, image: "images.test/lab-gpu:1"}
  serving:
    sklearn: {image: "images.test/serving:1"}
  flavors:
    small: {core_type: cpu, cpu: 1, memory: 2Gi, requests: {cpu: 100m, memory: 256Mi}}
    gpu: {core_type: gpu, cpu: 2, memory: 8Gi, gpu: {model: l4, count: 1}, pool: gpus}
  pools:
    gpus:
      node_selector: {easymaker.io/pool: gpus}
      taints: {nvidia.com/gpu: {value: "yes"}}
      nodes: 2
      gpus_per_node: 1
    spare: {node_selector: {easymaker.io/pool: spare}, nodes: 1}
  quotas: {cpu: 8, memory: 20Gi, gpu: 2, storage: 100}
experiments:
  iris: {description: Telling irises apart}
trainings:
  fit:
    experiment: iris
    algorithm: {path: "obs://objects.ml.test/code/fit", entry_point: train.py}
    image: sklearn
    flavor: small
    instances: 2
    output_data: obs://objects.ml.test/results
models:
  fitted: {framework: sklearn, framework_version: "1.9", training: fit}
endpoints:
  iris:
    default_stage: blue
    stages:
      blue: {model: fitted, resource_path: /inference, flavor: small, instances: 1}
notebooks:
  explore:
    display_name: Exploration
    description: looking around
    image: lab
    flavor: small
    boot_storage: 10
    data_storage: 20
    nas: {models: "nas://shared:/models", all: "nas://shared:/"}
    tags: {team: vision}
  train:
    image: lab-gpu
    flavor: gpu
    boot_storage: 20
    data_storage: 30
    state: stopped
    deletion_protection: true
"""


def workspace(folder: Path, *changes: tuple[str, str]) -> resolved.Workspace:
    """It, resolved, with parts of its text replaced by others. `folder` gets its file."""
    text = SPEC
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = folder / "stack.yaml"
    file.write_text(text)
    return load(file)
