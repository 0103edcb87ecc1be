"""Notebooks as a person uses them for days: what stays, what does not, and who sees what."""

import base64
from collections.abc import Callable, Iterator

import pytest

from tests.support.checkout import Checkout, Done
from tests.support.cluster import LocalCluster, until
from tests.support.web import Web
from tools import images

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

STACK = "notes"
SPEC = "stacks/notes.yaml"
NOTEBOOK = """\
    image: python-3-notebook-cpu
    flavor: small
    boot_storage: 10
    data_storage: 10
"""
TEXT = f"""\
api_version: easymaker/v1
kind: Workspace
workspace: {STACK}
include: [platform/local.yaml]
platform:
  flavors:
    small: {{core_type: cpu, cpu: 1, memory: 1Gi, requests: {{cpu: 50m, memory: 128Mi}}}}
    graphics: {{core_type: gpu, cpu: 1, memory: 1Gi, gpu: {{model: any, count: 1}}, pool: graphics}}
  pools:
    graphics: {{node_selector: {{easymaker.io/pool: none}}, nodes: 1, gpus_per_node: 1}}
  images:
    graphics:
      use: notebook
      framework: python
      framework_version: "3.13"
      python_version: "3.13"
      core_type: gpu
      image: notebook-python
notebooks:
  first:
{NOTEBOOK}    nas: {{shared: "nas://local:/{STACK}"}}
  second:
{NOTEBOOK}"""
WORK = """\
cd /root/easymaker
echo mine >kept
echo mine >/root/elsewhere
echo mine >shared/kept
python3 -m venv --system-site-packages --without-pip custom-conda-envs/mine
for script in 10-first 20-fails 30-last; do
  printf '#!/bin/sh\\necho %s >>/root/order\\nexit %s\\n' "$script" "${script%%-*}" \
    >cont-init.d/$script
  chmod +x cont-init.d/$script
done
sed -i 's/^exit .0$/exit 0/' cont-init.d/10-first cont-init.d/30-last
"""
SHARED_MEMORY = ("df", "--block-size=1M", "--output=size", "/dev/shm")
CONNECT = """\
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
except OSError:
    sys.exit()
sys.exit("it is reached")
"""


class Book:
    """A notebook's pod."""

    def __init__(self, cluster: LocalCluster, name: str) -> None:
        self.cluster, self.name = cluster, name

    def run(self, *argv: str) -> str:
        return self.cluster.kubectl("-n", STACK, "exec", f"notebook-{self.name}-0", "--", *argv)

    def shell(self, script: str) -> str:
        return self.run("sh", "-ec", script)

    def until_ready(self) -> None:
        self.cluster.kubectl(
            *("-n", STACK, "rollout", "status", f"statefulset/notebook-{self.name}"),
            "--timeout=300s",
        )


@pytest.fixture(scope="module")
def pulumi(checkout: Checkout) -> Iterator[Callable[..., Done]]:
    """Runs Pulumi with a text of the spec; both notebooks are there and work."""
    images.ensure_loaded(checkout.cluster.backend.images(), ["notebook-python"], print)
    file = checkout.folder / SPEC
    file.write_text(TEXT)
    call = checkout.plain_stack(STACK, SPEC)

    def run(text: str, *arguments: str) -> Done:
        file.write_text(text)
        return checkout.pulumi(*arguments, f"--stack={STACK}", "--suppress-progress")

    try:
        call("up", "--yes", "--skip-preview")
        for name in ("first", "second"):
            Book(checkout.cluster, name).until_ready()
        yield run
    finally:
        file.write_text(TEXT)
        call("destroy", "--yes", "--skip-preview")
        call("stack", "rm", "--yes")


@pytest.fixture
def first(checkout: Checkout) -> Book:
    return Book(checkout.cluster, "first")


def in_first(text: str, old: str, new: str) -> str:
    """The spec with a change of the first notebook alone."""
    assert old in text
    return text.replace(old, new, 1)


def with_flavor(flavor: str) -> str:
    head, notebooks = TEXT.split("notebooks:\n")
    return f"{head}notebooks:\n{in_first(notebooks, 'flavor: small', f'flavor: {flavor}')}"


def test_a_running_notebook_keeps_its_flavor(pulumi: Callable[..., Done]) -> None:
    done = pulumi(with_flavor("m2.c1m2"), "preview")
    assert done.returncode != 0
    assert (
        "notebooks.first.flavor: the flavor changes only while the notebook is stopped: apply "
        "state: stopped first"
    ) in done.stdout


def test_what_is_kept_over_stop_and_start_with_another_flavor(
    pulumi: Callable[..., Done], first: Book, web: Web
) -> None:
    first.shell(WORK)
    assert first.run(*SHARED_MEMORY).split()[-1] == "512"

    stopped = with_flavor("small\n    state: stopped")
    assert pulumi(stopped, "up", "--yes", "--skip-preview").returncode == 0
    first.cluster.wait("-n", STACK, "pod/notebook-first-0", "--for=delete", seconds=120)
    graphics = in_first(stopped, "image: python-3-notebook-cpu", "image: graphics")
    graphics = graphics.replace("flavor: small\n    state", "flavor: graphics\n    state")
    done = pulumi(graphics, "preview")
    assert done.returncode != 0
    assert "a notebook stays on CPU flavors: make a new one for GPU" in done.stdout

    done = pulumi(with_flavor("m2.c1m2"), "up", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout
    first.until_ready()
    assert first.run(*SHARED_MEMORY).split()[-1] == "1024"
    assert first.shell("cd /root/easymaker; cat kept shared/kept; ls /root") == (
        "mine\nmine\neasymaker\norder\n"
    )
    # All ran in order, and the one that failed is said and locks nobody out.
    assert first.run("cat", "/root/order").split() == ["10-first", "20-fails", "30-last"]
    log = first.cluster.kubectl("-n", STACK, "logs", "notebook-first-0")
    assert "20-fails failed with exit code 20: see " in log
    secret = first.cluster.get("-n", STACK, "secret", "notebook-first")
    token = base64.b64decode(secret["data"]["token"]).decode()
    url = f"http://notebook-first.{STACK}.easymaker.localhost/api/kernelspecs"
    said = {"Authorization": f"token {token}"}
    until(lambda: web.call(url, headers=said).status == 200, "the route's answer")
    assert sorted(web.call(url, headers=said).json()["kernelspecs"]) == ["mine", "python3"]


def test_notebooks_see_nothing_of_each_other(
    pulumi: Callable[..., Done], checkout: Checkout, first: Book
) -> None:
    second = Book(checkout.cluster, "second")
    assert pulumi(with_flavor("m2.c1m2"), "preview", "--expect-no-changes").returncode == 0
    first.until_ready()
    listed = second.shell("cd /root/easymaker; ls; ls custom-conda-envs cont-init.d")
    assert listed.split() == [
        *("cont-init.d", "cont-init.output", "custom-conda-envs"),
        *("cont-init.d:", "custom-conda-envs:"),
    ]
    pod = checkout.cluster.get("-n", STACK, "pod", "notebook-first-0")["status"]["podIP"]
    for host, port in ((pod, "8888"), (f"notebook-first.{STACK}.svc.cluster.local", "80")):
        second.run("python3", "-c", CONNECT, host, port)
    tokens = {
        checkout.cluster.get("-n", STACK, "secret", f"notebook-{name}")["data"]["token"]
        for name in ("first", "second")
    }
    assert len(tokens) == 2
