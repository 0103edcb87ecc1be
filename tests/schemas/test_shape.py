"""What a message does not tell."""

from typing import Annotated

import pytest

from schemas import types as t
from schemas.base import StrictModel
from schemas.cluster import Cluster
from schemas.ranges import Range, Within
from schemas.shape import fit, may_be_secret
from schemas.tree import Map, Mark, Source
from schemas.workspace import Workspace


class Vault(StrictModel):
    """Numbers that are secret, or not."""

    token: Annotated[t.Whole, Within(Range(300, 10_000, "GB"))]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "must be from 300 GB to 10000 GB, not *** GB"),
        (1, "must be from 300 GB to 10000 GB, not *** GB"),
        (-3, "must be from 300 GB to 10000 GB, not *** GB"),
        ("3", "must be a whole number, not ***"),
    ],
)
def test_only_the_value_itself_is_left_out(given: int | str, message: str) -> None:
    at = Mark(Source("a.yaml", f"token: {given}\n"), 0, 0, 0, 7)
    raw = Map()
    raw["token"], raw.marks["token"] = given, at
    (issue,) = fit(Vault, raw, (), at)[1]
    assert issue.message == message


@pytest.mark.parametrize(
    ("model", "path", "secret"),
    [
        (Workspace, "trainings.tokenizer.data_storage", False),
        (Workspace, "trainings.tokenizer.hyperparameters.hf_token", True),
        (Workspace, "trainings.base.tags.db_password", True),
        (Workspace, "trainings.base.input_data.tokens", False),
        (Workspace, "endpoints.e.stages.token-ner.flavor", False),
        (Workspace, "endpoints.e.traffic.token-ner", False),
        (Workspace, "endpoints.e.access.api_keys.secret", True),
        (Workspace, "platform.object_storage.secret-host.region", False),
        (Workspace, "platform.object_storage.o.credentials.secret_key.key", True),
        (Workspace, "platform.nas.private.export", False),
        (Workspace, "platform.password", True),
        (Cluster, "endpoint_access.private_cidrs.0", False),
        (Cluster, "network.private_subnets.0", False),
        (Cluster, "pools.private.max", False),
        (Cluster, "pools.gpu.labels.token", True),
        (Cluster, "tags.db_password", True),
    ],
)
def test_names_that_users_chose_make_nothing_secret(
    model: type[StrictModel], path: str, secret: bool
) -> None:
    assert may_be_secret(model, tuple(path.split("."))) == secret
