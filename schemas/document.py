"""A resolved spec as the document that says the same: what `emctl show` prints and diffs compare.

Plain maps, lists and scalars, sorted by name, with nothing left to a default. Loading it gives the
same resolved spec again.
"""

from collections.abc import Mapping
from dataclasses import asdict

from pydantic import BaseModel

from schemas import resolved
from schemas.address import Address
from schemas.header import API_VERSION
from schemas.hyperparameter import Hyperparameter
from schemas.ranges import Range
from schemas.storage import S3Storage, SwiftStorage
from schemas.text import Literal
from schemas.units import cpu_text, duration_text, memory_text

Document = dict[str, object]


def workspace_document(workspace: resolved.Workspace) -> Document:
    """The whole spec as one document."""
    return {
        "api_version": API_VERSION,
        "kind": "Workspace",
        "workspace": workspace.name,
        "platform": platform_document(workspace.platform),
        "experiments": {
            name: {"description": item.description} for name, item in workspace.experiments.items()
        },
        "trainings": {n: training_document(item) for n, item in workspace.trainings.items()},
        "models": {n: model_document(item) for n, item in workspace.models.items()},
        "endpoints": {n: endpoint_document(item) for n, item in workspace.endpoints.items()},
        "notebooks": {n: notebook_document(item) for n, item in workspace.notebooks.items()},
    }


def platform_document(ground: resolved.Platform) -> Document:
    """The section `platform`."""
    return {
        "region": ground.region,
        "app_key": ground.app_key,
        "target": _plain(ground.target),
        "create_namespace": ground.create_namespace,
        "security": ground.security,
        "domain": ground.domain,
        "gateway": _plain(ground.gateway),
        **({"api_gateway": _plain(ground.api_gateway)} if ground.is_on_aws else {}),
        **({} if ground.access is None else {"access": _plain(ground.access)}),
        "storage_classes": _plain(ground.storage_classes),
        "object_storage": {k: _store(item) for k, item in ground.object_storage.items()},
        "system_path": ground.system_path.text,
        "nas": _plain(ground.nas),
        "built_images": ground.built_images,
        "images": {
            name: {
                "use": image.use,
                "framework": image.framework,
                "framework_version": image.framework_version,
                "python_version": image.python_version,
                "core_type": image.core_type,
                "image": image.reference,
            }
            for name, image in ground.images.items()
        },
        "serving": {
            name: {"image": server.reference, "protocol": server.protocol}
            for name, server in ground.serving.items()
        },
        "flavors": {name: _flavor(flavor) for name, flavor in ground.flavors.items()},
        "pools": {
            name: {
                "node_selector": pool.node_selector,
                "taints": _plain(pool.taints),
                "nodes": pool.nodes,
                "gpus_per_node": pool.gpus_per_node,
                **({"instance_type": pool.instance_type} if pool.instance_type else {}),
            }
            for name, pool in ground.pools.items()
        },
        "packages": _plain(ground.packages),
        "quotas": _quotas(ground),
        "retention": duration_text(ground.retention),
        **({} if ground.logs is None else {"logs": _plain(ground.logs)}),
        "limits": {name: _range(name, allowed) for name, allowed in ground.limits.items()},
    }


def training_document(training: resolved.Training) -> Document:
    """One entry of `trainings`."""
    return _given(
        {
            "experiment": training.experiment.name,
            "description": training.description,
            "algorithm": {"path": training.code.text, "entry_point": training.entry_point},
            "hyperparameters": {
                key: _hyperparameter(value) for key, value in training.hyperparameters.items()
            },
            "image": training.image.name,
            "flavor": training.flavor.name,
            "instances": training.instances,
            "processes_per_node": training.processes_per_node,
            "input_data": _texts(training.input_data),
            "checkpoint_input": _text(training.checkpoint_input),
            "output_data": training.output_data.text,
            "checkpoint": _text(training.checkpoint),
            "checkpoint_interval": duration_text(training.checkpoint_interval),
            "data_storage": training.data_storage,
            "max_time": duration_text(training.max_time),
            "log_management": training.log_management,
            "tags": training.tags,
            "state": training.state,
            "run": training.run,
            "deletion_protection": training.deletion_protection,
        }
    )


def model_document(model: resolved.Model) -> Document:
    """One entry of `models`."""
    source = model.source
    return _given(
        {
            "description": model.description,
            "framework": model.framework,
            "framework_version": model.framework_version,
            "training": source.name if isinstance(source, resolved.Training) else None,
            "path": source.text if isinstance(source, Address) else None,
            "model_name": model.model_name,
            "tags": model.tags,
        }
    )


def endpoint_document(endpoint: resolved.Endpoint) -> Document:
    """One entry of `endpoints`, with its stages."""
    return {
        "description": endpoint.description,
        "default_stage": endpoint.default_stage,
        "traffic": endpoint.traffic,
        "stages": {name: stage_document(stage) for name, stage in endpoint.stages.items()},
        "access": _plain(endpoint.access),
        "log_management": endpoint.log_management,
        "tags": endpoint.tags,
        "deletion_protection": endpoint.deletion_protection,
    }


def stage_document(stage: resolved.Stage) -> Document:
    """One entry of an endpoint's `stages`."""
    scaled = stage.autoscaling
    return _given(
        {
            "description": stage.description,
            "model": stage.model.name,
            "resource_path": stage.resource_path,
            "flavor": stage.flavor.name,
            "instances": None if scaled else stage.instances,
            "autoscaling": _given(asdict(scaled)) if scaled else None,
            "max_request_size": stage.max_request_size,
            "request_timeout": duration_text(stage.request_timeout),
        }
    )


def notebook_document(notebook: resolved.Notebook) -> Document:
    """One entry of `notebooks`."""
    return {
        "display_name": notebook.display_name,
        "description": notebook.description,
        "image": notebook.image.name,
        "flavor": notebook.flavor.name,
        "boot_storage": notebook.boot_storage,
        "data_storage": notebook.data_storage,
        "nas": _texts(notebook.nas),
        "tags": notebook.tags,
        "state": notebook.state,
        "deletion_protection": notebook.deletion_protection,
    }


def _given(document: Document) -> Document:
    return {key: value for key, value in document.items() if value is not None}


def _text(address: Address | None) -> str | None:
    return None if address is None else address.text


def _texts(addresses: Mapping[str, Address]) -> Document:
    return {key: address.text for key, address in addresses.items()}


def _hyperparameter(value: Hyperparameter) -> str:
    return value.text if value.is_text else Literal(value.text)


def _flavor(flavor: resolved.Flavor) -> Document:
    return _given(
        {
            "core_type": flavor.core_type,
            "cpu": cpu_text(flavor.cpu),
            "memory": memory_text(flavor.memory),
            "gpu": {"model": flavor.gpu_model, "count": flavor.gpu_count}
            if flavor.gpu_count
            else None,
            "pool": flavor.pool.name if flavor.pool else None,
            "requests": {
                "cpu": cpu_text(flavor.requests_cpu),
                "memory": memory_text(flavor.requests_memory),
            },
        }
    )


def _store(storage: S3Storage | SwiftStorage) -> Document:
    written: Document = {k: _plain(v) for k, v in storage.__dict__.items() if v is not None}
    return {**written, "retry_time": duration_text(storage.retry_time)}


def _quotas(ground: resolved.Platform) -> Document:
    quotas = ground.quotas
    return _given(
        {
            "cpu": None if quotas.cpu is None else cpu_text(quotas.cpu),
            "memory": None if quotas.memory is None else memory_text(quotas.memory),
            "gpu": quotas.gpu,
            "storage": quotas.storage,
        }
    )


def _range(name: str, allowed: Range) -> Document:
    low, high = (
        duration_text(n) if name == "max_time" else n for n in (allowed.minimum, allowed.maximum)
    )
    return {"min": low, "max": high} if not allowed.is_count else {"max": high}


def _plain(value: object) -> object:
    """Schemas, and maps of them, as maps; what is not set is left out."""
    if isinstance(value, BaseModel):
        return {k: _plain(v) for k, v in value.__dict__.items() if v is not None}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value
