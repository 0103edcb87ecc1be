"""Reading and following live objects, over a socket as kubectl's proxy has it."""

from pathlib import Path

import pytest

from cli import api as apis
from cli import feed
from cli.statuses.objects import Objects
from live import Context
from tests.support.api_server import ApiServer
from tests.support.live_objects import Object, thing
from tools.errors import ToolError

OF = ("notebook", "n")


def book(replicas: int) -> Object:
    found = thing("StatefulSet", "notebook-n", OF, spec={"replicas": replicas})
    del found["kind"]  # as items of a list come
    return found


def replicas(objects: Objects | None) -> int | None:
    assert objects is not None
    found = objects.get("StatefulSet", "notebook-n")
    return None if found is None else int(found["spec"]["replicas"])


def test_read_asks_once_for_each_kind_and_for_no_secret(server: ApiServer) -> None:
    server.lists["statefulsets"] = [book(1)]
    objects = feed.read(apis.Api(server.path), "iris")
    assert replicas(objects) == 1
    assert sorted(server.asked) == sorted(
        [
            "/api/v1/namespaces/iris/pods?labelSelector=easymaker.io%2Fkind",
            "/apis/batch/v1/namespaces/iris/jobs?labelSelector=easymaker.io%2Fkind",
            "/api/v1/namespaces/iris/services?labelSelector=easymaker.io%2Fkind",
            "/apis/apps/v1/namespaces/iris/deployments?labelSelector=easymaker.io%2Fkind",
            "/apis/apps/v1/namespaces/iris/statefulsets?labelSelector=easymaker.io%2Fkind",
            "/apis/gateway.networking.k8s.io/v1/namespaces/iris/httproutes"
            "?labelSelector=easymaker.io%2Fkind",
            "/api/v1/namespaces/iris/configmaps?labelSelector=easymaker.io%2Fkind+in+%28model%2C+retention%29",
            "/api/v1/namespaces/iris/persistentvolumeclaims?",
            "/api/v1/namespaces/iris/events?fieldSelector=type%3DWarning",
        ]
    )


def test_refusal_is_one_sentence(server: ApiServer) -> None:
    server.lists["pods"] = (403, 'pods is forbidden: User "x" cannot list resource "pods"')
    with pytest.raises(ToolError) as raised:
        feed.read(apis.Api(server.path), "iris")
    assert str(raised.value) == (
        'the cluster can\'t be read: pods is forbidden: User "x" cannot list resource "pods"'
    )


def test_a_cluster_without_the_gateway_api_has_no_routes(server: ApiServer) -> None:
    server.lists["httproutes"] = (404, "the server could not find the requested resource")
    server.lists["statefulsets"] = [book(1)]
    assert replicas(feed.read(apis.Api(server.path), "iris")) == 1
    with feed.follow(apis.Api(server.path), "iris") as followed:
        assert replicas(followed.next(10)) == 1


def test_each_event_is_told(server: ApiServer) -> None:
    with feed.follow(apis.Api(server.path), "iris") as followed:
        assert replicas(followed.next(10)) is None
        server.tell("statefulsets", "ADDED", book(1))
        assert replicas(followed.next(10)) == 1
        server.tell("statefulsets", "BOOKMARK", {})
        server.tell("statefulsets", "MODIFIED", book(0))
        assert replicas(followed.next(10)) == 0
        server.tell("statefulsets", "DELETED", book(0))
        assert replicas(followed.next(10)) is None
        assert followed.next(0.05) is None


def test_a_stream_that_ends_goes_on_where_it_was(server: ApiServer) -> None:
    with feed.follow(apis.Api(server.path), "iris") as followed:
        followed.next(10)
        server.tell("statefulsets", "ADDED", book(1))
        followed.next(10)
        server.send("statefulsets", None)
        server.tell("statefulsets", "MODIFIED", book(0))
        assert replicas(followed.next(10)) == 0
    watched = [path for path in server.asked if "statefulsets" in path and "watch=1" in path]
    assert [path.rpartition("resourceVersion=")[2].partition("&")[0] for path in watched] == [
        "0",
        "1",
    ]


def test_a_version_that_is_too_old_is_read_anew(server: ApiServer) -> None:
    with feed.follow(apis.Api(server.path), "iris") as followed:
        followed.next(10)
        server.lists["statefulsets"] = [book(1)]
        gone = {"code": 410, "message": "too old resource version"}
        server.send("statefulsets", {"type": "ERROR", "object": gone})
        assert replicas(followed.next(10)) == 1


def test_what_can_not_be_read_at_first_is_said_at_once(server: ApiServer) -> None:
    server.lists["jobs"] = (403, "jobs.batch is forbidden")
    with (
        feed.follow(apis.Api(server.path), "iris") as followed,
        pytest.raises(ToolError, match=r"the cluster can't be read: jobs\.batch is forbidden"),
    ):
        followed.next(10)


def test_unknown_context_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        '#!/bin/sh\necho "error: context \\"nowhere\\" does not exist" >&2\nexit 1\n'
    )
    kubectl.chmod(0o755)
    monkeypatch.setattr("live.kubectl", lambda: str(kubectl))
    with pytest.raises(ToolError) as raised, apis.api(Context("nowhere")):
        pass
    assert str(raised.value) == 'the cluster can\'t be read: context "nowhere" does not exist'
