"""`emctl open`: the address of something that people open, with what lets them in."""

import base64
import html
import os
import webbrowser
from pathlib import Path
from urllib.parse import urlencode

import click

from cli.api import Api, Forbidden, NotFound, api
from cli.context import context, load
from cli.feed import read
from cli.targets import KINDS, Target, one
from cli.urls import urls
from components.manifests import tokens
from schemas import names
from tools.dirs import state_dir
from tools.errors import ToolError

_PAGES = {"notebook": "/lab", "experiment": "/"}
"""Kind that opens with a token -> the page that a person wants."""
# What reads addresses of programs that run, or the browser's history of files, finds no token.
_DOORWAY = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={url}">
</head><body><a href="{url}">{title}</a></body></html>
"""


@click.command()
@click.argument("spec", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("what", metavar="KIND/NAME")
@click.option("--print", "printed", is_flag=True, help="Print the address and open nothing.")
def open(spec: Path, what: str, printed: bool) -> None:
    """Open a notebook or an experiment's TensorBoard in the browser; of an endpoint or a stage,
    print the address.

    The browser gets in by the token, which is read from its Secret: who may not read that gets the
    page that asks for it. With --print the token is part of what is printed. Where the platform
    has an issuer, people sign in there, and no token is told.
    """
    workspace = load(spec)
    target = one(workspace, what)
    url = urls(workspace).get(target)
    if url is None:
        raise ToolError(f"a {target.kind} has no address", f"`emctl describe {spec} {target}`")
    if target.kind not in _PAGES:
        click.echo(url)  # it takes POST alone, and nothing else is a page
        return
    with api(context(workspace.platform)) as cluster:
        status = target.status(read(cluster, workspace.name))
        if workspace.platform.access is None:
            token = _token(cluster, workspace.name, target)
            way = {"token": token} if token else {}
            url = f"{url}/login?{urlencode({**way, 'next': _PAGES[target.kind]})}"
        else:
            url += _PAGES[target.kind]
    if status.word is not KINDS[target.kind].goal:
        if not printed:
            raise ToolError(f"{target} can't be opened: it is {status}")
        click.echo(f"{target}: {status}", err=True)
    if printed:
        click.echo(url)
    elif not webbrowser.open(_doorway(target, workspace.name, url).as_uri()):
        raise ToolError("no browser was found here", f"`emctl open --print {spec} {target}`")


def _token(cluster: Api, namespace: str, target: Target) -> str:
    """The token; empty, and said, where it is not there or not for this user."""
    secret = names.object_name(target.kind, target.name)
    try:
        found = cluster.get(f"/api/v1/namespaces/{namespace}/secrets/{secret}")
        return base64.b64decode(found["data"][tokens.ENTRY]).decode()
    except NotFound:
        raise ToolError(f"{target} is not applied yet: there is no Secret {secret}") from None
    except Forbidden:
        click.echo(
            f"{target} opens at the page that asks for its token, since you may not read the "
            f"Secret {secret} of {namespace}: the Role `opener` there lets you",
            err=True,
        )
        return ""


def _doorway(target: Target, namespace: str, url: str) -> Path:
    """A page that only this user can read, and that leads on: a browser's own arguments can be
    read by everybody."""
    folder = state_dir() / "open"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{namespace}-{target.kind}-{target.name}.html"
    file.unlink(missing_ok=True)
    page = _DOORWAY.format(title=html.escape(str(target)), url=html.escape(url))
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(page)
    return file
