"""Signing in with an OpenID issuer: the real proxy with our arguments, between a provider that
speaks the protocol and the door of TensorBoard."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from board.access import Access

from components.manifests import sign_in, tokens
from schemas.sign_in import SignIn
from tests.support.cluster import free_port, until
from tests.support.signing_in import Browser
from tools import toolchain

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

TOKEN = tokens.token("a key of the tests", "experiment", "iris", "iris")
CLIENT_SECRET = "a client's secret"


def inside(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"inside"]


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider that lets everybody in as who they say they are."""
    port = free_port()
    argv = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", f"--port={port}"]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as process:
        url = f"http://localhost:{port}"
        try:
            until(lambda: answers(f"{url}/.well-known/openid-configuration"), "the provider", 90)
            yield url
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def proxy(issuer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The proxy in front of what the token opens: its URL."""
    access = SignIn.model_validate(
        {
            "issuer": issuer,
            "client_id": "easymaker",
            "client_secret": {"pulumi_config": "signInSecret"},
            "image": "example.com/oauth2-proxy:7",
            "email_domains": ["ml.test"],
        }
    )
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("proxy") / "log"
    server = make_server("127.0.0.1", 0, Access(inside, TOKEN), handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    arguments = [
        f"--http-address=127.0.0.1:{port}" if text.startswith("--http-address=") else text
        for text in sign_in.arguments(access, url, server.server_port, "/healthz")
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "OAUTH2_PROXY_CLIENT_SECRET": CLIENT_SECRET,
        "OAUTH2_PROXY_COOKIE_SECRET": tokens.cookie_secret(TOKEN),
        "OAUTH2_PROXY_BASIC_AUTH_PASSWORD": TOKEN,
    }
    program = toolchain.path("oauth2-proxy")
    with (
        log.open("wb") as said,
        subprocess.Popen([program, *arguments], env=environment, stdout=said, stderr=said) as made,
    ):
        try:
            until(lambda: answers(f"{url}/ping"), f"the proxy ({log})", 90)
            yield url
        finally:
            made.terminate()
            server.shutdown()
            server.server_close()
    said_at_last = Path(log).read_text()
    assert TOKEN not in said_at_last
    assert CLIENT_SECRET not in said_at_last


def answers(url: str) -> bool:
    try:
        return Browser().ask(url)[0] == 200
    except OSError:
        return False


def test_who_signs_in_gets_in(proxy: str) -> None:
    person = Browser()
    status, place = person.sign_in(f"{proxy}/data/runs", "ann@ml.test")
    assert (status, place) == (302, "/data/runs")
    assert person.ask(f"{proxy}/data/runs") == (200, "inside")


def test_a_stranger_stays_out(proxy: str) -> None:
    stranger = Browser()
    assert stranger.sign_in(proxy, "eve@elsewhere.test")[0] == 403
    assert stranger.ask(proxy)[0] == 302


@pytest.mark.parametrize("kind", ["Bearer", "token"])
def test_the_token_alone_opens_nothing_any_more(proxy: str, kind: str) -> None:
    assert Browser().ask(proxy, Authorization=f"{kind} {TOKEN}")[0] == 302
    assert Browser().ask(f"{proxy}/?token={TOKEN}")[0] == 302
    assert Browser().ask(f"{proxy}/login?token={TOKEN}")[0] == 302


def test_health_asks_for_nobody(proxy: str) -> None:
    assert Browser().ask(f"{proxy}/healthz") == (200, "ok\n")
    assert Browser().ask(f"{proxy}/healthz/x")[0] == 302
