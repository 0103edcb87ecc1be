"""The spec that declares the trainings of `tests.support.causes`."""

from collections.abc import Mapping
from typing import Any

from tests.support.causes import (
    CASES,
    DENIED,
    FOREIGN_IMAGE,
    HOST,
    MISSING_IMAGE,
    NODE,
    NODE_LOST,
    SILENT,
    TOP,
    UNKNOWN,
    WORKSPACE,
    Case,
)
from tests.support.cluster import IMAGES, LocalCluster


def spec(cluster: LocalCluster) -> dict[str, Any]:
    """The spec that declares them all."""
    endpoint = f"http://{HOST}:{cluster.gateway_port}"
    keys = {
        "access_key": {"pulumi_config": "s3AccessKey"},
        "secret_key": {"pulumi_config": "s3SecretKey"},
    }

    def store(credentials: Mapping[str, Any] = keys, **more: str) -> dict[str, Any]:
        return {"type": "s3", "endpoint": endpoint, "credentials": credentials, **more}

    def secret(name: str) -> dict[str, Any]:
        return {"access_key": {"secret": name}, "secret_key": {"secret": name}}

    small = {"cpu": "20m", "memory": "64Mi"}
    flavors = {
        "small": {"cpu": 1, "memory": "1Gi", "requests": small},
        "tight": {"cpu": 1, "memory": "256Mi", "requests": small},
        "greedy": {"cpu": 3, "memory": "64Mi"},
        "huge": {"cpu": 1, "memory": "8Ti", "requests": {"cpu": "20m"}},
        "lost": {"cpu": 1, "memory": "1Gi", "requests": small, "pool": "lost"},
    }
    image = {
        "use": "training",
        "framework": "python",
        "framework_version": "3.13",
        "python_version": "3.13",
        "core_type": "cpu",
    }
    references = {"python": IMAGES["python"], "missing": MISSING_IMAGE, "foreign": FOREIGN_IMAGE}
    base = {
        "experiment": "causes",
        "image": "python",
        "flavor": "small",
        "output_data": f"{TOP}/results",
        "max_time": "1h",
    }
    node_lost = Case("RUNNING", "", [], settings={"flavor": "lost"})
    return {
        "api_version": "easymaker/v1",
        "kind": "Workspace",
        "workspace": WORKSPACE,
        "platform": {
            "target": {"type": "kubernetes", "context": cluster.backend.definition.context},
            "create_namespace": False,
            "domain": "easymaker.localhost",
            "gateway": {
                "namespace": "gateway-system",
                "name": "easymaker",
                "listener": "web",
                "pod_selector": {"app.kubernetes.io/name": "traefik"},
                "address": f"127.0.0.1:{cluster.gateway_port}",
            },
            "object_storage": {
                HOST: store(),
                SILENT: {**store(retry_time="5s"), "endpoint": "http://127.0.0.1:1"},
                DENIED: store(secret("nobody")),
                UNKNOWN: store(secret("absent")),
            },
            "system_path": f"{TOP}/system",
            "nas": {"local": {"type": "host_path", "path": "/run/easymaker/nas"}},
            # Nothing is to be seen on a TensorBoard here.
            "built_images": {"tools": IMAGES["tools"], "tensorboard": MISSING_IMAGE},
            "images": {name: {**image, "image": text} for name, text in references.items()},
            "flavors": {name: {"core_type": "cpu", **item} for name, item in flavors.items()},
            "pools": {
                "lost": {
                    "node_selector": {"easymaker.io/pool": NODE},
                    "taints": {"easymaker.io/pool": {"value": NODE}},
                    "nodes": 1,
                }
            },
            "packages": {"python_index": "http://127.0.0.1:1/simple"},
            "limits": {"data_storage": {"min": 1}, "max_time": {"min": "1s"}},
        },
        "experiments": {"causes": {}},
        "trainings": {
            name: {
                **base,
                "algorithm": {"path": f"{TOP}/code/{name}", "entry_point": "train.py"},
                **case.settings,
            }
            for name, case in {**CASES, NODE_LOST: node_lost}.items()
        },
    }
