"""The pod of a stage: its artifact is brought in, and a server answers for it."""

from dataclasses import replace

from components.manifests import Manifest, access, artifact, identity, pods
from components.manifests.metadata import REVISION_LABEL
from components.manifests.policies import SERVED_PORTS
from components.manifests.served import Served, annotation
from schemas import resolved

PORT = SERVED_PORTS["stage"]
DRAIN_SECONDS = 5
"""A pod that goes is still asked for so long: gateways learn of it late."""
LOADING_SECONDS = 3600
"""A model that is still not ready after this is started again."""
_UPSTREAM_PORTS = {"v1": 8501, "v2": 8000}
_GRPC_PORT = 8500

_TMP = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108


def pod_template(
    workspace: resolved.Workspace,
    endpoint: resolved.Endpoint,
    stage: resolved.Stage,
    served: Served,
    labels: dict[str, str],
) -> Manifest:
    """Template of the stage's pods. Nothing is in it but what needs other pods when it changes."""
    platform = workspace.platform
    server = platform.serving[served.framework]
    brought = artifact.brought(platform, served)
    told = _told(platform, endpoint, stage, served)
    keys = access.of(endpoint.access)
    told += keys.arguments
    answering = [brought.model, _TMP, *keys.mounts]
    inits = brought.inits
    if server.protocol == "easymaker":
        main = _own(server, stage, [*told, f"--framework={served.framework}"], answering)
    else:
        inits.append(_foreign(server, stage, served, brought))
        main = _front(platform, server, told, answering)
    # When it was chosen is no matter of the pods: going back to them restarts none.
    what = replace(served, completed="", seen="")
    revision = {REVISION_LABEL: served.revision} if served.revision else {}
    return {
        "metadata": {"labels": {**labels, **revision}, "annotations": annotation(what)},
        "spec": {
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            **identity.of(platform, identity.SERVING),
            "terminationGracePeriodSeconds": DRAIN_SECONDS + stage.request_timeout + 10,
            "securityContext": pods.pod_security(platform.security),
            **pods.placement(stage.flavor.pool),
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "kubernetes.io/hostname",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": labels},
                    "matchLabelKeys": ["pod-template-hash"],
                }
            ],
            "initContainers": inits,
            "containers": [main],
            "volumes": [*brought.volumes, {"name": "tmp", "emptyDir": {}}, *keys.volumes],
        },
    }


def _told(
    platform: resolved.Platform,
    endpoint: resolved.Endpoint,
    stage: resolved.Stage,
    served: Served,
) -> list[str]:
    """Arguments that our server and our front have in common."""
    logged = ["--log-json", f"--app-key={platform.app_key}"] if endpoint.log_management else []
    return [
        f"--model-dir={artifact.MODEL}",
        f"--model-name={served.model_name}",
        f"--resource-path={stage.resource_path}",
        f"--endpoint={endpoint.name}",
        f"--stage={stage.name}",
        f"--revision={served.version}",
        f"--port={PORT}",
        f"--max-body-mb={stage.max_request_size}",
        f"--timeout={stage.request_timeout}",
        # What runs when a pod goes may take as long as it may at any time.
        f"--grace={stage.request_timeout}",
        "--linger=1",  # connections that are kept open learn it then
        *logged,
    ]


def _own(
    server: resolved.Serving,
    stage: resolved.Stage,
    arguments: list[str],
    mounts: list[Manifest],
) -> Manifest:
    """This project's own server."""
    return {
        **_answering("server", server.reference, ["serving", *arguments]),
        "resources": pods.resources(stage.flavor),
        "volumeMounts": mounts,
    }


def _front(
    platform: resolved.Platform, server: resolved.Serving, told: list[str], mounts: list[Manifest]
) -> Manifest:
    """What answers in front of another server."""
    upstream = f"http://127.0.0.1:{_UPSTREAM_PORTS[server.protocol]}"
    arguments = [*told, f"--protocol={server.protocol}", f"--upstream={upstream}"]
    image = platform.built_images["serving-front"]
    return {
        **_answering("front", image, ["serving.front", *arguments]),
        "resources": pods.small_resources("1", "256Mi"),
        "volumeMounts": mounts,
    }


def _answering(name: str, image: str, module: list[str]) -> Manifest:
    """A container of ours that the gateway reaches. A slow load is waited for and never killed."""

    def probe(path: str, period: int, failures: int) -> Manifest:
        return {
            "httpGet": {"path": path, "port": "http"},
            "periodSeconds": period,
            "timeoutSeconds": 10,
            "failureThreshold": failures,
        }

    ready = "/v2/health/ready"
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-I", "-m", *map(pods.literal, module)],
        "env": [{"name": "HOME", "value": "/tmp"}],  # noqa: S108
        "ports": [{"name": "http", "containerPort": PORT}],
        "startupProbe": probe(ready, 2, LOADING_SECONDS // 2),
        "readinessProbe": probe(ready, 5, 2),
        "livenessProbe": probe("/v2/health/live", 10, 6),
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "securityContext": pods.OWN_SECURITY,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _foreign(
    server: resolved.Serving,
    stage: resolved.Stage,
    served: Served,
    brought: artifact.Brought,
) -> Manifest:
    """The named image, as a sidecar of the front: it starts before and stops after it.

    `v1` gets TensorFlow Serving's arguments. For `v2` there are none that all servers know: it gets
    variables, and answers on PORT.
    """
    found: Manifest = {
        "name": "server",
        "image": server.reference,
        "imagePullPolicy": "IfNotPresent",
        "restartPolicy": "Always",
        "resources": pods.resources(stage.flavor),
        "securityContext": pods.CONTAINER_SECURITY,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [*brought.mounts, _TMP],
    }
    port = _UPSTREAM_PORTS[server.protocol]
    if server.protocol == "v1":
        arguments = [
            f"--model_name={served.model_name}",
            f"--model_base_path={brought.base}",
            f"--port={_GRPC_PORT}",
            f"--rest_api_port={port}",
        ]
        return {**found, "args": [pods.literal(text) for text in arguments]}
    variables = {"MODEL_NAME": served.model_name, "MODEL_DIR": artifact.MODEL, "PORT": str(port)}
    environment = [{"name": k, "value": pods.literal(v)} for k, v in variables.items()]
    return {**found, "env": environment}
