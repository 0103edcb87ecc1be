"""An endpoint under load while all that serves it changes: no request fails, ever."""

import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from tests.support.checkout import Checkout, Done
from tests.support.cluster import until
from tests.support.endpoint_stack import GREEN, HOST, MODELS, ROWS, SPEC, STACK, Stack, model
from tests.support.soak import ROUNDS
from tests.support.traffic import LATE_SECONDS, after_the_first, traffic
from tests.support.web import Web
from tools import images

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

RATE = 50
"""Requests a second."""
CANARY = "    traffic: {blue: 80, green: 20}\n"


@pytest.fixture(scope="module")
def stack(checkout: Checkout) -> Iterator[Stack]:
    """A stage that answers. Removed at the end."""
    images.ensure_loaded(checkout.cluster.backend.images(), ["tools", "serving-sklearn"], print)
    made = Stack(checkout)
    for name, method in enumerate(("sum", "max", "min", "prod", "sum")):
        made.put(f"of-{name}/model.joblib", model(method))
    made.spec.write_text(SPEC)
    pulumi = checkout.plain_stack(STACK, f"stacks/{STACK}.yaml")
    done = made.up()
    assert done.returncode == 0, done.stdout + done.stderr
    # An endpoint's first route is the gateway's matter alone.
    url = f"http://{HOST}/inference"
    until(lambda: Web(checkout.cluster).call(url, ROWS).status == 200, "the first answer", 60)
    yield made
    pulumi("destroy", "--yes", "--skip-preview")
    pulumi("stack", "rm", "--yes")


@dataclass(frozen=True)
class Change:
    """One that was made while requests came; times are on the monotonic clock."""

    what: str
    begun: float
    done: float
    new: str
    """The stage or revision that answers from then on; empty: the same as before."""
    old: str = ""
    """What answered before."""


@pytest.mark.soak
def test_no_request_fails_whatever_changes(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = stack.checkout.cluster
    made: list[Change] = []
    with traffic(cluster.gateway_port, HOST, "/inference", ROWS, RATE) as seen:

        def during(what: str, change: Callable[[], tuple[str, str]]) -> None:
            """Make a change, which says what answered before and what does from then on."""
            begun = time.monotonic()
            old, new = change()
            made.append(Change(what, begun, time.monotonic(), new, old))
            if new:
                seen.answered(new)
            seen.more(2 * RATE)

        # The first swap makes the stage that it leads to.
        stack.spec.write_text(stack.spec.read_text() + GREEN)
        ways = [("blue", "green"), ("green", "blue")]
        for number in range(ROUNDS + ROUNDS % 2):
            during(f"swap {number + 1}", partial(swap, stack, *ways[number % 2]))
        during("canary", partial(share, stack, "", CANARY))
        seen.answered("green")
        seen.more(2 * RATE)
        during("canary over", partial(share, stack, CANARY, ""))
        for old, new in (("of-0", "of-2"), ("of-2", "of-3"), ("of-3", "of-4")):
            during(f"revision {new}", partial(roll, stack, f"/{old}", f"/{new}"))
        during("second instance", partial(scale, stack))
        during("pod deleted", partial(delete, stack))
        during("pods drained", partial(drain, stack))
    told = [f"{len(seen.responses)} requests, {sum(seen.failed().values())} failed"]
    ends = [*(change.begun for change in made[1:]), float("inf")]
    for change, end in zip(made, ends, strict=True):
        window = [r for r in seen.since(change.begun) if r.sent < end]
        answers = Counter(f"{r.stage} {r.revision}" for r in window)
        if change.what == "canary":
            shared = Counter(r.stage for r in window if r.sent > change.done)
            assert 0 < 2 * shared["green"] < shared["blue"], shared
        told.append(f"{change.what} ({change.done - change.begun:.0f} s): {dict(answers)}")
        if change.new:
            late = after_the_first(window, change.new)
            told[-1] += f", {len(late)} old after the first new"
            assert not late, told[-1]
            replaced = [r for r in window if change.old in (r.stage, r.revision)]
            assert not [r for r in replaced if r.done > change.done + LATE_SECONDS], told[-1]
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *told, ""]))
    assert not seen.failed()


def swap(stack: Stack, old: str, new: str) -> tuple[str, str]:
    stack.applied(f"default_stage: {old}", f"default_stage: {new}")
    return old, new


def share(stack: Stack, old: str, new: str) -> tuple[str, str]:
    stack.applied(f"default_stage: blue\n{old}", f"default_stage: blue\n{new}")
    return "", ""


def roll(stack: Stack, old: str, new: str) -> tuple[str, str]:
    before = stack.revision()
    stack.applied(old, new)
    return before, stack.revision()


def scale(stack: Stack) -> tuple[str, str]:
    stack.applied("instances: 1", "instances: 2")
    assert stack.all_ready("blue", 2)
    return "", ""


def delete(stack: Stack) -> tuple[str, str]:
    name = stack.pods("blue")[0]["metadata"]["name"]
    stack.checkout.cluster.kubectl("-n", STACK, "delete", "pod", name)
    until(lambda: stack.all_ready("blue", 2), "the pod in place of the deleted one", 120)
    return "", ""


def drain(stack: Stack) -> tuple[str, str]:
    for pod in stack.pods("blue"):
        until(partial(stack.evicted, pod), "the eviction of a pod", 180)
    until(lambda: stack.all_ready("blue", 2), "the pods in place of the evicted ones", 120)
    return "", ""


BROKEN = ("corrupt", "wrong", "fails")


def test_a_model_that_does_not_work_gets_no_request(stack: Stack) -> None:
    checkout = stack.checkout
    stack.put("corrupt/model.joblib", b"no pickle")
    stack.put("torn/model.joblib", model("sum")[:20])
    stack.put("wrong/saved_model.pb", b"TensorFlow's")
    stack.put("fails/model.joblib", model("no_such_method"))
    before, serving = stack.spec.read_text(), stack.revision()
    with traffic(checkout.cluster.gateway_port, HOST, "/inference", ROWS, 10) as seen:
        text = before.replace(path_of(before, "first"), f"{MODELS}/corrupt")
        models = [
            f'  {name}: {{framework: sklearn, framework_version: "1.9", path: "{MODELS}/{name}"}}'
            for name in BROKEN[1:]
        ]
        stages = [
            f"      {name}: {{model: {name}, resource_path: /inference, flavor: m2.c1m2}}"
            for name in BROKEN[1:]
        ]
        text = text.replace("endpoints:\n", "\n".join([*models, "endpoints:\n"]))
        text = "\n".join([text.rstrip("\n"), *stages, ""])
        # What stays broken fails each time, and so does what is broken in another way.
        for name in ("corrupt", "corrupt", "torn"):
            stack.spec.write_text(text.replace("/corrupt", f"/{name}"))
            done = stack.up()
            assert done.returncode != 0
            said = sentences(done)
            assert set(said) == {"blue", "wrong", "fails"}
            for sentence in said.values():
                assert sentence.startswith("DEPLOY FAILED: the container server ended with exit ")
            assert said["blue"].endswith(f"; revision {serving} still serves")
            first, *others = stack.deployments("blue")
            assert first["metadata"]["labels"]["easymaker.io/serves"] == serving
            assert len(others) == 1  # what failed before made room
            assert "saved_model.pb" in said["wrong"]
            assert "no_such_method" in said["fails"]

        stack.spec.write_text(text.replace("/corrupt", "/nothing"))
        done = stack.up()
        assert done.returncode != 0
        stays = "endpoints.sums.stages.blue: it stays as it is: nothing lies under"
        assert f"{stays} {MODELS}/nothing" in done.stdout
        assert stack.deployment("blue")["metadata"]["labels"]["easymaker.io/serves"] == serving

        stack.spec.write_text(text.replace("/corrupt", "/torn"))
        stack.change("default_stage: blue", "default_stage: fails")
        preview = checkout.pulumi("preview", f"--stack={STACK}")
        assert preview.returncode == 0, preview.stdout + preview.stderr
        done = stack.up()
        assert done.returncode != 0
        assert (
            "endpoints.sums: the stage fails does not serve, so requests stay where they are: "
            f"{said['fails']}"
        ) in done.stdout

        stack.spec.write_text(before)
        pods = {pod["metadata"]["uid"] for pod in stack.pods("blue")}
        done = stack.up()
        assert done.returncode == 0, done.stdout + done.stderr
    assert {pod["metadata"]["uid"] for pod in stack.pods("blue")} == pods
    assert stack.deployment("blue")["metadata"]["labels"]["easymaker.io/serves"] == serving
    assert not seen.failed()
    assert {(r.stage, r.revision) for r in seen.responses} == {("blue", serving)}


def path_of(text: str, name: str) -> str:
    (found,) = re.findall(rf'^  {name}: .*path: "(.*)"}}$', text, re.MULTILINE)
    return str(found)


def sentences(done: Done) -> dict[str, str]:
    """What an `up` says of stages, by their names."""
    return dict(re.findall(r"endpoints\.sums\.stages\.([a-z]+): (.*)", done.stdout))


def test_autoscaling_comes_and_goes_without_a_pod_less(stack: Stack) -> None:
    cluster = stack.checkout.cluster
    cluster.backend.measure(print)
    (fixed,) = re.findall(r"instances: [0-9]+", stack.spec.read_text())
    stack.applied(fixed, "instances: 5")

    def uids() -> set[str]:
        return {pod["metadata"]["uid"] for pod in stack.pods("blue")}

    def replicas() -> int:
        return int(stack.deployment("blue")["spec"]["replicas"])

    five = uids()
    assert len(five) == 5
    # Whatever runs uses more memory than that.
    scaled = "autoscaling: {min: 2, max: 6, memory: 1}"
    stack.applied("instances: 5", scaled)
    assert five <= uids()
    until(lambda: replicas() == 6, "the autoscaler's sixth instance", 240)
    until(lambda: stack.all_ready("blue", 6), "the sixth instance", 120)
    for more in ([], ["--refresh"]):
        preview = stack.checkout.pulumi("preview", "--expect-no-changes", f"--stack={STACK}", *more)
        assert preview.returncode == 0, preview.stdout
    assert five < uids()
    # The pods of another revision begin as many as these are by now.
    before = path_of(stack.spec.read_text(), "first")
    stack.applied(f'"{before}"', f'"{MODELS}/of-1"')
    rolled = stack.deployment("blue")
    assert (rolled["spec"]["replicas"], rolled["metadata"]["generation"]) == (6, 1)
    six = uids()
    assert len(six) == 6
    stack.applied(scaled, "instances: 6")
    assert replicas() == 6
    assert uids() == six
