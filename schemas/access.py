"""Who may ask an endpoint: keys and tokens, named by the Secret or ConfigMap that holds them."""

from typing import Annotated

from pydantic import Discriminator, Tag

from schemas import cluster_types as c
from schemas import types as t
from schemas.base import StrictModel
from schemas.storage import FromConfig, credential_form


class KeysOfSecret(StrictModel):
    secret: c.ObjectName
    """Name of a Secret that exists in the workspace's namespace: each line of a value is a key of
    at least 16 characters, and all of them count. Changing the Secret counts about a minute
    later, without a restart."""


ApiKeys = Annotated[
    Annotated[FromConfig, Tag("pulumi_config")] | Annotated[KeysOfSecret, Tag("secret")],
    Discriminator(
        credential_form,
        custom_error_type="credential",
        custom_error_message="a credential is named, never written",
    ),
]
"""Of a Secret that exists, or lines of one value of the stack's configuration."""


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
    jwks: Jwks | None = None
    """The issuer's public keys, from a ConfigMap. Without it `jwks_url` is where they are."""
    jwks_url: c.DocumentUrl | None = None
    """Where the issuer publishes its keys; pods of stages may reach it. They are fetched every 5
    minutes, and when a token names another one. Without it they are in `jwks`."""


class Access(StrictModel):
    api_keys: ApiKeys | None = None
    """Keys that callers send as `X-Api-Key`, one a line: `{secret: NAME}` or
    `{pulumi_config: KEY}`, never themselves. Without it none are asked for."""
    jwt: Jwt | None = None
    """Tokens that callers send as `Authorization: Bearer`. Without it none are asked for."""
