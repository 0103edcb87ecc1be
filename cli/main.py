"""`emctl`: the command line beside `pulumi up`."""

import importlib
import sys
from typing import NoReturn

import click

from tools.errors import ToolError

# One file a command, loaded when called: `emctl validate` must not wait for what it does not use.
COMMANDS = {
    "describe": ("cli.describe", "one resource: spec, status, warnings, and where its things lie"),
    "diff": ("cli.diff", "what the change from one spec to another does, and costs"),
    "down": ("cli.down", "remove what a spec's stack made, and the stack"),
    "images": ("cli.images", "build and push the platform's images"),
    "local": ("cli.local", "a local cluster: up, down, status, images"),
    "logs": ("cli.logs", "what a training, stage, notebook or experiment wrote"),
    "open": ("cli.open", "a notebook or TensorBoard in the browser, or an endpoint's address"),
    "recover": ("cli.recover", "take in what a killed run made on AWS and could not write down"),
    "schema": ("cli.schema", "write the JSON schema that editors check specs by"),
    "show": ("cli.show", "print a spec with all defaults, copies and references settled"),
    "status": ("cli.status", "how everything is, with the cause where something failed"),
    "up": ("cli.up", "apply a spec, wait until all of it works, say where it answers"),
    "validate": ("cli.validate", "everything that is wrong with a spec, at once"),
    "wait": ("cli.wait", "until resources have a status"),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="easymaker")
def emctl() -> None:
    """AI EasyMaker as code: check specs, run the local cluster, see what runs."""


def main() -> NoReturn:
    """Run the command line; a failure that a person can act on is one line, never a traceback."""
    try:
        emctl.main(standalone_mode=True)
    except ToolError as error:
        click.echo(f"emctl: {error}", err=True)
        sys.exit(1)
    except Exception as error:
        # Asked of `sys.modules`: commands that read no spec do not load the spec language.
        errors = sys.modules.get("schemas.errors")
        if errors is None or not isinstance(error, errors.SpecError):
            raise
        click.echo(str(error), err=True)
        sys.exit(1)
