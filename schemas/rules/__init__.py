"""Rules between the parts of a workspace: one module a topic, one function a rule.

A rule reports with `spec.report` and judges only what is right in itself (`spec.has`): what has a
problem of its own gets no second one.
"""

from schemas.rules import (
    endpoint,
    host,
    model,
    notebook,
    platform,
    quota,
    storage,
    target,
    training,
)
from schemas.spec import Spec


def check_rules(spec: Spec) -> None:
    """Report everything that breaks a rule."""
    for topic in (platform, target, training, model, endpoint, notebook, storage, host, quota):
        topic.check(spec)
