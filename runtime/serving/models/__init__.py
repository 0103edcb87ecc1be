"""The frameworks, and the formats that each knows. A new format is a module and a line here."""

from dataclasses import dataclass
from pathlib import Path

from serving.errors import Unusable
from serving.models import (
    archive,
    exported,
    joblib_file,
    project,
    saved_model,
    torchscript,
)
from serving.models.model import Finder, Found

_MOST_NAMES = 8


@dataclass(frozen=True)
class Framework:
    """One framework: its formats are tried in order."""

    needs: str
    """What a folder must hold, as the end of a sentence."""
    finders: tuple[Finder, ...]

    def find(self, folder: Path, name: str) -> Found:
        """The artifact in a folder. Raises Unusable."""
        for finder in self.finders:
            found = finder(folder, name)
            if found:
                return found
        raise Unusable(f"found {listing(folder)} in the artifact; needed is {self.needs}")


FRAMEWORKS = {
    "tensorflow": Framework(
        "a SavedModel (saved_model.pb and variables/) at its root or under a version number",
        (saved_model.find,),
    ),
    "pytorch": Framework(
        "a .mar archive (also under model-store/), weights (.pt, .pth, .bin) with model.py or "
        "handler.py, a TorchScript file (.pt, .pth), or a torch.export file (.pt2)",
        (archive.find, project.find, exported.find, torchscript.find),
    ),
    "sklearn": Framework("one .joblib file at its root", (joblib_file.find,)),
}


def listing(folder: Path) -> str:
    """The names in a folder as part of a sentence."""
    try:
        names = sorted(path.name + ("/" if path.is_dir() else "") for path in folder.iterdir())
    except OSError:
        return "no folder"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more if names else "nothing"
