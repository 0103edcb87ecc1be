"""What a program says of a run that was killed, and `emctl recover` on its stack."""

import pytest

from cli.recovery import guard
from cli.stack import PulumiError, Stack
from tests.support.killed import VPC, pending, state

STACK = "organization/easymaker/dev"
SPEC = "stacks/dev.yaml"
RECOVER = f"`emctl recover {SPEC} --stack {STACK}`"
KILLED = state(pending("creating"), pending("creating", f"{VPC}2"), pending("updating"))


def test_program_is_told_what_would_be_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    there = state()
    monkeypatch.setattr(Stack, "export", lambda self: there)
    assert guard.problem(STACK, SPEC, preview=False) == ""
    there = KILLED
    assert guard.problem(STACK, SPEC, preview=False) == (
        "the last run was killed while it made aws:ec2/vpc:Vpc dev and 1 more on AWS, which would "
        f"be made twice ({RECOVER} takes it in)"
    )


def test_preview_may_see_a_run_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stack, "export", lambda self: KILLED)
    assert guard.problem(STACK, SPEC, preview=True) == (
        "a run makes aws:ec2/vpc:Vpc dev and 1 more on AWS now, or was killed while it did: wait "
        f"for its end or, if it is over, take that in by {RECOVER}"
    )


def test_state_that_is_not_told_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def export(stack: Stack) -> None:
        raise PulumiError("stack export", "no such bucket")

    monkeypatch.setattr(Stack, "export", export)
    assert guard.problem(STACK, SPEC, preview=False) == (
        "whether the last run was killed can't be seen: `pulumi stack export` failed: "
        "no such bucket"
    )
