"""Bringing the images to a registry that real clusters pull from."""

import re
import time
from collections.abc import Callable

from tools.errors import ToolError
from tools.images import catalogue, loading, lock
from tools.images.builders import Builder
from tools.images.workshop import workshop

# A host, its port, and a path below it, as in references of images.
_REGISTRY = re.compile(r"[a-z0-9.-]+(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")


def push(registry: str, say: Callable[[str], None], *, plain_http: bool = False) -> dict[str, str]:
    """Build every image that a real cluster needs and push it: name -> `REGISTRY/NAME@DIGEST`.

    `registry` is HOST[:PORT][/PATH]. Credentials are those that `docker login` or `buildah login`
    left. What was built is removed in the end. Raises ToolError naming the step that failed.
    """
    if not _REGISTRY.fullmatch(registry):
        raise ToolError(
            f"{registry!r} is no registry to push to",
            "as in references of images: HOST[:PORT][/PATH], lower case and without https://",
        )
    pushed: dict[str, str] = {}
    references = lock.published(catalogue.refs())

    def deliver(name: str, builder: Builder) -> str:
        started = time.monotonic()
        tag = references[name].rpartition(":")[2]
        target = f"{registry}/{name}:{tag}"
        digest = builder.push(references[name], target, plain_http=plain_http)
        pushed[name] = f"{registry}/{name}@{digest}"
        return f"pushed as {target} in {time.monotonic() - started:.0f} s"

    with workshop() as shop:
        loading.build(shop, list(references), deliver, say)
    return pushed
