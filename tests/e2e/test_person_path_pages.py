"""What a person sees: Jupyter and TensorBoard in a browser, through the gateway."""

import base64
import hashlib
import http.client
import json
import os
import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Person, keep, running_browser
from tests.support.checkout import Checkout
from tests.support.web import Web

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), pytest.mark.usefixtures("applied")]

NOTEBOOK, TENSORBOARD = "notebook/explore", "experiment/iris"
CELL = "print('answer', 6 * 7)"
MEBIBYTE = 2**20
UPLOAD_MEBIBYTES = 200
INSIDE = ("-n", "iris", "exec", "notebook-explore-0", "--")
PING = 0x89
"""The first byte of a ping that is whole."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as made:
        yield made


def address(checkout: Checkout, what: str) -> str:
    """As `emctl open` tells it, with the token."""
    done = checkout.emctl("open", "--print", "stacks/local.yaml", what)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def base(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def token(url: str) -> str:
    found = re.search(r"token=([0-9a-f]{64})", url)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def idle(checkout: Checkout) -> Iterator[http.client.HTTPConnection]:
    """A terminal's websocket on which the browser's side says nothing from now on."""
    url = address(checkout, NOTEBOOK)
    web, host = Web(checkout.cluster), urlsplit(url).netloc
    said = {"Authorization": f"token {token(url)}", "Host": host}
    name = web.call(f"{base(url)}/api/terminals", {}, said).json()["name"]
    port = checkout.cluster.gateway_port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=90)
    connection.request(
        "GET",
        f"/terminals/websocket/{name}",
        headers={
            **said,
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        },
    )
    yield connection
    connection.close()


@pytest.mark.usefixtures("idle")
def test_jupyter_runs_a_cell_and_a_terminal(checkout: Checkout, browser: Browser) -> None:
    url = address(checkout, NOTEBOOK)
    person = Person(browser)
    page = person.opens(url)
    assert page.url == f"{base(url)}/lab"
    page.goto(f"{base(url)}/lab?reset")
    with page.expect_websocket(lambda socket: "/channels" in socket.url):
        page.locator(".jp-LauncherCard[data-category='Notebook']").first.click()
    expect(
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").first
    ).to_be_visible()
    cell = page.locator(".jp-Notebook .cm-content").first
    cell.fill(CELL)
    expect(cell).to_have_text(CELL)
    cell.press("Shift+Enter")
    expect(page.locator(".jp-OutputArea-output").first).to_contain_text("answer 42")
    keep(page, "jupyter-cell")

    page = person.context.new_page()
    with page.expect_websocket(lambda socket: "/terminals/websocket/" in socket.url) as opening:
        page.goto(f"{base(url)}/lab?reset")
        page.locator(".jp-LauncherCard[data-category='Other']", has_text="Terminal").click()
    page.locator(".jp-Terminal .xterm").click()
    with opening.value.expect_event("framereceived", lambda frame: "line 42" in str(frame)):
        page.keyboard.type("echo line $((6 * 7))\n")
    keep(page, "jupyter-terminal")
    assert not [referer for referer in person.referers if token(url) in referer]


def test_tensorboard_shows_the_loss_curve(checkout: Checkout, browser: Browser) -> None:
    url = address(checkout, TENSORBOARD)
    person = Person(browser)
    page = person.opens(url)
    assert page.url.startswith(f"{base(url)}/")
    assert token(url) not in page.url
    # A page that is still loading would go to the tab of its choice.
    page.goto("about:blank")
    page.goto(f"{base(url)}/#scalars")
    card = page.locator("tf-scalar-card", has_text="epoch_loss").first
    expect(card).to_be_visible()
    # A move to the first point and a line to each of the 59 others.
    curve = card.locator("path.line").first
    expect(curve).to_have_attribute("d", re.compile(r"^M[^L]+(L[^L]+){40,}$"))
    card.scroll_into_view_if_needed()
    keep(page, "tensorboard-loss")
    assert not [referer for referer in person.referers if token(url) in referer]


def test_without_the_token_nobody_gets_in(checkout: Checkout, browser: Browser) -> None:
    stranger = Person(browser)
    page = stranger.opens(f"{base(address(checkout, TENSORBOARD))}/#scalars")
    expect(page.get_by_text("This experiment opens with its token")).to_be_visible()
    expect(page.locator("tf-scalar-card")).to_have_count(0)
    keep(page, "tensorboard-refused")
    page = stranger.opens(f"{base(address(checkout, NOTEBOOK))}/lab")
    assert urlsplit(page.url).path == "/login"
    expect(page.locator("#password_input")).to_be_visible()
    expect(page.locator(".jp-LauncherCard, #new_password_input")).to_have_count(0)
    keep(page, "jupyter-refused")


@pytest.mark.parametrize("path", ["", "/", "/lab", "/lab/"])
def test_with_and_without_the_last_slash_there_is_a_page(
    checkout: Checkout, web: Web, path: str
) -> None:
    url = address(checkout, NOTEBOOK)
    said = {"Authorization": f"token {token(url)}"}
    for _ in range(4):
        answer = web.call(f"{base(url)}{path}", headers=said)
        if answer.status == 200:
            return
        assert answer.status in (301, 302), answer.status
        path = answer.headers["Location"]
        assert path.startswith("/"), "it names a host or a port"
    pytest.fail("it leads from one address to the next")


def test_another_host_leads_nowhere(checkout: Checkout, web: Web) -> None:
    for what in (NOTEBOOK, TENSORBOARD):
        url = address(checkout, what)
        said = {"Authorization": f"Bearer {token(url)}"}
        other = base(url).replace("://", "://else-")
        assert web.call(f"{other}/", headers=said).status == 404


def test_200_mebibytes_arrive_under_a_name_with_blank_and_hangul(
    checkout: Checkout, web: Web
) -> None:
    """As the page sends a large file: in pieces."""
    url, name = address(checkout, NOTEBOOK), "데이터 셋.bin"
    said = {"Authorization": f"token {token(url)}"}
    place = f"{base(url)}/api/contents/{quote(name)}"
    piece = os.urandom(MEBIBYTE)
    body = {
        "type": "file",
        "format": "base64",
        "content": base64.b64encode(piece).decode(),
        "name": name,
        "path": name,
    }
    for number in range(1, UPLOAD_MEBIBYTES + 1):
        chunk = -1 if number == UPLOAD_MEBIBYTES else number
        answer = web.call(place, {**body, "chunk": chunk}, said, method="PUT")
        assert answer.status in (200, 201), answer.body
    there = ("sha256sum", "--", f"/root/easymaker/{name}")
    digest = checkout.cluster.kubectl(*INSIDE, *there).split()[0]
    assert digest == hashlib.sha256(piece * UPLOAD_MEBIBYTES).hexdigest()
    listed = web.call(f"{base(url)}/api/contents", headers=said).json()["content"]
    assert name in [entry["name"] for entry in listed]
    assert web.call(place, headers=said, method="DELETE").status == 204


def test_a_silent_websocket_is_kept_open(idle: http.client.HTTPConnection) -> None:
    """The server pings it, so that nothing between takes it for dead."""
    answer = idle.getresponse()
    assert answer.status == 101
    # Without a content length http.client reads nothing of what follows.
    assert idle.sock is not None or answer.fp is not None
    stream = answer.fp
    assert stream is not None
    while True:
        first, length = stream.read(2)
        if first == PING:
            break
        if length == 126:
            length = int.from_bytes(stream.read(2), "big")
        stream.read(length)


def test_tokens_are_in_no_log(checkout: Checkout) -> None:
    kubectl = checkout.cluster.kubectl
    logs = kubectl("-n", "iris", "logs", "notebook-explore-0")
    logs += kubectl("-n", "iris", "logs", "deployment/experiment-iris", "-c=tensorboard")
    logs += kubectl(
        "-n", "gateway-system", "logs", "-l=app.kubernetes.io/name=traefik", "--tail=-1"
    )
    assert logs
    for what in (NOTEBOOK, TENSORBOARD):
        assert token(address(checkout, what)) not in logs
    assert json.dumps("[secret]")[1:-1] in logs, "Jupyter says where a token was"
