"""The recorder itself: what a program that fails leaves behind."""

import gc

import pulumi
import pytest
from pulumi.runtime._callbacks import _CallbackServicer

from tests.support.recorder import record


class Thing(pulumi.CustomResource):
    """A resource with a hook, for which the SDK starts a server."""

    def __init__(self, name: str) -> None:
        async def agrees(args: pulumi.ResourceHookArgs) -> None:
            """Have nothing against it."""

        hook = pulumi.ResourceHook(f"{name}-hook", agrees)
        hooks = pulumi.ResourceHookBinding(before_update=[hook])
        super().__init__("test:index:Thing", name, {}, pulumi.ResourceOptions(hooks=hooks))


def test_a_program_that_fails_leaves_nothing_that_fails_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def program() -> None:
        Thing("twice")
        Thing("twice")

    def fails() -> str:
        # The error holds all that is to be collected.
        with pytest.raises(AssertionError) as error:
            record(program)
        return str(error.value)

    async def nothing() -> None:
        """The next program: the SDK keeps what the one before left until then."""

    assert fails().startswith("duplicate URN: ")
    record(nothing)
    gc.collect()
    assert caplog.messages == []
    assert _CallbackServicer._servicers == []
