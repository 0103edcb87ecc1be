"""Who may ask a model: API keys and tokens."""

import io
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from serving.fetched import KeyUrl
from serving.log import Log

from .conftest import NAME, Answer, Foreign, Server, Start, starting

ECHO = "def handle(data, context): return data and [context.get_all_request_header(0)]\n"
KEY, OTHER, LINE = "first-key-0123456789", "second-key-0123456789", "line-key-0123456789"
BODY = {"instances": [1]}
ISSUER, AUDIENCE = "https://issuer.example.com", "iris"


def ask(server: Server, method: str = "POST", path: str = "/inference", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.ask(method, path, BODY if method == "POST" else None, named)


def mounted(folder: Path, **keys: str) -> None:
    """Put files into a folder as the kubelet does: a link is exchanged for another one."""
    version = folder / f"..{time.monotonic_ns()}"
    version.mkdir(parents=True)
    for name, text in keys.items():
        (version / name).write_text(text)
    fresh = folder / "..new"
    fresh.symlink_to(version.name)
    os.replace(fresh, folder / "..data")
    for name in keys:
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(f"..data/{name}")
    for file in folder.iterdir():
        if file.is_symlink() and not file.exists():
            file.unlink()


def until(told: Callable[[], bool]) -> None:
    """Wait until the server has seen what changed."""
    end = time.monotonic() + 60
    while not told():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def guarded(serve: Start, tmp_path: Path) -> tuple[Server, Path]:
    keys = tmp_path / "keys"
    mounted(keys, a=f"{KEY}\r\n{LINE}\n", short="short", empty="")
    return serve(ECHO, "--api-keys", str(keys)).ready(), keys


def test_only_known_keys_get_through(guarded: tuple[Server, Path]) -> None:
    server, _ = guarded
    answer = ask(server, X_API_KEY=KEY)
    assert answer.status == 200
    (seen,) = answer.data["predictions"]
    assert "x-api-key" not in seen
    refused = {
        "nothing": ask(server),
        "other": ask(server, X_API_KEY=OTHER),
        "short": ask(server, X_API_KEY="short"),
        "empty": ask(server, X_API_KEY=""),
        "part": ask(server, X_API_KEY=KEY[:-1]),
        "bearer": ask(server, Authorization=f"Bearer {KEY}"),
    }
    assert {name: got.status for name, got in refused.items()} == dict.fromkeys(refused, 401)
    assert refused["nothing"].data == {"error": "this endpoint wants to know who asks"}
    assert refused["other"].data == {"error": "this API key is not known here"}
    header = 'ApiKey realm="easymaker", header="x-api-key"'
    assert {got.headers["www-authenticate"] for got in refused.values()} == {header}
    assert "x-request-id" in refused["other"].headers
    assert " POST /inference 200 " in server.line(" by a")
    assert ask(server, X_API_KEY=LINE).status == 200
    assert "short does not count: it is shorter than 16" in server.line("API keys short")
    assert not [line for line in server.log if KEY in line or OTHER in line]


def test_everything_but_health_is_guarded(guarded: tuple[Server, Path]) -> None:
    server, _ = guarded
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert ask(server, "GET", path).status == 200
    closed = ["/v1/models", f"/v1/models/{NAME}", f"/v2/models/{NAME}", "/none", "/inference"]
    assert [ask(server, "GET", path).status for path in closed] == [401] * 5
    assert ask(server, path=f"/v1/models/{NAME}:predict").status == 401
    assert ask(server, "GET", f"/v2/models/{NAME}", X_API_KEY=KEY).status == 200


def test_a_long_body_without_a_key_is_read_and_refused(guarded: tuple[Server, Path]) -> None:
    server, _ = guarded
    answer = server.ask("POST", "/inference", b" " * 30_000_000, {"Connection": "close"})
    assert answer.status == 401


def test_keys_change_without_a_gap(guarded: tuple[Server, Path]) -> None:
    server, keys = guarded
    mounted(keys, a=KEY, b=OTHER)
    until(lambda: ask(server, X_API_KEY=OTHER).status == 200)
    assert ask(server, X_API_KEY=KEY).status == 200
    mounted(keys, b=OTHER)
    until(lambda: ask(server, X_API_KEY=KEY).status == 401)
    assert ask(server, X_API_KEY=OTHER).status == 200


def test_no_keys_admit_nobody(serve: Start, tmp_path: Path) -> None:
    server = serve(ECHO, "--api-keys", str(tmp_path / "none")).ready()
    assert (ask(server).status, ask(server, X_API_KEY=KEY).status) == (401, 401)


@dataclass
class Issuer:
    server: Server
    key: rsa.RSAPrivateKey
    elliptic: ec.EllipticCurvePrivateKey
    public: str

    def bearer(self, key: Any = None, alg: str = "RS256", kid: Any = "one", **claims: Any) -> str:
        told = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": time.time() + 600, **claims}
        told = {name: value for name, value in told.items() if value is not None}
        headers = {"kid": kid} if kid else {}
        return "Bearer " + jwt.encode(told, key or self.key, alg, headers)

    def ask(self, **changes: Any) -> Answer:
        return ask(self.server, Authorization=self.bearer(**changes))


def jwk(key: Any, kid: str, **more: str) -> dict[str, str]:
    name = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    public = jwt.get_algorithm_by_name(name).to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid, **more}


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    folder = tmp_path_factory.mktemp("issuer")
    key = rsa.generate_private_key(65537, 2048)
    elliptic = ec.generate_private_key(ec.SECP256R1())
    keys = [
        jwk(key, "one", alg="RS256", use="sig"),
        jwk(elliptic, "two"),
        jwk(key, "for-encryption", use="enc"),
        {"kty": "oct", "k": "c2hhcmVkLXNoYXJlZC1zaGFyZWQtc2hhcmVkLXNoYXJlZA", "kid": "shared"},
    ]
    mounted(folder / "jwt", **{"jwks.json": json.dumps({"keys": keys})})
    (folder / "handler.py").write_text(ECHO)
    arguments = ("--framework", "pytorch", "--model-dir", str(folder))
    tokens = ("--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE)
    with starting(tmp_path_factory.mktemp("run")) as start:
        server = start(*arguments, *tokens, "--jwt-keys", str(folder / "jwt" / "jwks.json"))
        yield Issuer(server.ready(), key, elliptic, json.dumps(keys[0]))


def test_a_token_gets_through(issuer: Issuer) -> None:
    answer = issuer.ask(sub="ann\n[easymaker] x")
    assert answer.status == 200
    assert "authorization" not in answer.data["predictions"][0]
    assert " POST /inference 200 " in issuer.server.line(" by ann?[easymaker]?x")
    assert issuer.ask(key=issuer.elliptic, alg="ES256", kid="two").status == 200
    assert issuer.ask(aud=["other", AUDIENCE]).status == 200
    assert issuer.ask(exp=time.time() - 5).status == 200  # clocks differ


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"exp": 1}, "this token has expired"),
        ({"exp": None}, ""),
        ({"aud": "other"}, ""),
        ({"aud": None}, ""),
        ({"iss": "https://other.example.com"}, ""),
        ({"iss": None}, ""),
        ({"nbf": 9_000_000_000}, ""),
        ({"kid": "none"}, ""),
        ({"kid": "for-encryption"}, ""),
        ({"kid": "two"}, ""),
        ({"kid": None}, ""),
        ({"alg": "RS512"}, ""),
        ({"alg": "HS256", "key": "shared-shared-shared-shared-shared", "kid": "shared"}, ""),
    ],
)
def test_other_tokens_are_refused(issuer: Issuer, changes: dict[str, Any], error: str) -> None:
    answer = issuer.ask(**changes)
    expected = {"error": error or "this token does not count here"}
    assert (answer.status, answer.data) == (401, expected)
    assert answer.headers["www-authenticate"] == 'Bearer realm="easymaker"'


def test_forged_tokens_are_refused(issuer: Issuer) -> None:
    unsigned = jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "exp": time.time() + 600}, "", "none")
    head, _, rest = issuer.bearer().partition(".")
    forged = ["", "x", unsigned, f"{head}.{rest[:-8]}AAAAAAAA", f"{head}.{rest}.x", "\xff.\xff.x"]
    answers = [ask(issuer.server, Authorization=f"Bearer {text}") for text in forged]
    answers.append(issuer.ask(key=rsa.generate_private_key(65537, 2048)))
    assert [answer.status for answer in answers] == [401] * (len(forged) + 1)
    assert not [line for line in issuer.server.log if "Traceback" in line or rest[:40] in line]


def test_issuers_keys_may_change(serve: Start, tmp_path: Path) -> None:
    old, new = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    folder = tmp_path / "jwt"
    mounted(folder, **{"keys": json.dumps({"keys": [jwk(old, "one")]})})
    tokens = (
        "--jwt-issuer",
        ISSUER,
        "--jwt-audience",
        AUDIENCE,
        "--jwt-keys",
        str(folder / "keys"),
    )
    server = serve(ECHO, *tokens).ready()
    issuer = Issuer(server, old, ec.generate_private_key(ec.SECP256R1()), "")
    assert issuer.ask().status == 200
    mounted(folder, **{"keys": "{broken"})
    until(lambda: issuer.ask().status == 200 and "keys is no set of keys" in " ".join(server.log))
    mounted(folder, **{"keys": json.dumps({"keys": [jwk(old, "one"), jwk(new, "two")]})})
    until(lambda: issuer.ask(key=new, kid="two").status == 200)
    assert issuer.ask().status == 200


def test_issuers_keys_are_fetched(serve: Start, foreign: Foreign) -> None:
    key = rsa.generate_private_key(65537, 2048)
    foreign.answers["GET", "/keys"] = (200, {"keys": [jwk(key, "one")]})
    tokens = ("--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE)
    server = serve(ECHO, *tokens, "--jwt-keys-url", f"{foreign.url}/keys").ready()
    issuer = Issuer(server, key, ec.generate_private_key(ec.SECP256R1()), "")
    until(lambda: issuer.ask().status == 200)
    assert issuer.ask(kid="two").status == 401


def test_keys_are_fetched_again_when_one_is_missed(foreign: Foreign) -> None:
    log = Log(out=io.BytesIO())
    foreign.answers["GET", "/keys"] = (500, {})
    keys = KeyUrl(f"{foreign.url}/keys", log, period=3600, pause=0.05)
    foreign.answers["GET", "/keys"] = (200, {"keys": [{"kid": "one"}]})
    until(lambda: keys.current() == [{"kid": "one"}])
    for answer in ((200, {"keys": "none"}), (200, b"<html>"), (503, {})):
        foreign.answers["GET", "/keys"] = answer
        keys.missed()
    foreign.answers["GET", "/keys"] = (200, {"keys": [{"kid": "two"}]})

    def renewed() -> bool:
        keys.missed()
        return keys.current() == [{"kid": "two"}]

    until(renewed)


def test_key_and_token_are_alternatives(serve: Start, tmp_path: Path) -> None:
    keys, folder = tmp_path / "keys", tmp_path / "jwt"
    mounted(keys, a=KEY)
    key = rsa.generate_private_key(65537, 2048)
    mounted(folder, **{"jwks.json": json.dumps({"keys": [jwk(key, "one")]})})
    tokens = ("--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE)
    server = serve(
        ECHO, "--api-keys", str(keys), *tokens, "--jwt-keys", str(folder / "jwks.json")
    ).ready()
    token = Issuer(server, key, ec.generate_private_key(ec.SECP256R1()), "").bearer()
    assert ask(server, X_API_KEY=KEY).status == 200
    assert ask(server, Authorization=token).status == 200
    assert ask(server, X_API_KEY=OTHER, Authorization=token).status == 200
    neither = ask(server, X_API_KEY=OTHER)
    assert neither.status == 401
    assert neither.headers["www-authenticate"] == (
        'ApiKey realm="easymaker", header="x-api-key", Bearer realm="easymaker"'
    )
