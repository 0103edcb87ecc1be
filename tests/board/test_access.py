"""The door in front of TensorBoard, as a WSGI server calls it."""

import base64
import io
from collections.abc import Iterable
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from board.access import COOKIE, HEALTH, Access

TOKEN = "opensesame-7f3c"
Answer = tuple[str, dict[str, str], str]


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"inside {environ['PATH_INFO']}?{environ['QUERY_STRING']}".encode()]


def ask(path: str, query: str = "", form: str | None = None, **headers: str) -> Answer:
    environ: dict[str, Any] = {"PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": ""}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    if form is not None:
        environ |= {
            "REQUEST_METHOD": "POST",
            "CONTENT_LENGTH": str(len(form)),
            "wsgi.input": io.BytesIO(form.encode()),
        }
    setup_testing_defaults(environ)
    said: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        said[:] = [status, dict(headers)]
        return lambda _: None

    answer = validator(Access(application, TOKEN))(environ, start)
    try:
        body = b"".join(answer).decode()
    finally:
        answer.close()  # type: ignore[attr-defined]
    return said[0], said[1], body


def cookie_of(answer: Answer) -> str:
    return answer[1]["Set-Cookie"].partition(";")[0]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": TOKEN},
        {"authorization": f"Basic {TOKEN}"},
        {"cookie": f"{COOKIE}={TOKEN}"},
        {"cookie": f"{COOKIE}="},
        {"cookie": "\x00"},
        {"cookie": f"{COOKIE}=\xff"},
    ],
)
@pytest.mark.parametrize("query", ["", "token=", "token=wrong", "token=%ff", "Token=" + TOKEN])
def test_nobody_gets_in_without_the_token(headers: dict[str, str], query: str) -> None:
    status, said, body = ask("/data/runs", query, **headers)
    assert status.startswith("401")
    assert "inside" not in body
    assert "Set-Cookie" not in said
    assert TOKEN not in repr((said, body))


def test_the_address_with_the_token_leads_inside_with_a_cookie_and_without_the_token() -> None:
    answer = ask("/login", f"token={TOKEN}&next=/%23timeseries")
    status, said, _ = answer
    assert status.startswith("303")
    assert said["Location"] == "/#timeseries"
    assert said["Referrer-Policy"] == "no-referrer"
    assert TOKEN not in repr(answer)
    assert said["Set-Cookie"].endswith("; Path=/; HttpOnly; SameSite=Lax")
    assert ask("/", cookie=f"other=1; {cookie_of(answer)}")[2] == "inside /?"
    assert ask("/login", f"token={TOKEN}", x_forwarded_proto="https")[1]["Set-Cookie"].endswith(
        "; Secure"
    )


@pytest.mark.parametrize("scheme", ["token", "Token", "Bearer", "bearer"])
def test_scripts_get_in_by_a_header(scheme: str) -> None:
    status, said, body = ask("/data/runs", "a=1", authorization=f"{scheme} {TOKEN}")
    assert (status, body) == ("200 OK", "inside /data/runs?a=1")
    assert "Set-Cookie" not in said


def test_a_proxy_gets_in_by_a_password() -> None:
    def basic(text: str) -> str:
        return "Basic " + base64.b64encode(text.encode()).decode()

    assert ask("/", authorization=basic(f"ann@ml.test:{TOKEN}"))[0] == "200 OK"
    for wrong in (basic("ann@ml.test:wrong"), basic(TOKEN), "Basic =", "Basic \xff"):
        assert ask("/", authorization=wrong)[0].startswith("401")


def test_a_token_in_the_query_works_and_goes_no_further() -> None:
    status, said, body = ask("/data/runs", f"a=%2Fx&token={TOKEN}&b=")
    assert (status, body) == ("200 OK", "inside /data/runs?a=%2Fx&b=")
    assert said["Referrer-Policy"] == "no-referrer"
    assert COOKIE in said["Set-Cookie"]


def test_people_get_a_form_and_it_lets_them_in() -> None:
    status, said, page = ask("/", accept="text/html,*/*")
    assert status.startswith("401")
    assert said["Content-Type"].startswith("text/html")
    assert 'action="/login"' in page
    answer = ask("/login", form=f"token={TOKEN}")
    assert answer[0].startswith("303")
    assert ask("/", cookie=cookie_of(answer))[0] == "200 OK"
    for form in ("token=wrong", "", f"token={TOKEN}&x=" + "x" * 5000):
        assert ask("/login", form=form)[0].startswith("401")


@pytest.mark.parametrize(
    "place", ["//elsewhere.test/", "/%5Celsewhere.test", "http://elsewhere.test", "/a%0d%0aX:%20y"]
)
def test_login_leads_to_no_other_host(place: str) -> None:
    assert ask("/login", f"token={TOKEN}&next={place}")[1]["Location"] == "/"


def test_health_is_open_and_tells_nothing() -> None:
    assert ask(HEALTH)[::2] == ("200 OK", "ok\n")
