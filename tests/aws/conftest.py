"""Fixtures of the tests that need AWS: two emulators, empty at the start of each test."""

from collections.abc import Iterator

import pytest

from tests.support import aws


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[aws.Emulators]:
    """Both emulators, for the whole run."""
    with aws.serve(aws.install(), tmp_path_factory.mktemp("aws")) as emulators:
        yield emulators


@pytest.fixture
def emulators(served: aws.Emulators) -> aws.Emulators:
    """Both emulators, empty."""
    served.reset()
    return served
