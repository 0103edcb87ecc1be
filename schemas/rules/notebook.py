"""Notebooks: what they refer to."""

from schemas.rules.size import core_type
from schemas.rules.training import image_and_flavor, image_use
from schemas.spec import Spec


def check(spec: Spec) -> None:
    for name, notebook in spec.sections["notebooks"].items():
        path = ("notebooks", name)
        image_and_flavor(spec, notebook, path)
        image_use(spec, "notebook", getattr(notebook, "image", None), (*path, "image"))
        core_type(spec, notebook, path)
