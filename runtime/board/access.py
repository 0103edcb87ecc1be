"""A door in front of a WSGI application: who has the token gets in, and a browser a cookie.

The same ways lead in as at a Jupyter server: `/login?token=...&next=/`, `?token=...` at any path,
the header `Authorization: Bearer ...`, `token ...` or `Basic ...` with it as the password, and a
form for who has none of these.
"""

import base64
import hmac
import re
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

HEALTH = "/healthz"
"""Answers everybody, with nothing but that it does."""
LOGIN = "/login"
COOKIE = "easymaker-access"
_FORM_BYTES = 4096
_AUTHORIZATION = re.compile(r"(?:(?:bearer|token)\s+(\S+)|basic\s+(\S+))\s*", re.IGNORECASE)
# A path of this host; `//host` and `/\\host` would lead to another.
_INSIDE = re.compile(r"/(?![/\\])[^\s\\]*")
_PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>TensorBoard</title></head>
<body style="font-family: sans-serif; margin: 4em auto; max-width: 36em">
<h1>TensorBoard</h1>
<p>This experiment opens with its token: <code>emctl open SPEC experiment/NAME</code>.</p>
<form method="post" action="/login">
<input type="password" name="token" aria-label="Token" autofocus required>
<button type="submit">Open</button>
</form></body></html>
"""

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class Access:
    """The application behind its door. No answer lets the token into a Referer."""

    def __init__(self, app: Callable[..., Iterable[bytes]], token: str) -> None:
        self._app = app
        self._token = token
        # Who sees a cookie does not know the token.
        self._cookie = hmac.new(token.encode(), b"cookie", "sha256").hexdigest()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        given = dict(query).get("token", "")
        if path == HEALTH:
            return _answer(start_response, "200 OK", "text/plain", "ok\n")
        if path == LOGIN:
            return self._log_in(environ, start_response, given, dict(query).get("next", "/"))
        by_query = self._is_token(given)
        if not (by_query or self._is_known(environ)):
            return _refuse(environ, start_response)
        # TensorBoard needs it for nothing, and might say it in an error.
        left = [(key, value) for key, value in query if key != "token"]
        if len(left) != len(query):
            environ = {**environ, "QUERY_STRING": urlencode(left)}
        cookie = [self._set_cookie(environ)] if by_query else []
        return self._app(environ, _with(start_response, cookie))

    def _log_in(
        self, environ: Environ, start_response: StartResponse, given: str, then: str
    ) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            given = _form(environ).get("token", [""])[0]
        if not self._is_token(given):
            return _refuse(environ, start_response)
        place = then if _INSIDE.fullmatch(then) else "/"
        headers = [("Location", quote(place, safe="/?&=%#:,+;@!$'()*~")), self._set_cookie(environ)]
        return _answer(start_response, "303 See Other", "text/plain", "", headers)

    def _is_known(self, environ: Environ) -> bool:
        header = _AUTHORIZATION.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
        if header and self._is_token(header[1] or _password(header[2])):
            return True
        try:
            cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
        except CookieError:
            return False
        return COOKIE in cookies and _same(cookies[COOKIE].value, self._cookie)

    def _is_token(self, given: str) -> bool:
        return _same(given, self._token)

    def _set_cookie(self, environ: Environ) -> tuple[str, str]:
        """Of this host and this session of the browser, and no page's script can read it."""
        forwarded = environ.get("HTTP_X_FORWARDED_PROTO") or environ.get("wsgi.url_scheme")
        secure = "; Secure" if forwarded == "https" else ""
        return "Set-Cookie", f"{COOKIE}={self._cookie}; Path=/; HttpOnly; SameSite=Lax{secure}"


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _password(given: str) -> str:
    try:
        return base64.b64decode(given).decode().partition(":")[2]
    except ValueError:
        return ""


def _form(environ: Environ) -> dict[str, list[str]]:
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return {}
    if not 0 < length <= _FORM_BYTES:
        return {}
    return parse_qs(environ["wsgi.input"].read(length).decode("utf-8", "replace"))


def _refuse(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    headers = [("WWW-Authenticate", "Bearer")]
    if "text/html" in environ.get("HTTP_ACCEPT", ""):
        return _answer(start_response, "401 Unauthorized", "text/html", _PAGE, headers)
    said = "TensorBoard opens with the experiment's token: emctl open SPEC experiment/NAME\n"
    return _answer(start_response, "401 Unauthorized", "text/plain", said, headers)


def _answer(
    start_response: StartResponse,
    status: str,
    kind: str,
    text: str,
    headers: list[tuple[str, str]] | None = None,
) -> Iterable[bytes]:
    body = text.encode()
    said = [
        ("Content-Type", f"{kind}; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        *(headers or []),
    ]
    _with(start_response, [])(status, said)
    return [body]


def _with(start_response: StartResponse, more: list[tuple[str, str]]) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        policy = ("Referrer-Policy", "no-referrer")
        return start_response(status, [*headers, *more, policy], *rest)

    return start
