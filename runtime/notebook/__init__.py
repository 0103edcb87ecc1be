"""Start-up of a notebook's container: scripts, kernels of the user's environments, JupyterLab.

Installed at `/opt/easymaker/notebook` of the notebook images, started by `easymaker-notebook`.
"""
