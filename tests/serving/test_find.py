"""Which artifact is found in a folder, and what is said where none is."""

import re
import zipfile
from pathlib import Path

import pytest
from serving.errors import Unusable
from serving.models import FRAMEWORKS

from .conftest import NAME

TENSORFLOW = "a SavedModel (saved_model.pb and variables/) at its root or under a version number"
SKLEARN = "one .joblib file at its root"
SCRIPT = ("net/data.pkl", "net/constants.pkl", "net/code/__torch__.py")
WEIGHTS = ("net/data.pkl", "net/data/0", "net/version")


def fill(folder: Path, names: "list[str | tuple[str, tuple[str, ...]]]") -> None:
    """Make files; one with names inside is a zip file."""
    for name in names:
        path = folder / (name if isinstance(name, str) else name[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(name, str):
            path.write_bytes(b"")
        else:
            with zipfile.ZipFile(path, "w") as archive:
                for inside in name[1]:
                    archive.writestr(inside, "{}")


@pytest.mark.parametrize(
    ("framework", "files", "what"),
    [
        ("tensorflow", ["saved_model.pb", "1/saved_model.pb"], "the SavedModel"),
        ("tensorflow", ["1/saved_model.pb", "variables/index"], "the SavedModel 1"),
        ("tensorflow", ["2/saved_model.pb", "10/saved_model.pb"], "the SavedModel 10"),
        (
            "tensorflow",
            ["00000123/saved_model.pbtxt", "v9/saved_model.pb"],
            "the SavedModel 00000123",
        ),
        ("tensorflow", ["1/saved_model.pb", "2/variables/index"], "the SavedModel 1"),
        ("sklearn", ["iris.joblib", "metrics.json"], "iris.joblib"),
        ("sklearn", ["a.joblib", "model.joblib"], "model.joblib"),
        ("pytorch", ["net.mar", "weights.pt"], "the archive net.mar"),
        ("pytorch", ["model-store/net.mar", "model.pt"], "the archive net.mar"),
        ("pytorch", ["MAR-INF/MANIFEST.json", "other.mar"], "the unpacked archive"),
        ("pytorch", ["handler.py", "model.py", "a.pt", "b.pt"], "handler.py"),
        ("pytorch", ["model.py", "weights.bin"], "model.py with weights.bin"),
        ("pytorch", ["model.py", "model.pth", "other.pt"], "model.py with model.pth"),
        ("pytorch", [("a.pt", SCRIPT)], "the TorchScript file a.pt"),
        ("pytorch", [("a.pt", WEIGHTS), ("b.pth", SCRIPT)], "the TorchScript file b.pth"),
        ("pytorch", ["a.pt2", ("weights.pt", WEIGHTS)], "the exported program a.pt2"),
    ],
)
def test_finds(tmp_path: Path, framework: str, files: list[str], what: str) -> None:
    fill(tmp_path, files)  # type: ignore[arg-type]
    assert FRAMEWORKS[framework].find(tmp_path, NAME).what == what


@pytest.mark.parametrize(
    ("framework", "files", "sentence"),
    [
        ("tensorflow", [], f"found nothing in the artifact; needed is {TENSORFLOW}"),
        (
            "tensorflow",
            ["b.txt", "a/b", *(f"c{index}" for index in range(8))],
            f"found a/, b.txt, c0, c1, c2, c3, c4, c5 and 2 more in the artifact; needed is "
            f"{TENSORFLOW}",
        ),
        (
            "tensorflow",
            ["v1/saved_model.pb"],
            "found a SavedModel under v1/, which is no version number; needed is one at the root "
            "or under a number, such as 1",
        ),
        (
            "tensorflow",
            ["model.keras", "metrics.json"],
            "found model.keras, a Keras file; needed is a SavedModel: model.save(folder) of "
            "Keras 2, model.export(folder) of Keras 3",
        ),
        ("sklearn", ["model.pkl"], f"found model.pkl in the artifact; needed is {SKLEARN}"),
        (
            "sklearn",
            ["a.joblib", "b.joblib"],
            "found a.joblib, b.joblib; needed is one of them, or one that is called model.joblib",
        ),
        (
            "pytorch",
            [("weights.pt", WEIGHTS)],
            "found weights.pt, which holds weights and no code; needed beside it is model.py or "
            "handler.py, or a TorchScript file (torch.jit.script) in its place",
        ),
        (
            "pytorch",
            ["model.py"],
            "found model.py and not one file of weights; needed is one that ends in .pt, .pth, "
            ".bin, or handler.py",
        ),
        (
            "pytorch",
            [("a.pt", SCRIPT), ("b.pt", SCRIPT)],
            "found a.pt, b.pt; needed is one TorchScript file",
        ),
        ("pytorch", ["a.pt2", "b.pt2"], "found a.pt2, b.pt2; needed is one .pt2 file"),
        (
            "pytorch",
            ["saved_model.pb"],
            "found saved_model.pb in the artifact; needed is a .mar archive (also under "
            "model-store/), weights (.pt, .pth, .bin) with model.py or handler.py, a TorchScript "
            "file (.pt, .pth), or a torch.export file (.pt2)",
        ),
    ],
)
def test_says_what_was_found_and_what_is_needed(
    tmp_path: Path, framework: str, files: list[str], sentence: str
) -> None:
    fill(tmp_path, files)  # type: ignore[arg-type]
    with pytest.raises(Unusable, match=f"^{re.escape(sentence)}$"):
        FRAMEWORKS[framework].find(tmp_path, NAME)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"^found no folder in the artifact; needed is"):
        FRAMEWORKS["sklearn"].find(tmp_path / "none", NAME)
