"""Pushing to a registry: what goes there and what comes back. The builder is a script."""

import pytest

from tests.tools.images.conftest import Machine
from tools.errors import ToolError
from tools.images import lock, pushing, refs


def test_what_specs_may_name_is_pushed_by_tag_and_locked_by_digest(machine: Machine) -> None:
    pushed = pushing.push("registry.example:5000/team/em", print)
    names = set(lock.published(refs()))
    assert pushed == {name: f"registry.example:5000/team/em/{name}@sha256:abc" for name in names}
    tag = refs()["tools"].rpartition(":")[2]
    (line,) = (line for line in machine.asked if line.endswith(f"/tools:{tag}"))
    assert line.startswith("overlay push --format=oci --digestfile=")
    assert line.endswith(f" {refs()['tools']} docker://registry.example:5000/team/em/tools:{tag}")
    assert "--tls-verify=false" not in "".join(machine.asked)
    assert machine.leftovers == []


def test_a_registry_without_tls_is_asked_for(machine: Machine) -> None:
    pushing.push("127.0.0.1:5000", print, plain_http=True)
    pushes = [line for line in machine.asked if " docker://" in line]
    assert pushes
    assert all("--tls-verify=false" in line for line in pushes)


def test_a_refused_push_is_said_with_its_step(machine: Machine) -> None:
    machine.hook("push", "echo unauthorized: authentication required >&2; exit 125\n")
    with pytest.raises(ToolError, match=r"^pushing r\.example/tools:.* failed .*\nunauthorized"):
        pushing.push("r.example", print)
    assert machine.leftovers == []


@pytest.mark.parametrize("registry", ["https://r.example", "R.example", "r.example/", "", "a b"])
def test_what_is_no_registry_is_refused_before_anything_runs(
    machine: Machine, registry: str
) -> None:
    with pytest.raises(ToolError, match="is no registry to push to"):
        pushing.push(registry, print)
    assert machine.asked == []


def test_docker_gives_the_digest_of_that_registry(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.program(
        "docker",
        'echo "docker $*" >>"$NOTES"\n'
        'test "$1" != inspect || printf "other.example/%s@sha256:1\\n%s@sha256:2\\n" x "${3%:*}"\n',
    )
    pushed = pushing.push("127.0.0.1:5000", print)
    assert pushed["tools"] == "127.0.0.1:5000/tools@sha256:2"
    tag = refs()["tools"].rpartition(":")[2]
    assert f"docker push 127.0.0.1:5000/tools:{tag}" in machine.asked
    # The names given for pushing go too.
    assert f" 127.0.0.1:5000/tools:{tag}" in machine.asked[-1]
