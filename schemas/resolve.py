"""A right spec to its resolved form: defaults, references, order."""

from collections.abc import Mapping
from typing import Any, TypeVar

from schemas import compute, names, resolved
from schemas.address import S3_HOST
from schemas.cluster_types import is_full_image
from schemas.document import training_document
from schemas.endpoint import AWS_SECONDS, Autoscaling, Endpoint, Stage
from schemas.model import Model
from schemas.notebook import Notebook
from schemas.platform import AWS_GATEWAY, AwsTarget, Platform
from schemas.ranges import DEFAULTS, Range
from schemas.revision import revision
from schemas.spec import Spec
from schemas.storage import Credentials, FromSecret, S3Storage, SwiftStorage
from schemas.training import Training, addresses

T = TypeVar("T")
DEFAULT_DATA_STORAGE = DEFAULTS["data_storage"].minimum
OTHER_REGION = "us-east-1"
"""What servers of S3 other than AWS expect."""


def resolve(spec: Spec) -> resolved.Workspace:
    """Resolve a spec that broke no rule."""
    assert spec.platform is not None  # noqa: S101
    ground = _platform(spec.platform, spec.limits)
    sections = spec.sections
    experiments = {
        name: resolved.Experiment(name, item.description)
        for name, item in _sorted(sections["experiments"]).items()
    }
    trainings = {
        name: _training(name, item, ground, experiments)
        for name, item in _sorted(sections["trainings"]).items()
    }
    models = {
        name: _model(name, item, trainings) for name, item in _sorted(sections["models"]).items()
    }
    place = (spec.workspace, ground.domain)
    return resolved.Workspace(
        name=spec.workspace,
        platform=ground,
        experiments=experiments,
        trainings=trainings,
        models=models,
        endpoints={
            name: _endpoint(name, item, ground, models, place)
            for name, item in _sorted(sections["endpoints"]).items()
        },
        notebooks={
            name: _notebook(name, item, ground, place)
            for name, item in _sorted(sections["notebooks"]).items()
        },
    )


def _sorted(mapping: Mapping[Any, T]) -> dict[str, T]:
    return dict(sorted(mapping.items()))


def _platform(written: Platform, limits: Mapping[str, Range]) -> resolved.Platform:
    def reference(image: str) -> str:
        return image if is_full_image(image) else written.built_images[image]

    gateway = written.gateway or AWS_GATEWAY
    stores = dict(written.object_storage)
    if isinstance(written.target, AwsTarget):
        stores.setdefault(S3_HOST, S3Storage(type="s3"))
    pools = {
        name: resolved.Pool(
            name,
            _sorted(pool.node_selector),
            _sorted(pool.taints),
            pool.nodes,
            pool.gpus_per_node,
            pool.instance_type or "",
        )
        for name, pool in _sorted(written.pools).items()
    }
    return resolved.Platform(
        region=written.region,
        app_key=written.app_key,
        target=written.target,
        create_namespace=written.create_namespace,
        security=written.security,
        domain=written.domain,
        gateway=gateway.model_copy(update={"pod_selector": _sorted(gateway.pod_selector)}),
        api_gateway=written.api_gateway,
        access=written.access,
        storage_classes=written.storage_classes,
        object_storage={host: _store(storage) for host, storage in _sorted(stores).items()},
        system_path=written.system_path,
        nas=_sorted(written.nas),
        built_images=_sorted(written.built_images),
        images={
            name: resolved.Image(
                name,
                image.use,
                image.framework,
                image.framework_version,
                image.python_version,
                image.core_type,
                reference(image.image),
            )
            for name, image in _sorted(written.images).items()
        },
        serving={
            name: resolved.Serving(name, reference(server.image), server.protocol)
            for name, server in _sorted(written.serving).items()
        },
        flavors={
            name: _flavor(name, flavor, pools) for name, flavor in _sorted(written.flavors).items()
        },
        pools=pools,
        packages=written.packages.model_copy(update={"egress": _sorted(written.packages.egress)}),
        quotas=written.quotas,
        retention=written.retention,
        logs=written.logs,
        limits=_sorted(limits),
    )


def _store(written: S3Storage | SwiftStorage) -> S3Storage | SwiftStorage:
    if written.credentials is None:
        return written
    update: dict[str, Any] = {"credentials": _named(written.credentials)}
    if isinstance(written, S3Storage):
        update["region"] = written.region or OTHER_REGION
    return written.model_copy(update=update)


def _named(written: Credentials) -> Credentials:
    """Credentials whose Secrets all have a key."""
    update = {
        field: given.model_copy(update={"key": given.key or field})
        for field in Credentials.model_fields
        if isinstance(given := getattr(written, field), FromSecret)
    }
    return written.model_copy(update=update)


def _flavor(
    name: str,
    written: compute.CpuFlavor | compute.GpuFlavor,
    pools: Mapping[str, resolved.Pool],
) -> resolved.Flavor:
    requests = written.requests
    gpu = written.gpu if isinstance(written, compute.GpuFlavor) else None
    return resolved.Flavor(
        name=name,
        core_type=written.core_type,
        cpu=written.cpu,
        memory=written.memory,
        requests_cpu=written.cpu if requests.cpu is None else requests.cpu,
        requests_memory=written.memory if requests.memory is None else requests.memory,
        gpu_model=gpu.model if gpu else "",
        gpu_count=gpu.count if gpu else 0,
        pool=None if written.pool is None else pools[written.pool],
    )


def _training(
    name: str,
    written: Training,
    ground: resolved.Platform,
    experiments: Mapping[str, resolved.Experiment],
) -> resolved.Training:
    storage = written.data_storage
    if storage is None and any(a.scheme != "nas" for _, a in addresses(written)):
        allowed = ground.limits["data_storage"]
        storage = min(max(DEFAULT_DATA_STORAGE, allowed.minimum), allowed.maximum)
    longest = ground.limits["max_time"]
    values: dict[str, Any] = {
        "experiment": experiments[written.experiment],
        "description": written.description,
        "code": written.algorithm.path,
        "entry_point": written.algorithm.entry_point,
        "hyperparameters": _sorted(written.hyperparameters),
        "image": ground.images[written.image],
        "flavor": ground.flavors[written.flavor],
        "instances": written.instances,
        "processes_per_node": written.processes_per_node,
        "input_data": _sorted(written.input_data),
        "checkpoint_input": written.checkpoint_input,
        "output_data": written.output_data,
        "checkpoint": written.checkpoint,
        "checkpoint_interval": written.checkpoint_interval,
        "data_storage": storage,
        "max_time": longest.maximum if written.max_time is None else written.max_time,
        "log_management": written.log_management,
        "tags": _sorted(written.tags),
        "state": written.state,
        "run": written.run,
        "deletion_protection": written.deletion_protection,
    }
    draft = resolved.Training(name=name, **values, revision="")
    return resolved.Training(name=name, **values, revision=revision(training_document(draft)))


def _model(name: str, written: Model, trainings: Mapping[str, resolved.Training]) -> resolved.Model:
    source = written.path if written.training is None else trainings[written.training]
    assert source is not None  # noqa: S101
    return resolved.Model(
        name=name,
        description=written.description,
        framework=written.framework,
        framework_version=written.framework_version,
        source=source,
        model_name=written.model_name or name,
        tags=_sorted(written.tags),
    )


def _endpoint(
    name: str,
    written: Endpoint,
    ground: resolved.Platform,
    models: Mapping[str, resolved.Model],
    place: tuple[str, str],
) -> resolved.Endpoint:
    stages = {
        stage: resolved.Stage(
            name=stage,
            endpoint=name,
            description=item.description,
            model=models[item.model],
            resource_path=item.resource_path,
            flavor=ground.flavors[item.flavor],
            instances=item.autoscaling.min if item.autoscaling else item.instances,
            autoscaling=_autoscaling(item.autoscaling),
            max_request_size=item.max_request_size,
            request_timeout=_request_timeout(item, ground),
            host=names.stage_host(*place, name, stage),
        )
        for stage, item in _sorted(written.stages).items()
    }
    return resolved.Endpoint(
        name=name,
        description=written.description,
        default_stage=written.default_stage,
        traffic=_sorted(written.traffic),
        stages=stages,
        access=written.access,
        log_management=written.log_management,
        tags=_sorted(written.tags),
        deletion_protection=written.deletion_protection,
        host=names.endpoint_host(*place, name),
    )


def _request_timeout(written: Stage, ground: resolved.Platform) -> int:
    """The rules refuse a time that somebody wrote and AWS can't wait for; else it is a second less,
    so that the stage's own answer, that it took too long, comes first."""
    if ground.is_on_aws and written.request_timeout > AWS_SECONDS:
        return AWS_SECONDS - 1
    return written.request_timeout


def _autoscaling(written: Autoscaling | None) -> resolved.Autoscaling | None:
    if written is None:
        return None
    return resolved.Autoscaling(written.min, written.max, written.cpu, written.memory)


def _notebook(
    name: str, written: Notebook, ground: resolved.Platform, place: tuple[str, str]
) -> resolved.Notebook:
    return resolved.Notebook(
        name=name,
        display_name=written.display_name or name,
        description=written.description,
        image=ground.images[written.image],
        flavor=ground.flavors[written.flavor],
        boot_storage=written.boot_storage,
        data_storage=written.data_storage,
        nas=_sorted(written.nas),
        tags=_sorted(written.tags),
        state=written.state,
        deletion_protection=written.deletion_protection,
        host=names.notebook_host(*place, name),
    )
