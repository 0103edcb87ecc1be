"""Settings of every notebook's Jupyter server, in /etc/jupyter. A user's own win over them."""

import base64
import hmac
import os

from jupyter_server.auth.identity import PasswordIdentityProvider, User


class Provider(PasswordIdentityProvider):  # type: ignore[misc]
    """Knows, beside the token and cookies, whom a proxy in front has let in.

    The proxy names the person, with the token as the password of basic authentication. It counts
    as a cookie does: what Jupyter takes for a script is spared the checks that keep other sites'
    pages out.
    """

    def get_user(self, handler):  # type: ignore[no-untyped-def]
        kind, _, given = handler.request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                name, _, password = base64.b64decode(given).decode().partition(":")
            except ValueError:
                name = password = ""
            if name and hmac.compare_digest(password.encode(), self.token.encode()):
                return User(username=name)
        return super().get_user(handler)


c = get_config()  # type: ignore[name-defined]  # noqa: F821 - Jupyter brings it

# Taken out of the environment, so that no kernel or terminal inherits it.
c.ServerApp.identity_provider_class = Provider
# Who has the token could make a password with it, which another token would not take back.
c.PasswordIdentityProvider.allow_password_change = False
c.IdentityProvider.token = os.environ.pop("JUPYTER_TOKEN")

# All addresses of the pod: what reaches them is up to the workspace's NetworkPolicies.
c.ServerApp.ip = "*"
c.ServerApp.port = 8888
c.ServerApp.port_retries = 0
c.ServerApp.open_browser = False
c.ServerApp.root_dir = "/root/easymaker"
c.ServerApp.allow_root = True
# The gateway passes the host that the browser asked for, which is none of this pod's. Another
# site's pages stay out: a browser's Origin must be that same host (allow_origin is empty).
c.ServerApp.allow_remote_access = True
c.ServerApp.trust_xheaders = True
# An address with a token in it gets into no Referer. The host has to: downloads are checked by it.
c.ServerApp.tornado_settings = {"headers": {"Referrer-Policy": "strict-origin"}}
# A trash folder would fill the data volume with what people think is gone.
c.FileContentsManager.delete_to_trash = False
