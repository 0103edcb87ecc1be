"""The resources of a spec as commands name them: `training/iris`, `stage/iris/blue`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cli.statuses import endpoint, experiment, model, notebook, stage, training
from cli.statuses.objects import Objects
from cli.statuses.status import Status
from schemas import resolved
from schemas.nearest import close
from tools.errors import ToolError


@dataclass(frozen=True)
class Kind:
    """What holds for all resources of a kind."""

    status: Callable[[Objects, str], Status]
    words: type[StrEnum]
    goal: StrEnum
    """The word that says all is well."""
    final: frozenset[StrEnum]
    """Words that stay until a person does something: no use in waiting on."""
    api_gateway: Callable[[Objects, str], Status] | None = None


@dataclass(frozen=True, order=True)
class Target:
    """A resource of a spec; of a stage the name is `<endpoint>/<stage>`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    def status(self, objects: Objects) -> Status:
        """How it is."""
        return KINDS[self.kind].status(objects, self.name)

    def api_gateway(self, objects: Objects) -> Status | None:
        """How its route is; None for kinds without one in the console."""
        ask = KINDS[self.kind].api_gateway
        return ask(objects, self.name) if ask else None


def _failures(words: type[StrEnum]) -> frozenset[StrEnum]:
    return frozenset(word for word in words if "FAIL" in word and not word.endswith("PROGRESS"))


def _of_stage(ask: Callable[[Objects, str, str], Status]) -> Callable[[Objects, str], Status]:
    def asked(objects: Objects, name: str) -> Status:
        of, _, own = name.partition("/")
        return ask(objects, of, own)

    return asked


_TRAINING, _NOTEBOOK = training.Word, notebook.Word
KINDS = {
    "experiment": Kind(
        experiment.status,
        experiment.Word,
        experiment.Word.ACTIVE,
        _failures(experiment.Word),
    ),
    "training": Kind(
        training.status,
        _TRAINING,
        _TRAINING.COMPLETE,
        _failures(_TRAINING) | {_TRAINING.COMPLETE, _TRAINING.STOPPED},
    ),
    "model": Kind(model.status, model.Word, model.Word.ACTIVE, _failures(model.Word)),
    "endpoint": Kind(
        endpoint.status,
        endpoint.Word,
        endpoint.Word.ACTIVE,
        _failures(endpoint.Word),
        endpoint.api_gateway,
    ),
    "stage": Kind(
        _of_stage(stage.status),
        stage.Word,
        stage.Word.ACTIVE,
        _failures(stage.Word),
        _of_stage(stage.api_gateway),
    ),
    "notebook": Kind(
        notebook.status,
        _NOTEBOOK,
        _NOTEBOOK.ACTIVE_HEALTHY,
        _failures(_NOTEBOOK) | {_NOTEBOOK.STOPPED},
    ),
}


def failures(kind: str) -> frozenset[StrEnum]:
    """The words of a kind that say that something failed for good."""
    return _failures(KINDS[kind].words)


def targets(spec: resolved.Workspace) -> list[Target]:
    """All resources of a spec, each endpoint before its stages."""
    return list(_targets(spec))


def _targets(spec: resolved.Workspace) -> Iterator[Target]:
    for kind, names in (
        ("experiment", spec.experiments),
        ("training", spec.trainings),
        ("model", spec.models),
    ):
        yield from (Target(kind, name) for name in names)
    for item in spec.endpoints.values():
        yield Target("endpoint", item.name)
        yield from (Target("stage", f"{item.name}/{name}") for name in item.stages)
    yield from (Target("notebook", name) for name in spec.notebooks)


def chosen(spec: resolved.Workspace, text: str) -> list[Target]:
    """What `KIND` or `KIND/NAME` names in a spec. Raises ToolError where that is nothing."""
    kind, slash, name = text.partition("/")
    if kind not in KINDS:
        raise ToolError(f"there is no kind {kind!r}", close(kind, KINDS))
    of_kind = [target for target in targets(spec) if target.kind == kind]
    if not slash:
        return of_kind
    if found := [target for target in of_kind if target.name == name]:
        return found
    known = [target.name for target in of_kind]
    raise ToolError(f"the spec has no {kind} {name!r}", close(name, known))


def one(spec: resolved.Workspace, text: str) -> Target:
    """The only resource that `KIND/NAME`, or `KIND`, names. Raises ToolError unless it is one."""
    found = chosen(spec, text)
    if len(found) != 1:
        known = ", ".join(map(str, found))
        raise ToolError(f"which {text}? {known}" if known else f"the spec has no {text}")
    return found[0]
