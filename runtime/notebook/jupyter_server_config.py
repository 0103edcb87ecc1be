"""Settings of every notebook's Jupyter server, in /etc/jupyter. A user's own win over them."""

import os

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - Jupyter brings it

# Taken out of the environment, so that no kernel or terminal inherits it.
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
# A trash folder would fill the data volume with what people think is gone.
c.FileContentsManager.delete_to_trash = False
