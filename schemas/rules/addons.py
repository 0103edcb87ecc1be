"""A cluster's add-ons: nothing stands between their parts."""

from schemas.addons import ClusterAddons
from schemas.spec import Spec


def check(spec: Spec, addons: ClusterAddons) -> None:
    pass
