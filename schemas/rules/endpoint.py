"""Endpoints and stages."""

from schemas.endpoint import Endpoint, Stage
from schemas.nearest import listed
from schemas.rules.size import gpu_nodes
from schemas.shape import is_whole
from schemas.spec import Spec, has
from schemas.tree import Map


def check(spec: Spec) -> None:
    for name, endpoint in spec.sections["endpoints"].items():
        path = ("endpoints", name)
        default_stage(spec, endpoint, path)
        token_keys(spec, endpoint, path)
        traffic(spec, endpoint, path)
        for stage_name, stage in getattr(endpoint, "stages", {}).items():
            stage_path = (*path, "stages", stage_name)
            if has(stage, "model"):
                spec.refer((*stage_path, "model"), stage.model, "model", "models")
                serving(spec, stage.model, stage_path)
            if has(stage, "flavor") and "platform" in spec.tree:
                target = (*stage_path, "flavor")
                spec.refer(target, stage.flavor, "flavor", "platform", "flavors")
            gpu_nodes(spec, stage, stage_path, "most_instances")
            autoscaling(spec, stage, stage_path)


def token_keys(spec: Spec, endpoint: Endpoint, path: tuple[str, str]) -> None:
    """The keys that tokens are checked with come from one place."""
    access = getattr(endpoint, "access", None)
    jwt = getattr(access, "jwt", None)
    if jwt is None or not has(jwt, "jwks", "jwks_url"):
        return
    if (jwt.jwks is None) == (jwt.jwks_url is None):
        where = (*path, "access", "jwt")
        spec.report("token-keys", where, "needs either jwks or jwks_url", "the issuer's keys")


def default_stage(spec: Spec, endpoint: Endpoint, path: tuple[str, str]) -> None:
    """The default stage is one of the endpoint's."""
    if has(endpoint, "default_stage") and spec.names(*path, "stages"):
        spec.refer((*path, "default_stage"), endpoint.default_stage, "stage", *path, "stages")


def traffic(spec: Spec, endpoint: Endpoint, path: tuple[str, str]) -> None:
    """Shares name stages, are 100 in all, some of it the default stage's, and lead to one path."""
    if not has(endpoint, "traffic", "default_stage", "stages") or not endpoint.traffic:
        return
    place = (*path, "traffic")
    default = endpoint.default_stage
    known = [
        name
        for name in endpoint.traffic
        if spec.refer((*place, name), name, "stage", *path, "stages")
    ]
    whole = is_whole(endpoint.traffic)
    if whole and (total := sum(endpoint.traffic.values())) != 100:
        spec.report("traffic", place, f"the shares are {total} in all, not 100")
    if whole and not endpoint.traffic.get(default) and default in endpoint.stages:
        message = f"the default stage {default!r} gets no share of the requests"
        spec.report("traffic", place, message, "make another stage the default one")
    paths = {
        name: stage.resource_path
        for name, stage in endpoint.stages.items()
        if has(stage, "resource_path")
    }
    for name in known:
        if not endpoint.traffic[name] or not {name, default} <= paths.keys():
            continue
        if paths[name] != paths[default]:
            message = (
                f"{name!r} takes requests at {paths[name]} and the default stage at "
                f"{paths[default]}: stages that share requests need one resource_path"
            )
            spec.report("traffic", (*place, name), message)


def autoscaling(spec: Spec, stage: Stage, path: tuple[str, ...]) -> None:
    """It has a range and a target, and no fixed number stands beside it."""
    scaled, place = getattr(stage, "autoscaling", None), (*path, "autoscaling")
    if scaled is None:
        return
    if has(scaled, "min", "max") and scaled.min > scaled.max:
        message = f"min is {scaled.min}, above max, which is {scaled.max}"
        spec.report("autoscaling", (*place, "min"), message)
    if has(scaled, "cpu", "memory") and scaled.cpu is None and scaled.memory is None:
        spec.report("autoscaling", place, "it has no target", "add cpu: 70, memory: 70 or both")
    if "instances" in spec.names(*path) and has(stage, "instances"):
        message = "autoscaling settles how many instances there are"
        spec.report("autoscaling", (*path, "instances"), message, "remove one of the two")


def serving(spec: Spec, model_name: str, path: tuple[str, ...]) -> None:
    """The platform has a server for the model's framework."""
    model = spec.sections["models"].get(model_name)
    framework = getattr(model, "framework", None)
    if framework is None or "platform" not in spec.tree:
        return
    served = spec.names("platform", "serving")
    if framework not in served and isinstance(spec.node("platform", "serving"), Map):
        message = f"model {model_name!r} is {framework}, which the platform does not serve"
        hint = f"platform.serving has {listed(served)}" if served else ""
        spec.report("serving", (*path, "model"), message, hint or "platform.serving is empty")
