"""What a run loads before it does anything."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_workspace_does_not_load_the_sdk_of_aws() -> None:
    """It takes a second, and most runs are of workspaces."""
    tree = ast.parse((ROOT / "__main__.py").read_text(encoding="utf-8"))
    imports = [
        ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    asked = "import sys; print('pulumi_aws' in sys.modules, 'pulumi_kubernetes' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*imports, asked])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "True"]
