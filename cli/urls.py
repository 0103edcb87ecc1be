"""Where the resources of a spec answer."""

from cli.targets import Target
from components.manifests import routes
from schemas import names, resolved


def hosts(spec: resolved.Workspace) -> dict[Target, str]:
    """The host of each resource that has one."""
    found = {
        Target("experiment", name): names.tensorboard_host(spec.name, spec.platform.domain, name)
        for name in spec.experiments
    }
    for endpoint in spec.endpoints.values():
        found[Target("endpoint", endpoint.name)] = endpoint.host
        for stage in endpoint.stages.values():
            found[Target("stage", f"{endpoint.name}/{stage.name}")] = stage.host
    for notebook in spec.notebooks.values():
        found[Target("notebook", notebook.name)] = notebook.host
    return found


def urls(spec: resolved.Workspace) -> dict[Target, str]:
    """What a person opens or calls."""
    found = {target: routes.url(spec.platform, host) for target, host in hosts(spec).items()}
    for endpoint in spec.endpoints.values():
        default = endpoint.stages[endpoint.default_stage]
        found[Target("endpoint", endpoint.name)] += default.resource_path
        for stage in endpoint.stages.values():
            found[Target("stage", f"{endpoint.name}/{stage.name}")] += stage.resource_path
    return found
