"""The entry of a local cluster in the user's own kubeconfig, as kind makes one.

So `kubectl --context` and `pulumi up` find the cluster without being told where its files are.
"""

import os
from pathlib import Path
from typing import Any

import yaml

from tools.cluster.kubectl import Kubectl
from tools.errors import ToolError


def user_kubeconfig() -> Path:
    """The file that kubectl writes to: the first of KUBECONFIG, else ~/.kube/config."""
    named = [p for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p]
    return Path(named[0]) if named else Path.home() / ".kube" / "config"


def merge(context: str, source: Path) -> None:
    """Put the context of `source` into the user's kubeconfig, where it isn't the same already.

    The user's current context stays; it is set only where there was none.
    """
    ours = yaml.safe_load(source.read_text(encoding="utf-8"))
    path = user_kubeconfig().resolve()
    theirs = _load(path)
    if all(
        _named(theirs, kind, context) == ours[kind][0] for kind in ("clusters", "users", "contexts")
    ):
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for kind in ("clusters", "users", "contexts"):
        kept = [entry for entry in theirs.get(kind) or [] if entry.get("name") != context]
        theirs[kind] = [*kept, ours[kind][0]]
    theirs.setdefault("apiVersion", "v1")
    theirs.setdefault("kind", "Config")
    theirs["current-context"] = theirs.get("current-context") or context
    _save(path, theirs)


def remove(context: str) -> None:
    """Take the context out of the user's kubeconfig again."""
    path = user_kubeconfig().resolve()
    theirs = _load(path)
    if _named(theirs, "contexts", context) is None:
        return
    for kind in ("clusters", "users", "contexts"):
        theirs[kind] = [entry for entry in theirs.get(kind) or [] if entry.get("name") != context]
    if theirs.get("current-context") == context:
        theirs["current-context"] = ""
    if any(theirs[kind] for kind in ("clusters", "users", "contexts")):
        _save(path, theirs)
    else:
        path.unlink()


def check(kubectl: Kubectl) -> str:
    """The version of the cluster that kubeconfig and context name, such as `v1.36.3`.

    Raises ToolError in one sentence: file or context missing, or the cluster out of reach.
    """
    if not kubectl.kubeconfig.is_file():
        raise ToolError(f"the kubeconfig {kubectl.kubeconfig} is not there")
    content = _load(kubectl.kubeconfig)
    names = [entry.get("name", "") for entry in content.get("contexts") or []]
    wanted = kubectl.context or content.get("current-context") or ""
    if wanted not in names:
        raise ToolError(
            f"{kubectl.kubeconfig} has no context {wanted!r}",
            f"it has {', '.join(names) or 'none'}",
        )
    try:
        answer = kubectl.json("version", "--request-timeout=5s")
    except ToolError as error:
        last = error.message.splitlines()[-1].rpartition(": ")[2]
        raise ToolError(f"the cluster of context {wanted!r} can't be reached: {last}") from None
    return str(answer["serverVersion"]["gitVersion"])


def _load(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ToolError(f"the kubeconfig {where} is not valid YAML") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ToolError(f"the kubeconfig {path} is no kubeconfig: it holds no mapping")
    return content


def _named(content: dict[str, Any], kind: str, name: str) -> object:
    entries = content.get(kind) or []
    return next((e for e in entries if isinstance(e, dict) and e.get("name") == name), None)


def _save(path: Path, content: dict[str, Any]) -> None:
    part = path.with_name(path.name + ".part")
    part.touch(mode=0o600)
    part.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    part.replace(path)
