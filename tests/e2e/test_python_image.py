"""The Python image in a pod, as a training uses it."""

import re

import pytest

from tests.support.cluster import LocalCluster, namespace, pod

pytestmark = pytest.mark.e2e


def test_python_trains_installs_and_knows_its_user(cluster: LocalCluster) -> None:
    code = (
        "from sklearn.datasets import load_iris as iris; from sklearn.svm import SVC; "
        "import sys; x, y = iris(return_X_y=True); print(sys.prefix, SVC().fit(x, y).score(x, y))"
    )
    script = f"""
        id -un; pip --version >/dev/null
        python -m venv --system-site-packages /tmp/own
        /tmp/own/bin/pip --version >/dev/null
        /tmp/own/bin/python -c "{code}"
    """
    user = {"runAsUser": 1000, "runAsGroup": 1000}
    cluster.apply(
        namespace("python-image"),
        pod("python-image", "train", ["sh", "-ec", script], securityContext=user),
    )
    at = ("-n", "python-image")
    cluster.wait(*at, "pod/train", "--for=jsonpath={.status.phase}=Succeeded")
    name, trained = cluster.kubectl(*at, "logs", "train").splitlines()
    assert name == "easymaker"
    assert re.fullmatch(r"/tmp/own 0\.9\d+", trained)
