"""IAM policies of a workspace's pods: what each use reads and writes, and nothing beside it.

Addresses on stores that have keys of their own need no role. NAS is mounted by the node.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from components.manifests import collector, identity, places, stores
from components.manifests.aws import trust
from components.manifests.aws.trust import Document
from components.manifests.served import Served
from schemas import resolved
from schemas.address import Address
from schemas.logs import CloudWatch
from schemas.revision import LENGTH
from schemas.text import to_json

LONGEST = 10_240
"""Characters that AWS allows the policies of a role, without white space."""
COLLECTOR = "collector"
"""The use of what sends log records to CloudWatch; the others are `identity`'s."""
_BEYOND = re.compile(r"[^\t\n\r\x20-\xff]+")
"""What PutRolePolicy takes no document with: its pattern is [\u0009\u000a\u000d\u0020-\u00ff]+."""
_ANY_REVISION = "?" * LENGTH
_WRITING = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]


@dataclass(frozen=True)
class Grant:
    """Patterns as IAM has them: of keys to read and write, and of prefixes to list, each with its
    bucket."""

    read: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    write: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    listed: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def __or__(self, other: "Grant") -> "Grant":
        return Grant(self.read | other.read, self.write | other.write, self.listed | other.listed)

    def __bool__(self) -> bool:
        return bool(self.read or self.write)


def grants(workspace: resolved.Workspace, settled: Iterable[Served]) -> dict[str, Grant]:
    """By use; `settled` is what stages serve. A use that needs nothing is not in it."""
    platform = workspace.platform
    found = {
        identity.TRAINING: _all(_training(workspace, t) for t in workspace.trainings.values()),
        identity.SERVING: _all(
            [
                *(_model(platform, model) for model in _served_models(workspace)),
                *(_artifact(platform, item.address, bool(item.training)) for item in settled),
            ]
        ),
        identity.LOGS: _all(
            [
                *(
                    _folder(platform, places.tensorboard(workspace, name))
                    for name in workspace.experiments
                ),
                *([_folder(platform, places.logs(workspace))] if workspace.experiments else []),
            ]
        ),
    }
    return {use: grant for use, grant in sorted(found.items()) if grant}


class NoPolicy(Exception):
    """A role can't have such a policy; the sentence says what to do."""


def policies(workspace: resolved.Workspace, settled: Iterable[Served]) -> dict[str, Document]:
    """By use. Raises NoPolicy."""
    found = {
        use: policy(workspace.platform, grant) for use, grant in grants(workspace, settled).items()
    }
    logs = workspace.platform.logs
    if isinstance(logs, CloudWatch) and collector.has_role(workspace.platform, logs):
        found[COLLECTOR] = _sending(workspace.platform, logs)
    for use, document in found.items():
        text = to_json(document)
        if beyond := sorted(set(_BEYOND.findall(text))):
            raise NoPolicy(
                f"the role of pods for {use} would need a policy with {', '.join(beyond)}, and AWS "
                "takes no letters beyond those of Western Europe in one: call the folders "
                "otherwise, or give their store credentials of its own"
            )
        if (length := len(text)) > LONGEST:
            raise NoPolicy(
                f"the role of pods for {use} would need a policy of {length} characters, and AWS "
                f"takes {LONGEST}: keep what they read and write in fewer folders, or in several "
                "workspaces"
            )
    return found


def account(workspace: resolved.Workspace, use: str) -> tuple[str, str]:
    """Namespace and service account of the pods of a use."""
    if use == COLLECTOR:
        return collector.namespace_name(workspace), collector.NAME
    return workspace.name, use


def _sending(platform: resolved.Platform, logs: CloudWatch) -> Document:
    """Records to one log group, which is made if it is missing, and nothing out of it."""
    there = platform.outputs
    group = _literal(logs.log_group)
    arn = f"arn:{there.partition}:logs:{logs.region}:{there.account}:log-group:{group}"
    return trust.policy(
        {
            "Sid": "Send",
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [arn, f"{arn}:*"],
        }
    )


def policy(platform: resolved.Platform, grant: Grant) -> Document:
    """The IAM policy that grants it. Keys that stand for more than others leave those out."""
    partition, key = platform.outputs.partition, platform.outputs.key_arn

    def arns(patterns: frozenset[tuple[str, str]]) -> list[str]:
        return [f"arn:{partition}:s3:::{bucket}/{keys}" for bucket, keys in _fewest(patterns)]

    found: list[Document] = [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": arns(grant.read | grant.write),
        }
    ]
    if grant.write:
        found.append(
            {"Sid": "Write", "Effect": "Allow", "Action": _WRITING, "Resource": arns(grant.write)}
        )
    for number, bucket in enumerate(sorted({bucket for bucket, _ in grant.listed})):
        prefixes = [keys for own, keys in _fewest(grant.listed) if own == bucket]
        found.append(
            {
                "Sid": f"List{number}",
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": f"arn:{partition}:s3:::{bucket}",
                "Condition": {"StringLike": {"s3:prefix": prefixes}},
            }
        )
    if key:
        via = f"s3.{platform.outputs.region}.amazonaws.com"
        actions = ["kms:Decrypt", *(["kms:GenerateDataKey"] if grant.write else [])]
        found.append(
            {
                "Sid": "Key",
                "Effect": "Allow",
                "Action": actions,
                "Resource": key,
                "Condition": {"StringEquals": {"kms:ViaService": via}},
            }
        )
    return trust.policy(*found)


def _training(workspace: resolved.Workspace, training: resolved.Training) -> Grant:
    platform = workspace.platform
    read = [training.code, *training.input_data.values()]
    if training.checkpoint_input is not None:
        read.append(training.checkpoint_input)
    events = places.tensorboard(workspace, training.experiment.name)
    write = [
        places.below(events, places.run_name(training)),
        places.run_logs(workspace, training),
        places.output(training),
    ]
    if (checkpoint := places.checkpoint(training)) is not None:
        write.append(checkpoint)
    granted = [_folder(platform, address, may_be_object=True) for address in read]
    # A revision that runs goes on when the next one is applied.
    granted += [
        replace(grant, write=grant.read)
        for grant in (_folder(platform, address, training.revision) for address in write)
    ]
    return _all(granted)


def _served_models(workspace: resolved.Workspace) -> list[resolved.Model]:
    stages = [stage for item in workspace.endpoints.values() for stage in item.stages.values()]
    return list({stage.model.name: stage.model for stage in stages}.values())


def _model(platform: resolved.Platform, model: resolved.Model) -> Grant:
    """Of a training any revision: pods must not wait for IAM when the next one is complete."""
    if isinstance(model.source, Address):
        return _artifact(platform, model.source, made=False)
    output = places.below(places.output(model.source), "model")
    return _artifact(platform, output, made=True, revision=model.source.revision)


def _artifact(
    platform: resolved.Platform, address: Address, made: bool, revision: str = ""
) -> Grant:
    """An artifact, and if a training made it the completion record beside it."""
    grant = _folder(platform, address, revision)
    if not made or not grant:
        return grant
    output = places.parent(address)
    ((bucket, beside),) = _folder(platform, output, revision).listed
    beside = beside.removesuffix("*")
    record = Grant(
        read=frozenset({(bucket, f"{beside}completion.json")}),
        listed=frozenset({(bucket, beside)}),
    )
    return grant | record


def _folder(
    platform: resolved.Platform,
    address: Address,
    revision: str = "",
    may_be_object: bool = False,
) -> Grant:
    """All below an address, of any `revision` that is in it."""
    if address.scheme == "nas" or not stores.has_role(platform, address.host):
        return Grant()
    bucket, path = stores.bucket(platform, address), _literal(address.path)
    if revision:
        path = path.replace(revision, _ANY_REVISION)
    below = f"{path}/*".lstrip("/")
    read = {below, path} if may_be_object and path else {below}
    return Grant(
        read=frozenset((bucket, keys) for keys in read), listed=frozenset({(bucket, below)})
    )


def _literal(path: str) -> str:
    """A path that IAM takes as it is written."""
    return "".join(f"${{{letter}}}" if letter in "*?$" else letter for letter in path)


def _all(found: Iterable[Grant]) -> Grant:
    whole = Grant()
    for grant in found:
        whole |= grant
    return whole


def _fewest(patterns: frozenset[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without those that lie in a folder which is among them as a whole."""
    folders = {(b, k.removesuffix("*")) for b, k in patterns if k.endswith("/*") or k == "*"}
    return sorted(
        (bucket, keys)
        for bucket, keys in patterns
        if not any(
            bucket == own and keys.startswith(folder) and keys != f"{folder}*"
            for own, folder in folders
        )
    )
