"""A browser that signs in, and an OpenID issuer that lets everybody in as who they say they are."""

import http.client
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa


class Browser:
    """Cookies by host and port, and no more. Whatever the host, this machine is asked."""

    def __init__(self) -> None:
        self.cookies: dict[str, dict[str, str]] = {}

    def ask(self, url: str, form: dict[str, str] | None = None, **said: str) -> tuple[int, str]:
        """Status, and where it leads or what it is."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
        jar = self.cookies.setdefault(parts.netloc, {})
        headers = {
            "Host": parts.netloc,
            "Cookie": "; ".join(f"{k}={v}" for k, v in jar.items()),
            **said,
        }
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            place = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
            body = None if form is None else urlencode(form)
            connection.request("GET" if form is None else "POST", place, body, headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = cookie.partition(";")[0].partition("=")
                jar[name] = value
            return answer.status, answer.headers.get("Location") or answer.read().decode()
        finally:
            connection.close()

    def sign_in(self, url: str, person: str) -> tuple[int, str]:
        """From a page to the issuer and back."""
        status, place = self.ask(url)
        assert status == 302
        assert dict(parse_qsl(urlsplit(place).query))["code_challenge_method"] == "S256"
        status, place = self.ask(place, {"sub": person})
        assert status == 302, place
        return self.ask(place)


ISSUER = """\
import base64, hashlib, http.server, json, secrets, sys, time
from urllib.parse import parse_qsl, urlencode, urlsplit

issuer, client, n, e, d = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
known = {}


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def whole(number):
    return text(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def signed(claims):
    parts = [{"alg": "RS256", "typ": "JWT", "kid": "one"}, claims]
    said = ".".join(text(json.dumps(part).encode()) for part in parts)
    size = (n.bit_length() + 7) // 8
    digest = SHA256 + hashlib.sha256(said.encode()).digest()
    padded = b"\\0\\1" + b"\\xff" * (size - len(digest) - 3) + b"\\0" + digest
    return said + "." + text(pow(int.from_bytes(padded, "big"), d, n).to_bytes(size, "big"))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/.well-known/openid-configuration":
            self.answer({
                "issuer": issuer,
                "authorization_endpoint": issuer + "/authorize",
                "token_endpoint": issuer + "/token",
                "jwks_uri": issuer + "/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            })
        else:
            key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "one"}
            self.answer({"keys": [{**key, "n": whole(n), "e": whole(e)}]})

    def do_POST(self):
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        asked = dict(parse_qsl(urlsplit(self.path).query))
        if self.path != "/token":
            code = secrets.token_hex()
            known[code] = (form["sub"], asked)
            back = urlencode({"code": code, "state": asked["state"]})
            self.send_response(302)
            self.send_header("Location", asked["redirect_uri"] + "?" + back)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        person, asked = known.pop(form["code"])
        proof = text(hashlib.sha256(form["code_verifier"].encode()).digest())
        assert proof == asked["code_challenge"]
        claims = {"iss": issuer, "aud": client, "sub": person, "email": person,
                  "email_verified": True, "iat": int(time.time()), "exp": int(time.time()) + 600}
        if "nonce" in asked:
            claims["nonce"] = asked["nonce"]
        self.answer({"access_token": "x", "token_type": "Bearer", "expires_in": 600,
                     "id_token": signed(claims)})

    def answer(self, document):
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""
"""For a pod, as the one that tests have from a package is not for its Python."""


def issuer(url: str, client: str) -> list[str]:
    """The command of the issuer, with a key of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_numbers()
    public = key.public_numbers
    numbers = [str(number) for number in (public.n, public.e, key.d)]
    return ["python3", "-c", ISSUER, url, client, *numbers]
