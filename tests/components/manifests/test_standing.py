"""What there is of a stage, from objects as the cluster has them."""

from typing import Any

import pytest

from components.manifests import Manifest
from components.manifests.stage import Behind
from components.manifests.standing import Standing

OF = {"easymaker.io/kind": "stage", "easymaker.io/name": "blue"}
NEW = Behind("stage-blue-iris-new", {**OF, "easymaker.io/serves": "new"})
OLD = Behind("stage-blue-iris-old", {**OF, "easymaker.io/serves": "old"})


def deployment(version: str, made: str = "1", **more: Any) -> Manifest:
    labels = {**OF, **({"easymaker.io/serves": version} if version else {})}
    return {
        "metadata": {
            "name": f"stage-blue-iris-{version}".rstrip("-"),
            "creationTimestamp": made,
        },
        "spec": {"replicas": 2, "template": {"metadata": {"labels": labels}}, **more},
    }


def service(selector: Any) -> Manifest:
    return {"spec": {"selector": selector}}


@pytest.mark.parametrize(
    ("found", "behind"),
    [
        (Standing(), None),
        (Standing(None, (deployment("old"),)), None),
        (Standing(service(OLD.selector)), None),
        (Standing(service(OLD.selector), (deployment("old"), deployment("new"))), OLD),
        (Standing(service(NEW.selector), (deployment("old"), deployment("new"))), None),
        # One Deployment for all that a stage serves, and a new one that the Service leads to, too.
        (
            Standing(service(OF), (deployment("new", "2"), deployment(""))),
            Behind("stage-blue-iris", OF),
        ),
    ],
)
def test_pods_that_answer_now(found: Standing, behind: Behind | None) -> None:
    assert found.behind(NEW) == behind


def test_what_is_there_of_the_new_pods_and_of_others() -> None:
    there = Standing(
        service(OLD.selector),
        (deployment("old", replicas=5), deployment("broken", replicas=9)),
    )
    assert there.instances(NEW) == 5
    assert there.left(NEW) == ["stage-blue-iris-broken"]
    assert there.left(Behind("stage-blue-iris-broken", {})) == []
    assert not there.answers(NEW)
    assert there.answers(OLD)
    assert not there.is_available(NEW)
    nothing = Standing(None, there.deployments)
    assert (nothing.instances(NEW), nothing.left(NEW), nothing.answers(OLD)) == (0, [], False)
