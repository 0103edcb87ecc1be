"""Archives as torch-model-archiver makes them, with handlers that need no PyTorch."""

import json
import re
import textwrap
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from serving.backend import Call
from serving.errors import Unusable
from serving.models import FRAMEWORKS
from serving.models.model import Model

from .conftest import NAME

pytestmark = pytest.mark.usefixtures("fresh_imports")

CLASS = """
    from pathlib import Path

    from scale import SCALE

    class Scales:
        def initialize(self, context):
            folder = Path(context.system_properties["model_dir"])
            self.base = int((folder / "weights.pt").read_text())
            self.manifest = context.manifest["model"]["modelName"]

        def preprocess(self, data):
            return [row[0] for row in data]

        def inference(self, data):
            return [self.base + SCALE * value for value in data]

        def postprocess(self, data):
            return [{self.manifest: value} for value in data]
"""


def archive(
    file: Path, files: Mapping[str, str], manifest: Mapping[str, Any] | None = None
) -> None:
    """A .mar file; `manifest` adds to the model's part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    model = {"modelName": NAME, "handler": "handler.py", **(manifest or {})}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, textwrap.dedent(text))
        made.writestr("MAR-INF/MANIFEST.json", json.dumps({"runtime": "python", "model": model}))


def load(folder: Path, name: str = NAME) -> Model:
    return FRAMEWORKS["pytorch"].find(folder, name).load()


def predictions(model: Model, *instances: Any) -> list[Any]:
    return model.predict(Call({"instances": list(instances)}))


def test_a_class_with_three_steps_in_a_model_store(tmp_path: Path) -> None:
    files = {"handler.py": CLASS, "scale.py": "SCALE = 10", "weights.pt": "3"}
    archive(tmp_path / "model-store" / "net.mar", files)
    (tmp_path / "weights.pt").write_text("not this one")
    model = load(tmp_path)
    assert (model.platform, model.parallel) == ("pytorch_handler", 1)
    assert predictions(model, [1], [2]) == [{NAME: 13}, {NAME: 23}]


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        ("def handle(data, context): return data", "handler.py"),
        ("def answer(data, context): return data", "handler.py:answer"),
        ("class H:\n    def handle(self, data, context): return data", "sub/handler.py"),
        ("class Aid: pass\nclass H(Aid):\n    def handle(self, data, _): return data", "handler"),
    ],
)
def test_forms_of_handlers(tmp_path: Path, handler: str, code: str) -> None:
    archive(tmp_path / "net.mar", {"handler.py": handler}, {"handler": code})
    assert predictions(load(tmp_path), [1, "a"], {"b": None}) == [[1, "a"], {"b": None}]


def test_a_function_is_called_without_data_first(tmp_path: Path) -> None:
    handler = """
        seen = []

        def handle(data, context):
            seen.append(data)
            return list(seen)
    """
    archive(tmp_path / "net.mar", {"handler.py": handler})
    assert predictions(load(tmp_path), 1) == [None, [1]]


def test_settings_and_metrics_reach_the_handler(tmp_path: Path) -> None:
    handler = """
        def handle(data, context):
            context.metrics.add_time("HandlerTime", 1.0, None, "ms")
            return data and [context.model_yaml_config["limit"], context.model_name]
    """
    files = {"handler.py": handler, "model-config.yaml": "limit: 3"}
    archive(tmp_path / "net.mar", files, {"configFile": "model-config.yaml"})
    assert predictions(load(tmp_path), 1) == [3, NAME]


def test_the_archive_of_the_models_name_is_taken(tmp_path: Path) -> None:
    for name in ("a", "b"):
        handler = f"def handle(data, context): return data and ['{name}']"
        archive(tmp_path / f"{name}.mar", {"handler.py": handler}, {"modelName": name})
    assert predictions(load(tmp_path, "b"), 1) == ["b"]
    sentence = "found a.mar, b.mar; needed is one archive, or one whose own name is model_name"
    with pytest.raises(Unusable, match=f"^{re.escape(sentence)}$"):
        load(tmp_path, "c")


def test_the_models_name_is_the_archives_own(tmp_path: Path) -> None:
    handler = {"handler.py": "def handle(data, context): return data"}
    archive(tmp_path / "net.mar", handler, {"modelName": "LegacyNet"})
    sentence = (
        "found net.mar, which calls itself LegacyNet; needed is net, or in the spec the model's "
        "model_name: LegacyNet"
    )
    with pytest.raises(Unusable, match=f"^{re.escape(sentence)}$"):
        load(tmp_path)
    assert predictions(load(tmp_path, "LegacyNet"), 1) == [1]


def test_an_unpacked_archive(tmp_path: Path) -> None:
    archive(tmp_path / "net.mar", {"handler.py": "def handle(data, context): return data"})
    with zipfile.ZipFile(tmp_path / "net.mar") as packed:
        packed.extractall(tmp_path / "unpacked")
    assert predictions(load(tmp_path / "unpacked"), 1) == [1]


def test_nothing_is_written_outside_the_folder(tmp_path: Path) -> None:
    files = {"handler.py": "def handle(data, context): return data", "../../outside.txt": "x"}
    archive(tmp_path / "net.mar", files)
    load(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["net.mar"]
    assert not (tmp_path.parent / "outside.txt").exists()


@pytest.mark.parametrize(
    ("files", "manifest", "sentence"),
    [
        ({}, {}, "found no handler.py in the archive, which is what its manifest names"),
        ({}, {"handler": ""}, "found net.mar, whose MAR-INF/MANIFEST.json names no handler"),
        (
            {"handler.py": "class A:\n    handle = 1\nclass B:\n    handle = 1"},
            {},
            "found these handlers in handler.py: A, B; needed is a function handle(data, context)",
        ),
        ({"handler.py": "x = 1"}, {}, "found these handlers in handler.py: none; needed is a"),
    ],
)
def test_archives_that_cannot_be_served(
    tmp_path: Path, files: dict[str, str], manifest: dict[str, Any], sentence: str
) -> None:
    archive(tmp_path / "net.mar", files, manifest)
    with pytest.raises(Unusable, match=f"^{re.escape(sentence)}"):
        load(tmp_path)


def test_files_that_are_no_archives(tmp_path: Path) -> None:
    (tmp_path / "net.mar").write_text("text")
    with pytest.raises(Unusable, match=r"^found net\.mar, which can't be read as an archive"):
        load(tmp_path)
    with zipfile.ZipFile(tmp_path / "net.mar", "w") as made:
        made.writestr("MAR-INF/MANIFEST.json", "{}")
    with pytest.raises(Unusable, match=r"^found net\.mar, whose MAR-INF/MANIFEST\.json has no obj"):
        load(tmp_path)


def test_without_an_archive_files_lie_as_in_one(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(textwrap.dedent(CLASS))
    (tmp_path / "weights.pt").write_text("4")
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "scale.py").write_text("SCALE = 2")
    assert predictions(load(tmp_path), [1]) == [{NAME: 6}]


def test_requirements_are_installed_first(tmp_path: Path) -> None:
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("tiny.py", "NUMBER = 7")
        made.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        made.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        made.writestr(f"{info}/RECORD", "")
    (tmp_path / "requirements.txt").write_text(f"--no-index\n./{wheel.name}\n")
    (tmp_path / "handler.py").write_text(
        "import tiny\ndef handle(data, context): return data and [tiny.NUMBER]"
    )
    assert predictions(load(tmp_path), 1) == [7]


def test_requirements_that_fail_are_named(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("--no-index\nnone-such==1\n")
    (tmp_path / "handler.py").write_text("def handle(data, context): return data")
    sentence = r"^installing requirements\.txt failed: ERROR: No matching distribution found for "
    with pytest.raises(Unusable, match=sentence + "none-such==1$"):
        load(tmp_path)
