"""Who may ask an endpoint: keys and tokens, named by the Secret or ConfigMap that holds them."""

from schemas import cluster_types as c
from schemas import types as t
from schemas.base import StrictModel


class ApiKeys(StrictModel):
    secret: c.ObjectName
    """Name of a Secret that exists in the workspace's namespace: each value of its data is a key of
    at least 16 characters, and all of them count. Changing the Secret counts about a minute
    later, without a restart."""


class Jwks(StrictModel):
    config_map: c.ObjectName
    """Name of a ConfigMap that exists in the workspace's namespace."""
    key: c.SecretKey = "jwks.json"
    """Key of its data, with the issuer's JSON web key set. Defaults to `jwks.json`."""


class Jwt(StrictModel):
    issuer: t.Word
    """Who makes the tokens: their `iss`."""
    audience: t.Word
    """Whom tokens must be meant for: in their `aud`."""
    jwks: Jwks
    """The issuer's public keys."""


class Access(StrictModel):
    api_keys: ApiKeys | None = None
    """Keys that callers send as `X-Api-Key`. Without it none are asked for."""
    jwt: Jwt | None = None
    """Tokens that callers send as `Authorization: Bearer`. Without it none are asked for."""
