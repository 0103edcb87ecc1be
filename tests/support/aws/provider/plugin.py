"""The plugin's program, and what it needs to be told."""

import sys
import sysconfig
from pathlib import Path

from tests.support.aws import Emulators
from tests.support.aws.provider import reflect, typed

_ROOT = Path(__file__).parents[4]
_PROGRAM = """\
#!{python}
import sys
# What the engine speaks is the project's own; the SDK is this environment's.
sys.path.insert(0, {root!r})
sys.path.append({packages!r})
from tests.support.aws.provider import server
server.main({environment})
"""


def environment(emulators: Emulators) -> dict[str, str]:
    """What the plugin's code needs to be told."""
    return {**emulators.environment, typed.TABLE: str(reflect.write())}


def write_plugin(folder: Path, emulators: Emulators) -> Path:
    """Write the plugin's program, for `plugins: providers` of a Pulumi.yaml; its folder."""
    folder.mkdir(parents=True)
    program = folder / "pulumi-resource-aws"
    program.write_text(
        _PROGRAM.format(
            python=emulators.python,
            root=str(_ROOT),
            packages=sysconfig.get_path("purelib", vars={"base": sys.prefix}),
            environment=environment(emulators),
        )
    )
    program.chmod(0o755)
    return folder
