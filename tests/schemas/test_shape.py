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
    ("path", "secret"),
    [
        ("trainings.tokenizer.data_storage", False),
        ("trainings.tokenizer.hyperparameters.hf_token", True),
        ("trainings.base.tags.db_password", True),
        ("trainings.base.input_data.tokens", False),
        ("endpoints.e.stages.token-ner.flavor", False),
        ("endpoints.e.traffic.token-ner", False),
        ("endpoints.e.access.api_keys.secret", True),
        ("platform.object_storage.secret-host.region", False),
        ("platform.object_storage.o.credentials.secret_key.key", True),
        ("platform.nas.private.export", False),
        ("platform.password", True),
    ],
)
def test_names_that_users_chose_make_nothing_secret(path: str, secret: bool) -> None:
    assert may_be_secret(Workspace, tuple(path.split("."))) == secret


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("endpoint_access.private_cidrs.0", False),
        ("network.private_subnets.0", False),
        ("pools.private.max", False),
        ("pools.gpu.labels.token", True),
        ("tags.db_password", True),
    ],
)
def test_of_clusters(path: str, secret: bool) -> None:
    assert may_be_secret(Cluster, tuple(path.split("."))) == secret
