"""An endpoint with its stages: models served over HTTP."""

from typing import Annotated

from pydantic import Field

from schemas import types as t
from schemas.access import Access
from schemas.base import StrictModel
from schemas.effects import IN_PLACE, ROLL, TAKE_OVER, Cost, Effect, OnChange
from schemas.ranges import Range, Within
from schemas.scalar import pattern
from schemas.tags import Tags

# Of `.` and `..` clients and gateways make another path.
_SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._~:-]+"
ResourcePath = Annotated[
    str,
    *pattern(
        f"/(?:{_SEGMENT}(?:/{_SEGMENT})*)?",
        "resource-path",
        "path of a URL",
        255,
        "such as /inference; no part of it is empty, '.' or '..'",
    ),
]


AWS_SECONDS = 30
"""An HTTP API of API Gateway waits so long for an answer, and can't be made to wait longer."""
AWS_MEGABYTES = 10
"""It takes bodies of this size."""
AWS_STAGES = 9
"""It has 10 stages; `$default`, which is the endpoint's own URL, is one of them."""


class Autoscaling(StrictModel):
    min: Annotated[t.Whole, Within("instances")]
    """Fewest instances."""
    max: Annotated[t.Whole, Within("instances")]
    """Most instances."""
    cpu: Annotated[t.Whole, t.between(1, 1000)] | None = None
    """Percent of the CPU that the flavor reserves, which instances use on average when they are as
    many as they should be. Without it CPU does not count."""
    memory: Annotated[t.Whole, t.between(1, 1000)] | None = None
    """Percent of the memory that the flavor reserves, as `cpu`. Without it memory does not count.
    """


class Stage(StrictModel):
    description: t.Description = ""
    """What it is about. Defaults to none."""
    model: t.Reference
    """Model to serve, a name of `models`."""
    resource_path: ResourcePath
    """Path that takes requests, such as `/inference`."""
    flavor: t.Reference
    """Size of each instance, a name of `platform.flavors`."""
    instances: Annotated[t.Whole, Within("instances")] = 1
    """Servers that share the requests. Defaults to one, which serves nothing while it is replaced
    on a lost node."""
    autoscaling: Autoscaling | None = None
    """As many instances as the load asks for, in place of `instances`. Without it their number is
    fixed."""
    max_request_size: Annotated[t.Whole, t.between(1, 1024)] = 10
    """MB of a request's body; a longer one is refused. Defaults to 10."""
    request_timeout: Annotated[t.Duration, Within(Range(1, 3600, "s"))] = 60
    """Longest time from a request's begin to its answer; a pod that goes finishes what it has for
    as long. Defaults to `1m`, on AWS to `29s`, one less than its gateway waits at
    most."""

    @property
    def most_instances(self) -> int:
        """So many there may be."""
        return self.autoscaling.max if self.autoscaling else self.instances


class Endpoint(StrictModel):
    description: t.Description = ""
    """What it is about. Defaults to none."""
    default_stage: t.Reference
    """Stage that the endpoint's own host serves, a name of `stages`."""
    stages: Annotated[dict[t.Name, Stage], Field(min_length=1)]
    """What is served, each under a host of its own."""
    access: Access = Access()
    """Who may ask: whoever one of these admits. Defaults to everybody who reaches the gateway."""
    traffic: dict[t.Reference, Annotated[t.Whole, t.between(0, 100)]] = Field(default_factory=dict)
    """Percent of the requests at the endpoint's own host that each stage gets, 100 in all, the
    default stage some. Without it the default stage gets all."""
    log_management: bool = False
    """Whether access logs are JSON lines with EasyMaker's fields. Defaults to plain lines."""
    tags: Tags = Field(default_factory=dict)
    """Labels for people. Defaults to none."""
    deletion_protection: bool = False
    """Whether leaving the spec is refused. Defaults to deletable."""


CHANGES = {
    "description": IN_PLACE,
    "default_stage": OnChange(
        Effect.IN_PLACE, "requests go to the new stage once it answers; the old one stays"
    ),
    "access": OnChange(
        Effect.RESTART,
        "stages are replaced instance by instance; then callers without a valid key or token are "
        "refused",
        (Cost.SERVING_INTERRUPTED,),
    ),
    "traffic": OnChange(Effect.IN_PLACE, "requests are shared anew once each stage answers"),
    "log_management": ROLL,
    "tags": IN_PLACE,
    "deletion_protection": IN_PLACE,
}
CREATED = OnChange(Effect.CREATE)
_NO_ANSWER = (Cost.SERVING_INTERRUPTED,)
DELETED = OnChange(Effect.DELETE, "serving ends, with all its stages", _NO_ANSWER)
STAGE_CHANGES = {
    "description": IN_PLACE,
    "model": TAKE_OVER,
    "resource_path": OnChange(
        Effect.RESTART, "calls of the old path fail once an instance has been replaced", _NO_ANSWER
    ),
    "flavor": ROLL,
    "instances": IN_PLACE,
    "autoscaling": IN_PLACE,
    "max_request_size": ROLL,
    "request_timeout": ROLL,
}
STAGE_CREATED = OnChange(Effect.CREATE)
STAGE_DELETED = OnChange(Effect.DELETE, "calls of the stage's own host fail", _NO_ANSWER)
