"""What `mypy` reads of the SDKs: a module that it skips is Any, and nothing would say so."""

import ast
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
SDKS = ("pulumi_aws", "pulumi_kubernetes")


def test_each_module_of_an_sdk_that_is_used_is_read() -> None:
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    (read,) = [o["module"] for o in mypy["overrides"] if o.get("follow_imports") == "normal"]
    folders = ("benchmarks", "cli", "components", "live", "tests")
    files = [*ROOT.glob("*.py"), *(file for f in folders for file in (ROOT / f).rglob("*.py"))]
    used = {name for file in files for name in modules(file)}
    assert {"pulumi_aws", "pulumi_aws.eks", "pulumi_kubernetes.apiextensions"} <= used
    assert [name for name in sorted(used) if name not in read and f"{name}.*" not in read] == []


def modules(file: Path) -> Iterator[str]:
    """The modules of SDKs that a file names, as far as their packages."""
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text if any(sdk in text for sdk in SDKS) else "")
    short = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in SDKS:
                    yield package(alias.name)
                    short[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in SDKS:
            yield from (package(f"{node.module}.{alias.name}") for alias in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in short:
            yield package(f"{short[ast.unparse(node.value)]}.{node.attr}")


def package(name: str) -> str:
    """`sdk.package` where there is one of that name, else `sdk`."""
    sdk, *rest = name.split(".")
    spec = find_spec(sdk)
    assert spec is not None
    folder = Path(spec.origin or "").parent
    return f"{sdk}.{rest[0]}" if rest and (folder / rest[0]).is_dir() else sdk
