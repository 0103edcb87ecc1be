"""The program that `pulumi up` runs: stack configuration -> spec -> components."""

from pathlib import Path

import pulumi

import live
import program
from cli.rollouts import Rollouts
from schemas import SpecError, load, resolved
from schemas.document import Document
from schemas.platform import KubernetesTarget

RUNTIME = Path(__file__).parent / "runtime"
LAUNCHER = RUNTIME / "launcher"
CLEANER = RUNTIME / "retention" / "clean.py"


async def main() -> dict[str, object]:
    config = pulumi.Config("easymaker")
    path = config.get("spec")
    if not path:
        raise pulumi.RunError(
            "easymaker:spec is not set (`pulumi config set easymaker:spec stacks/NAME.yaml`)"
        )
    there = live.Live()

    def before(workspace: resolved.Workspace) -> Document | None:
        nonlocal there
        target = workspace.platform.target
        if not isinstance(target, KubernetesTarget):
            return None
        there = live.read(target.context, workspace.name, nodes=bool(workspace.platform.pools))
        return there.applied(workspace)

    try:
        spec = load(path, before=before)
    except SpecError as error:
        raise pulumi.RunError(f"\n{error}") from None
    except live.LiveError as error:
        raise pulumi.RunError(str(error)) from None
    settings = program.Settings(
        stack=f"{pulumi.get_project()}/{pulumi.get_stack()}",
        launcher_files={
            file.name: file.read_text(encoding="utf-8") for file in LAUNCHER.glob("*.py")
        },
        cleaner=CLEANER.read_text(encoding="utf-8"),
        secret=config.require_secret,
        live=there,
        stages=Rollouts(spec),
    )
    return await program.build(spec, settings)


pulumi.run(main)
