"""The program that `pulumi up` runs: stack configuration -> spec -> components."""

from pathlib import Path

import pulumi

import live
import program
from schemas import SpecError, load
from schemas.platform import KubernetesTarget

LAUNCHER = Path(__file__).parent / "runtime" / "launcher"


async def main() -> dict[str, object]:
    config = pulumi.Config("easymaker")
    path = config.get("spec")
    if not path:
        raise pulumi.RunError(
            "easymaker:spec is not set (`pulumi config set easymaker:spec stacks/NAME.yaml`)"
        )
    try:
        spec = load(path)
    except SpecError as error:
        raise pulumi.RunError(f"\n{error}") from None
    target = spec.platform.target
    context = target.context if isinstance(target, KubernetesTarget) else ""
    try:
        there = live.read(context, spec.name)
    except live.LiveError as error:
        raise pulumi.RunError(str(error)) from None
    settings = program.Settings(
        stack=f"{pulumi.get_project()}/{pulumi.get_stack()}",
        launcher_files={
            file.name: file.read_text(encoding="utf-8") for file in LAUNCHER.glob("*.py")
        },
        secret=config.require_secret,
        live=there,
    )
    return await program.build(spec, settings)


pulumi.run(main)
