"""A model: the record of what it is and where it came from."""

from components.manifests import Manifest
from components.manifests.metadata import labels, owner_annotations
from components.manifests.served import Served, annotation
from schemas import resolved
from schemas.document import model_document

KIND = "model"


def record(workspace: resolved.Workspace, model: resolved.Model, served: Served | None) -> Manifest:
    """The ConfigMap. Nothing reads it but people and statuses, so it restarts nobody.

    Where the artifact is and the revision are empty while its training has none complete.
    """
    training = model.source.name if isinstance(model.source, resolved.Training) else ""
    own = served if served and served.training == training else None
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": model.object_name,
            "namespace": workspace.name,
            "labels": labels(KIND, model.name),
            "annotations": {
                **owner_annotations(model_document(model), model.tags),
                **(annotation(own) if own else {}),
            },
        },
        "data": {
            "framework": model.framework,
            "framework_version": model.framework_version,
            "model_name": model.model_name,
            "path": own.address.text if own else "",
            "training": training,
            "revision": own.revision if own else "",
        },
    }
