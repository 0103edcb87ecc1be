"""How people sign in to notebooks and TensorBoards where not by tokens: with an OpenID issuer."""

from typing import Annotated

from pydantic import Field

from schemas import cluster_types as c
from schemas import types as t
from schemas.base import StrictModel
from schemas.storage import Credential


class SignIn(StrictModel):
    issuer: c.IssuerUrl
    """OpenID Connect issuer, the same from pods and from browsers: exactly what it calls itself,
    with the slash at its end if that has one."""
    client_id: t.Word
    """Client that the issuer knows; it has `<url>/oauth2/callback` of each notebook and TensorBoard
    among its redirect addresses."""
    client_secret: Credential
    """The client's secret: `{pulumi_config: KEY}` or `{secret: NAME}`, never itself."""
    image: c.FullImage
    """Image of oauth2-proxy, 7.6 or newer."""
    email_domains: Annotated[list[c.Domain], Field(min_length=1)]
    """Domains of the addresses of who may come in."""
    groups: list[t.Word] = Field(default_factory=list)
    """Groups, by the claim `groups`, of which they need one beside that. Defaults to no need."""
