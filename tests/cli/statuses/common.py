"""What cases of several kinds share."""

from tests.support import live_objects as o

Case = tuple[list[o.Object], str, str]
"""Objects, word, cause."""
NOT_APPLIED = "the spec is not applied yet"
REFUSED = "Cannot load HTTPBackendRef iris/x: service not found"
NOT_ACCEPTED = f"the route is not accepted: {REFUSED}"
PULL = o.waiting(
    "ImagePullBackOff",
    'Back-off pulling image "registry.example/app:1": ErrImagePull: rpc error: code = NotFound '
    'desc = failed to pull and unpack image "registry.example/app:1": not found',
)
NO_IMAGE = "the image registry.example/app:1 can't be pulled: not found"
QUOTA = (
    'pods "x-0" is forbidden: exceeded quota: easymaker, requested: requests.cpu={}, '
    "used: requests.cpu=1, limited: requests.cpu=2"
)


def deployment(
    of: tuple[str, str], name: str, *conditions: o.Object, wanted: int = 1, **status: int
) -> o.Object:
    """Of a Deployment; `status` has its counts."""
    spec = {
        "replicas": wanted,
        "selector": {"matchLabels": {"easymaker.io/kind": of[0], "easymaker.io/name": of[1]}},
    }
    found = {"observedGeneration": 1, "conditions": list(conditions), **status}
    metadata = {"generation": 1}
    return o.thing("Deployment", name, of, spec=spec, status=found, metadata=metadata)
