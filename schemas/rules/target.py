"""What may be left out or asked for depends on what everything runs on."""

from urllib.parse import urlsplit

from schemas.address import S3_HOST
from schemas.cluster_types import EFS_ID
from schemas.endpoint import AWS_MEGABYTES, AWS_SECONDS, AWS_STAGES, Endpoint
from schemas.platform import Platform
from schemas.shape import Path
from schemas.spec import Spec, has
from schemas.storage import EfsNas
from schemas.tree import Map
from schemas.units import duration_text

_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn")
_TYPES = ("kubernetes", "aws")


def check(spec: Spec) -> None:
    found = kind(spec)
    if not found:
        return  # reported; what is needed with which nobody knows
    on_aws = found == "aws"
    stores(spec, on_aws)
    if not on_aws and spec.node("platform", "logs", "type") == "cloudwatch":
        _required(spec, ("platform", "logs"), "credentials")
    if on_aws:
        for name, endpoint in spec.sections["endpoints"].items():
            api(spec, endpoint, ("endpoints", name))
        return
    if "api_gateway" in spec.names("platform"):
        path = ("platform", "api_gateway")
        message = "is for platform.target of type aws"
        spec.report("aws-only", path, message, "remove it", at_key=True)
    gateway(spec)
    if spec.platform is not None:
        file_systems(spec, spec.platform)


def kind(spec: Spec) -> str:
    """The type of the target, whatever else is wrong with it; empty if nobody knows."""
    target = spec.node("platform", "target")
    written = target.get("type") if isinstance(target, Map) else ""
    return next((known for known in _TYPES if known == written), "")


def gateway(spec: Spec) -> None:
    """Only a cluster of ours is known to have a Gateway, and where it answers."""
    if "gateway" not in spec.names("platform"):
        _needed(spec, ("platform", "gateway"))
    elif isinstance(spec.node("platform", "gateway"), Map):
        _required(spec, ("platform", "gateway"), "address")


def stores(spec: Spec, on_aws: bool) -> None:
    """Pods have roles on AWS and for AWS alone, and keys are for an endpoint that is named."""
    known = getattr(spec.platform, "object_storage", {})
    for host in spec.names("platform", "object_storage"):
        path = ("platform", "object_storage", host)
        given = spec.names(*path)
        if "type" not in given or spec.node(*path, "type") != "s3":
            continue
        if not on_aws or "credentials" in given:
            _required(spec, path, "endpoint", "credentials")
        elif has(known.get(host), "endpoint") and not _is_of_aws(known[host].endpoint):
            hint = "pods have roles for AWS alone"
            where = (*path, "credentials")
            spec.report("missing-key", where, "this key is required", hint, at_key=True)


def file_systems(spec: Spec, platform: Platform) -> None:
    """Names of file systems are those of a cluster of ours."""
    for name, nas in getattr(platform, "nas", {}).items():
        if not isinstance(nas, EfsNas) or not has(nas, "file_system"):
            continue
        if not EFS_ID.fullmatch(nas.file_system):
            message = f"{nas.file_system!r} is no id of an EFS file system"
            hint = "names are for platform.target of type aws"
            spec.report("file-system", ("platform", "nas", name, "file_system"), message, hint)


def api(spec: Spec, endpoint: Endpoint, path: tuple[str, str]) -> None:
    """What API Gateway can't do is said here, and not by a caller's timeout."""
    found = getattr(endpoint, "stages", {})
    if len(found) > AWS_STAGES:
        message = f"has {len(found)} stages: API Gateway has 10 for an API, with $default"
        spec.report("aws-limit", (*path, "stages"), message, f"at most {AWS_STAGES}")
    hidden(spec, endpoint, path)
    for name, stage in found.items():
        place = (*path, "stages", name)
        # What nobody wrote is settled by the target.
        is_written = "request_timeout" in spec.names(*place) and has(stage, "request_timeout")
        if is_written and stage.request_timeout > AWS_SECONDS:
            written, most = duration_text(stage.request_timeout), duration_text(AWS_SECONDS)
            message = f"is {written}, longer than the {most} that API Gateway waits"
            spec.report("aws-limit", (*place, "request_timeout"), message, f"at most {most}")
        if has(stage, "max_request_size") and stage.max_request_size > AWS_MEGABYTES:
            size = f"{stage.max_request_size} MB"
            message = f"is {size}, more than the {AWS_MEGABYTES} MB that API Gateway takes"
            hint = f"at most {AWS_MEGABYTES}"
            spec.report("aws-limit", (*place, "max_request_size"), message, hint)


def hidden(spec: Spec, endpoint: Endpoint, path: tuple[str, str]) -> None:
    """What a path begins with is a stage to API Gateway, if one is called so, before `$default`."""
    stages, default = getattr(endpoint, "stages", {}), getattr(endpoint, "default_stage", "")
    if has(stages.get(default), "resource_path"):
        first = stages[default].resource_path.split("/")[1]
        if first in spec.names(*path, "stages"):
            message = f"begins with /{first}, which API Gateway takes for the stage {first!r}"
            hint = "call the path or that stage something else"
            where = (*path, "stages", default, "resource_path")
            spec.report("stage-hidden", where, message, hint)


def _is_of_aws(endpoint: str | None) -> bool:
    """Whether it is AWS that gets what a role signs; without an endpoint it is S3 itself."""
    host = urlsplit(endpoint or f"https://{S3_HOST}").hostname or ""
    return f".{host}".endswith(_AWS_HOSTS)


def _required(spec: Spec, path: tuple[str, ...], *fields: str) -> None:
    for field in fields:
        if field not in spec.names(*path):
            _needed(spec, (*path, field))


def _needed(spec: Spec, path: Path) -> None:
    spec.report("missing-key", path, "this key is required", at_key=True)
