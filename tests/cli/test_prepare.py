"""What must be there before a spec is applied, and what is said when it is not."""

from pathlib import Path

import pytest

from cli import prepare, used_images
from tests.support import workspaces
from tools import images
from tools.errors import ToolError

KEYS = {"easymaker:s3AccessKey": "a", "easymaker:s3SecretKey": "b", "easymaker:tokenKey": "c"}


def test_what_the_spec_needs_from_the_configuration(tmp_path: Path) -> None:
    spec = workspaces.workspace(tmp_path)
    assert set(prepare.needed(spec)) == set(KEYS)
    prepare.require(prepare.needed(spec), KEYS, "dev")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (
            "easymaker:tokenKey",
            "the stack's configuration lacks easymaker:tokenKey, which the tokens of notebooks "
            "and TensorBoards are made of (`openssl rand -hex 32 | pulumi config set --secret "
            "easymaker:tokenKey --stack dev`)",
        ),
        (
            "easymaker:s3SecretKey",
            "the stack's configuration lacks easymaker:s3SecretKey, which the spec names as a "
            "credential (`pulumi config set --secret easymaker:s3SecretKey --stack dev` asks for "
            "it)",
        ),
    ],
)
def test_a_missing_value_says_how_to_set_it(missing: str, message: str) -> None:
    config = {key: value for key, value in KEYS.items() if key != missing}
    with pytest.raises(ToolError) as raised:
        prepare.require(list(KEYS), config, "dev")
    assert str(raised.value) == message


@pytest.mark.parametrize("scales", [False, True])
def test_metrics_come_with_the_first_stage_that_scales(tmp_path: Path, scales: bool) -> None:
    changes = [("instances: 1}", "autoscaling: {min: 1, max: 2, cpu: 70}}")] if scales else []
    spec = workspaces.workspace(tmp_path, *changes)
    assert prepare.scales(spec) is scales


class Store:
    """Images of a cluster that holds all of the given ones."""

    def __init__(self, held: set[str]) -> None:
        self.held = held

    def has(self, reference: str) -> bool:
        return reference in self.held

    def look(self) -> None:
        """It never changes."""

    def neighbours(self) -> list[images.Source]:
        return []

    def blobs(self) -> list[str]:
        return []

    def load(self, archive: Path) -> None:
        raise AssertionError(archive)


def test_images_that_are_used_and_no_others(tmp_path: Path) -> None:
    spec = workspaces.workspace(tmp_path)
    assert used_images.references(spec) == [
        "images.test/lab-gpu:1",
        "images.test/lab:1",
        "images.test/serving:1",
        "images.test/sklearn:1",
        "images.test/tensorboard:1",
        "images.test/tools:1",
    ]
    used_images.load(spec, Store(set()), print)  # none is ours


def test_an_image_of_another_checkout_is_named(tmp_path: Path) -> None:
    spec = workspaces.workspace(tmp_path, ("images.test/tools:1", "easymaker.local/tools:old"))
    with pytest.raises(ToolError) as raised:
        used_images.load(spec, Store(set()), print)
    assert str(raised.value) == (
        "the spec names the image easymaker.local/tools:old, which this checkout does not make "
        "(`emctl images lock` writes the names of those that it makes)"
    )
    used_images.load(spec, Store({"easymaker.local/tools:old"}), print)


def test_ours_that_the_cluster_has_are_not_built(tmp_path: Path) -> None:
    tools = images.refs()["tools"]
    spec = workspaces.workspace(tmp_path, ("images.test/tools:1", tools))
    used_images.load(spec, Store({tools}), print)
