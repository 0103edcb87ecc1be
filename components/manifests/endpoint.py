"""An endpoint: the host that its default stage answers at."""

from components.manifests import Manifest, routes
from components.manifests.metadata import labels, owner_annotations
from schemas import resolved
from schemas.document import endpoint_document

KIND = "endpoint"


def route(workspace: resolved.Workspace, endpoint: resolved.Endpoint) -> Manifest:
    """The endpoint's own host. Another default stage changes one reference in it."""
    document = endpoint_document(endpoint)
    del document["stages"]  # each is its own stage's
    metadata = {
        "name": endpoint.object_name,
        "namespace": workspace.name,
        "labels": labels(KIND, endpoint.name),
        "annotations": owner_annotations(document, endpoint.tags),
    }
    shares = {endpoint.stages[name].object_name: share for name, share in endpoint.shares.items()}
    return routes.route(workspace, metadata, endpoint.host, shares)
