"""Properties of the way from text to a resolved cluster or add-ons, over generated specs."""

import random
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas import kinds, load_any
from schemas.applied import Resolved
from schemas.instance_types import catalogue
from schemas.text import to_yaml
from tests.schemas import clusters, specs
from tests.schemas.mutations import broken_text, mutated
from tests.schemas.test_properties import few, many, valid_or_placed

WHOLE = st.sampled_from([clusters.CLUSTER, clusters.ADDONS])


def answers(folder: Path, content: bytes) -> Resolved | None:
    """Load a text: it is valid, or every problem has a place inside the file."""
    file = folder / "cluster.yaml"
    file.write_bytes(content)
    return valid_or_placed(lambda: load_any(file), file, content)


def _mutated(tmp_path: Path, data: st.DataObject) -> None:
    spec = mutated(data.draw, data.draw(WHOLE))
    found = answers(tmp_path, specs.flow(spec).encode("utf-8", "surrogatepass"))
    # A mutation may make it a workspace, which other properties are about.
    if found is not None:
        shown = to_yaml(kinds.document(found)).encode()
        assert answers(tmp_path, shown) == found


@few
@given(data=st.data())
def test_mutated_spec_is_valid_or_says_where_not(tmp_path: Path, data: st.DataObject) -> None:
    _mutated(tmp_path, data)


@many
@given(data=st.data())
def test_mutated_spec_is_valid_or_says_where_not_long(tmp_path: Path, data: st.DataObject) -> None:
    _mutated(tmp_path, data)


@few
@given(data=st.data())
def test_broken_text_is_valid_or_says_where_not(tmp_path: Path, data: st.DataObject) -> None:
    text = specs.Writer(random.Random(data.draw(st.integers(0, 9)))).text(data.draw(WHOLE))
    answers(tmp_path, broken_text(data.draw, text.encode()))


@few
@given(whole=WHOLE, seed=st.integers(0, 10**9))
def test_order_and_anchors_change_nothing(tmp_path: Path, whole: dict[str, Any], seed: int) -> None:
    choice = random.Random(seed)
    expected = clusters.loaded(tmp_path, whole)
    assert answers(tmp_path, specs.Writer(choice).text(whole).encode()) == expected


@few
@given(data=st.data())
def test_any_type_of_the_catalogue_makes_a_pool_or_says_why_not(
    tmp_path: Path, data: st.DataObject
) -> None:
    """A pool's size is what its smallest node has, and one pod can have nearly all of it."""
    names = data.draw(st.lists(st.sampled_from(sorted(catalogue())), min_size=1, max_size=2))
    path = ("pools", "gpu", "instance_types")
    found = answers(tmp_path, specs.flow(clusters.changed(clusters.CLUSTER, path, names)).encode())
    types = [catalogue()[name] for name in names]
    alike = len(set(names)) == len(names) and len({kind.alike for kind in types}) == 1
    arm_gpus = any(kind.gpu_count and kind.architecture == "arm64" for kind in types)
    assert (found is not None) is (alike and not arm_gpus)
    if found is None:
        return
    pool = getattr(found, "pools")["gpu"]  # noqa: B009
    assert pool.allocatable_cpu == types[0].allocatable_cpu
    assert pool.allocatable_memory == min(kind.allocatable_memory for kind in types)
    assert 0 <= pool.free_memory < pool.allocatable_memory < pool.memory
