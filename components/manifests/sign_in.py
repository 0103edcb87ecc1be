"""A proxy in front of a notebook or TensorBoard that lets in whom an OpenID issuer knows.

It passes on the token of what stands behind it as the password of basic authentication, with the
person's address as the user.
"""

from components.manifests import Manifest, pods, tokens
from components.manifests.stores import CREDENTIALS, config_secret_key
from schemas import resolved
from schemas.sign_in import SignIn
from schemas.storage import FromConfig

PORT = 4180
COOKIE_ENTRY = "cookie"
"""Key of the data in the Secret of the token: what the proxy's cookies are sealed with."""
_CLIENT_SECRET = "client_secret"  # noqa: S105
_VARIABLE = "OAUTH2_PROXY_"


def port(platform: resolved.Platform, own: int) -> int:
    """Where the gateway reaches what answers at its `own` port."""
    return own if platform.access is None else PORT


def containers(
    platform: resolved.Platform, url: str, behind: int, open_path: str, secret: str
) -> list[Manifest]:
    """The proxy in front of port `behind`, of which `open_path` asks for nothing; none without an
    issuer. `secret` holds the token."""
    access = platform.access
    if access is None:
        return []
    return [
        {
            "name": "access",
            "image": access.image,
            "imagePullPolicy": "IfNotPresent",
            "args": [pods.literal(text) for text in arguments(access, url, behind, open_path)],
            "env": [
                _from_secret("CLIENT_SECRET", *_client_secret(access)),
                _from_secret("COOKIE_SECRET", secret, COOKIE_ENTRY),
                _from_secret("BASIC_AUTH_PASSWORD", secret, tokens.ENTRY),
            ],
            "ports": [{"name": "access", "containerPort": PORT}],
            "readinessProbe": {
                "httpGet": {"path": "/ping", "port": PORT},
                "periodSeconds": 5,
                "timeoutSeconds": 5,
            },
            "resources": pods.small_resources("500m", "128Mi"),
            "securityContext": {
                **pods.CONTAINER_SECURITY,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "runAsUser": pods.RESTRICTED_USER,
                "runAsGroup": pods.RESTRICTED_USER,
            },
        }
    ]


def arguments(access: SignIn, url: str, behind: int, open_path: str) -> list[str]:
    """The proxy's. No request is logged: addresses may hold what is nobody's business."""
    scope = "openid email profile" + (" groups" if access.groups else "")
    return [
        "--provider=oidc",
        f"--oidc-issuer-url={access.issuer}",
        f"--client-id={access.client_id}",
        f"--scope={scope}",
        "--code-challenge-method=S256",
        f"--redirect-url={url}/oauth2/callback",
        *(f"--email-domain={domain}" for domain in access.email_domains),
        *(f"--allowed-group={group}" for group in access.groups),
        f"--http-address=:{PORT}",
        f"--upstream=http://127.0.0.1:{behind}/",
        f"--skip-auth-route=GET=^{open_path}$",
        "--reverse-proxy=true",
        "--skip-provider-button=true",
        "--pass-basic-auth=true",
        "--prefer-email-to-user=true",
        "--request-logging=false",
        "--cookie-name=easymaker_sign_in",
        "--cookie-samesite=lax",
        f"--cookie-secure={str(url.startswith('https://')).lower()}",
    ]


def _client_secret(access: SignIn) -> tuple[str, str]:
    given = access.client_secret
    if isinstance(given, FromConfig):
        return CREDENTIALS, config_secret_key(given.pulumi_config)
    return given.secret, given.key or _CLIENT_SECRET


def _from_secret(variable: str, name: str, key: str) -> Manifest:
    source = {"secretKeyRef": {"name": name, "key": key}}
    return {"name": f"{_VARIABLE}{variable}", "valueFrom": source}
