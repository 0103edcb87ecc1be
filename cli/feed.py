"""What statuses are made of, read once or followed by the cluster's own events."""

import json
import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from cli.api import Api, NotFound, Stream
from cli.statuses.objects import Objects
from components.manifests import Manifest
from components.manifests.metadata import KIND_LABEL
from tools.errors import ToolError

_PATIENCE_SECONDS = 60
"""So long the API server may be away, before following it is given up."""
_PAUSE_SECONDS = 1
_GONE = 410


@dataclass(frozen=True)
class Source:
    """A kind of object, and which of them are read."""

    kind: str
    group: str
    plural: str
    parameters: dict[str, str] = field(default_factory=lambda: {"labelSelector": KIND_LABEL})

    def path(self, namespace: str) -> str:
        return f"{self.group}/namespaces/{namespace}/{self.plural}"


# Boot volumes' claims carry no labels. Secrets are never read.
SOURCES = (
    Source("Pod", "/api/v1", "pods"),
    Source("Job", "/apis/batch/v1", "jobs"),
    Source("Deployment", "/apis/apps/v1", "deployments"),
    Source("StatefulSet", "/apis/apps/v1", "statefulsets"),
    Source("Service", "/api/v1", "services"),
    Source("HTTPRoute", "/apis/gateway.networking.k8s.io/v1", "httproutes"),
    Source(
        "ConfigMap",
        "/api/v1",
        "configmaps",
        {"labelSelector": f"{KIND_LABEL} in (model, retention)"},
    ),
    Source("PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims", {}),
    Source("Event", "/api/v1", "events", {"fieldSelector": "type=Warning"}),
)


def has_namespace(api: Api, namespace: str) -> bool:
    """Whether the namespace is there. Raises ToolError."""
    try:
        api.get(f"/api/v1/namespaces/{namespace}")
    except NotFound:
        return False
    return True


def read(api: Api, namespace: str) -> Objects:
    """The objects as they are now. Raises ToolError."""
    with ThreadPoolExecutor(len(SOURCES)) as pool:
        found = list(pool.map(lambda source: _list(api, source, namespace)[0], SOURCES))
    return Objects(item for items in found for item in items)


@contextmanager
def follow(api: Api, namespace: str) -> Iterator["Feed"]:
    """The objects as they are now and each time that they change."""
    feed = Feed()
    followers = [_Follower(api, source, namespace, feed) for source in SOURCES]
    for follower in followers:
        threading.Thread(target=follower.run, daemon=True).start()
    try:
        yield feed
    finally:
        for follower in followers:
            follower.stop()


class Feed:
    """What the followers of all kinds have told."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[str, dict[str, Manifest]] | ToolError | None] = queue.Queue()
        self._objects: dict[str, dict[str, Manifest]] = {}

    def next(self, timeout_seconds: float | None = None) -> Objects | None:
        """Wait until something has changed, at first until all kinds are read.

        Returns all objects, or None when the time is over or the feed is closed. Raises ToolError
        where the cluster can't be read any more.
        """
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        changed = False
        while not changed or not self.told.empty() or len(self._objects) < len(SOURCES):
            left = None if end is None else max(0.0, end - time.monotonic())
            try:
                said = self.told.get(timeout=left)
            except queue.Empty:
                return None
            if said is None:
                return None
            if isinstance(said, ToolError):
                raise said
            kind, objects = said
            self._objects[kind] = objects
            changed = True
        return Objects(item for kind in self._objects.values() for item in kind.values())

    def close(self) -> None:
        """End the waiting of whoever waits."""
        self.told.put(None)


class _Follower:
    """Follows the objects of one kind."""

    def __init__(self, api: Api, source: Source, namespace: str, feed: Feed) -> None:
        self._api, self._source, self._namespace, self._feed = api, source, namespace, feed
        self._over = threading.Event()
        self._objects: dict[str, Manifest] = {}
        self._stream: Stream | None = None

    def run(self) -> None:
        """Until it is over, or the API server has been away for too long."""
        heard = float("-inf")
        while not self._over.is_set():
            try:
                version = self._read()
                heard = time.monotonic()
                if not version:
                    return
                self._watch(version)
            except ToolError as error:
                if self._over.is_set():
                    return
                if time.monotonic() - heard > _PATIENCE_SECONDS:
                    self._feed.told.put(error)
                    return
                self._over.wait(_PAUSE_SECONDS)

    def stop(self) -> None:
        """End `run`, whatever it waits for."""
        self._over.set()
        if self._stream is not None:
            self._stream.close()

    def _read(self) -> str:
        items, version = _list(self._api, self._source, self._namespace)
        self._objects = {item["metadata"]["name"]: item for item in items}
        self._tell()
        return version

    def _watch(self, version: str) -> None:
        """Follow from a version on, until the API server no longer knows it."""
        path = self._source.path(self._namespace)
        while version and not self._over.is_set():
            parameters = {
                **self._source.parameters,
                "watch": "1",
                "resourceVersion": version,
                "allowWatchBookmarks": "1",
            }
            with self._api.lines(path, **parameters) as self._stream:
                if self._over.is_set():
                    return
                for line in self._stream:
                    version = self._take(json.loads(line))
                    if not version:
                        return

    def _take(self, event: Manifest) -> str:
        """Take in an event; returns its version, empty if it ends the stream."""
        item = event["object"]
        if event["type"] == "ERROR":
            if item.get("code") != _GONE:
                raise ToolError(f"the cluster can't be read: {item.get('message')}")
            return ""
        if event["type"] != "BOOKMARK":
            name = item["metadata"]["name"]
            self._objects.pop(name, None)
            if event["type"] != "DELETED":
                self._objects[name] = {**item, "kind": self._source.kind}
            self._tell()
        return str(item["metadata"]["resourceVersion"])

    def _tell(self) -> None:
        self._feed.told.put((self._source.kind, dict(self._objects)))


def _list(api: Api, source: Source, namespace: str) -> tuple[list[Manifest], str]:
    """The objects with the version of the list, which is empty where the kind is not known."""
    try:
        found = api.get(source.path(namespace), **source.parameters)
    except NotFound:  # a cluster without the Gateway API
        return [], ""
    items = [{**item, "kind": source.kind} for item in found["items"]]
    return items, str(found["metadata"]["resourceVersion"])
