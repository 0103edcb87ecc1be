"""What a run of Pulumi was doing when it was killed, as the stack's state says."""

import copy
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
Thing = tuple[str, str]
"""Its URN and its id."""
CREATING, UPDATING, DELETING = "creating", "updating", "deleting"
_NOTES = "__defaults"
_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:(\d{12}):")


@dataclass(frozen=True)
class Operation:
    """An operation on a thing of AWS that was begun, and whose end nobody wrote down.

    `tags` are all that the thing was to have.
    """

    kind: str
    resource: Document
    region: str
    tags: Mapping[str, str]

    @property
    def urn(self) -> str:
        found: str = self.resource["urn"]
        return found

    @property
    def id(self) -> str:
        """Empty of one that was being made."""
        found: str = self.resource.get("id") or ""
        return found

    @property
    def inputs(self) -> Document:
        found: Document = self.resource.get("inputs") or {}
        return found

    @property
    def type(self) -> str:
        return self.urn.split("::")[2].rpartition("$")[2]

    def __str__(self) -> str:
        return f"{self.type} {self.urn.split('::')[-1]}"


Made = tuple[Operation, str]
"""A creation, and the id that was found of what it has made."""


def operations(state: Document) -> list[Operation]:
    """Those of an exported stack. Of other providers there are none to take in: an object in
    Kubernetes is applied again."""
    found = []
    for pending in _deployment(state).get("pending_operations") or []:
        resource = pending["resource"]
        if resource["type"].startswith("aws:") and pending["type"] in (
            CREATING,
            UPDATING,
            DELETING,
        ):
            provider = _provider(state, resource)
            inputs = resource.get("inputs") or {}
            found.append(
                Operation(
                    kind=pending["type"],
                    resource=resource,
                    region=inputs.get("region") or provider["region"],
                    tags={**_default_tags(provider), **(inputs.get("tags") or {})},
                )
            )
    return found


def known(state: Document, type_: str) -> set[Thing]:
    """All things of a type that the state has. Of one that is replaced by another with its name
    nothing is left."""
    return {
        (resource["urn"], resource["id"])
        for resource in _deployment(state).get("resources") or []
        if resource["type"] == type_ and resource.get("id") and not _makes_way(resource)
    }


def accounts(state: Document) -> set[str]:
    """Of AWS, in which the state has things; empty if they don't say."""
    found = (
        _ARN.match(str((resource.get("outputs") or {}).get("arn")))
        for resource in _deployment(state).get("resources") or []
        if resource["type"].startswith("aws:")
    )
    return {match[1] for match in found if match}


def asks_passphrase(state: Document) -> bool:
    """Whether it is what the state's secrets are encrypted with, and no key of a cloud's."""
    provider = _deployment(state).get("secrets_providers") or {}
    return bool(provider.get("type") == "passphrase")


def urns(state: Document) -> set[str]:
    """Of all that the state has."""
    return {resource["urn"] for resource in _deployment(state).get("resources") or []}


def settled(state: Document, taken: Iterable[Made]) -> Document:
    """The state without pending operations, and with what was made.

    The next run looks at each of those before anything else. The engine keeps creations of
    earlier runs beside those of the last, so that one URN may have made several: the last counts.
    """
    new = copy.deepcopy(state)
    deployment = _deployment(new)
    resources: list[Document] = deployment["resources"]
    del deployment["pending_operations"]
    for operation, id in taken:
        outputs = {**_plain(operation.inputs), "id": id}
        made = {**operation.resource, "id": id, "outputs": outputs, "refreshBeforeUpdate": True}
        at = len(resources)
        for old in resources[:]:
            if old["urn"] != operation.urn or old.get("delete"):
                continue
            # It was to replace another, which goes when all that used it uses this one.
            at = resources.index(old)
            if _makes_way(old):
                resources.remove(old)
            else:
                old["delete"] = True
        resources.insert(at, made)
    return new


def _deployment(state: Document) -> Document:
    found: Document = state.get("deployment") or {}
    return found


def _makes_way(resource: Document) -> bool:
    return bool(resource.get("pendingReplacement"))


def _provider(state: Document, resource: Document) -> Document:
    """The inputs of a resource's provider."""
    urn = resource["provider"].rpartition("::")[0]
    found = (item for item in _deployment(state)["resources"] if item["urn"] == urn)
    inputs: Document = next(found)["inputs"]
    return inputs


def _default_tags(provider: Document) -> dict[str, str]:
    # What is not a text is one of JSON in a provider's inputs.
    given = provider.get("defaultTags") or {}
    found: dict[str, Any] = json.loads(given) if isinstance(given, str) else given
    return found.get("tags") or {}


def _plain(value: Any) -> Any:
    """Inputs without the notes that the provider has made of them."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key != _NOTES}
    return [_plain(item) for item in value] if isinstance(value, list) else value
