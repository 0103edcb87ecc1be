"""The named types of values: each checks one thing, with the message a user gets."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from schemas import names, units
from schemas.address import MAX_LENGTH, NAS, OBS, S3, Address, parse_address
from schemas.base import refused, shown
from schemas.tree import Number, needs_quotes, scalar_text

T = TypeVar("T")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def _string(value: object) -> str:
    """Text that is no number and no boolean: names, paths, addresses."""
    if isinstance(value, str):
        return str(value)
    if scalar_text(value) is None:
        raise refused("type", f"must be text, not {shown(value)}")
    raise refused("type", f"must be text, not {_kind(value)} {shown(value)}", "put it in quotes")


def _kind(value: object) -> str:
    return "the boolean" if isinstance(value, bool) else "the number"


def _as_typed(value: object) -> str:
    """Text in which numbers and booleans count as typed: `2.10` is the text 2.10."""
    text = scalar_text(value)
    if text is None:
        raise refused("type", f"must be text, not {shown(value)}")
    return text


def _bounded(text: str, maximum: int, minimum: int = 0) -> str:
    if len(text) > maximum:
        message = f"is {len(text)} characters long, at most {maximum} are allowed"
        raise refused("length", message, f"shorten it by {len(text) - maximum}")
    if len(text) < minimum:
        raise refused("length", "is empty", "give a value or remove the key")
    return text


@dataclass(frozen=True, slots=True)
class _Scalar:
    """Builds one named type: a check, and what the JSON schema says about it."""

    check: Callable[[str], Any]
    read: Callable[[object], str] = _string

    def __call__(self, value: object) -> Any:
        return self.check(self.read(value))


def _schema(types: str | list[str] = "string", **keywords: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": types, **keywords})


def _typed_text(maximum: int, minimum: int = 0) -> tuple[PlainValidator, WithJsonSchema]:
    def check(text: str) -> str:
        if bad := _CONTROL.search(text):
            raise refused("control-text", f"holds the control character U+{ord(bad.group()):04X}")
        return _bounded(text, maximum, minimum)

    extra = {"minLength": minimum} if minimum else {}
    return (
        PlainValidator(_Scalar(check, _as_typed)),
        _schema(["string", "number", "boolean"], maxLength=maximum, **extra,
                pattern="^[^\\x00-\\x08\\x0b-\\x1f\\x7f]*$"),
    )  # fmt: skip


def check_name(text: str) -> str:
    """A name of a resource: it becomes part of object names and hosts."""
    near = names.suggestion(text)
    hint = f"did you mean {near!r}?" if near else ""
    if len(text) > names.NAME_LENGTH and names.NAME.match(text):
        return _bounded(text, names.NAME_LENGTH)
    if not names.NAME.match(text):
        message = (
            f"{shown(text)} is no name: lower-case letters, digits and single '-' between them, "
            f"a letter first, at most {names.NAME_LENGTH} characters"
        )
        raise refused("name", message, hint)
    if text.startswith(names.RESERVED):
        raise refused("reserved-name", f"{text!r} is reserved: Kubernetes owns 'kube-…'", hint)
    return text


def _matching(pattern: str, rule: str, what: str, maximum: int) -> Callable[[str], str]:
    form = re.compile(pattern + r"\Z")

    def check(text: str) -> str:
        if not form.match(_bounded(text, maximum)):
            raise refused(rule, f"{shown(text)} is no {what}")
        return text

    return check


def _pattern_type(pattern: str, rule: str, what: str, maximum: int) -> Any:
    check = _matching(pattern, rule, what, maximum)
    return PlainValidator(_Scalar(check)), _schema(pattern=f"^{pattern}$", maxLength=maximum)


_NAME_PATTERN = "^(?!kube-)[a-z](-?[a-z0-9])*$"
Name = Annotated[
    str, PlainValidator(_Scalar(check_name)), _schema(pattern=_NAME_PATTERN, maxLength=50)
]

_ENTRY, _ENTRY_SCHEMA = _pattern_type(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", "entry-name",
    "name of a platform entry: letters, digits, '.', '_' and '-', at most 63 characters", 63,
)  # fmt: skip
EntryName = Annotated[str, _ENTRY, _ENTRY_SCHEMA]

_K8S, _K8S_SCHEMA = _pattern_type(
    r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", "object-name",
    "name of a Kubernetes object: lower-case letters, digits, '-' and '.'", 253,
)  # fmt: skip
ObjectName = Annotated[str, _K8S, _K8S_SCHEMA]

_LABEL_KEY, _LABEL_KEY_SCHEMA = _pattern_type(
    r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?",
    "label-key", "Kubernetes label key, such as example.com/pool", 317,
)  # fmt: skip
LabelKey = Annotated[str, _LABEL_KEY, _LABEL_KEY_SCHEMA]


def _label_value(text: str) -> str:
    if not re.match(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?\Z", text):
        raise refused("label-value", f"{shown(text)} is no Kubernetes label value")
    return text


LabelValue = Annotated[
    str,
    PlainValidator(_Scalar(_label_value, _as_typed)),
    _schema(
        ["string", "number", "boolean"],
        pattern="^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$",
    ),
]

Reference = Annotated[str, PlainValidator(_Scalar(lambda text: text)), _schema()]
"""A name that stands elsewhere in the spec; whether it does is a rule, with a close match."""

Description = Annotated[str, *_typed_text(255)]
DisplayName = Annotated[str, *_typed_text(50, 1)]
Version = Annotated[str, *_typed_text(64, 1)]
Word = Annotated[str, *_typed_text(255, 1)]
TagKey = Annotated[str, *_typed_text(64, 1)]
TagValue = Annotated[str, *_typed_text(255)]


def _address(text: str) -> Address:
    _bounded(text, MAX_LENGTH)
    if re.match(r"[a-z0-9]+://[^/]*@", text):
        raise refused("credentials-in-clear", "an address must not hold credentials",
                      "name them in platform.object_storage")  # fmt: skip
    try:
        return parse_address(text)
    except ValueError as error:
        raise refused("address", f"{shown(text)} is no storage address", f"{error}") from None


def _json_pattern(pattern: str) -> str:
    return re.sub(r"\?P<[a-z]+>", "", pattern)


_ADDRESS = f"^(?:{_json_pattern(OBS)}|{_json_pattern(S3)}|{_json_pattern(NAS)})$"
StorageAddress = Annotated[
    Address, PlainValidator(_Scalar(_address)), _schema(pattern=_ADDRESS, maxLength=MAX_LENGTH)
]


def _obs_address(text: str) -> Address:
    address = _address(text)
    if address.scheme != "obs":
        raise refused("address", f"{shown(text)} is no obs:// address", "obs://HOST/CONTAINER/PATH")
    return address


ObsAddress = Annotated[
    Address,
    PlainValidator(_Scalar(_obs_address)),
    _schema(pattern=f"^{_json_pattern(OBS)}$", maxLength=MAX_LENGTH),
]


def _nas_address(text: str) -> Address:
    address = _address(text)
    if address.scheme != "nas":
        raise refused("address", f"{shown(text)} is no nas:// address", "nas://ID:/PATH")
    return address


NasAddress = Annotated[
    Address,
    PlainValidator(_Scalar(_nas_address)),
    _schema(pattern=f"^{_json_pattern(NAS)}$", maxLength=MAX_LENGTH),
]


def _url(text: str) -> str:
    parts = urlsplit(text)
    if "@" in parts.netloc:
        raise refused("credentials-in-clear", "a URL must not hold credentials", "name them")
    if not re.match(r"https?://[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?(?:/[^\s?#@]*)?\Z", text):
        raise refused("url", f"{shown(text)} is no http:// or https:// URL")
    return text.rstrip("/")


Url = Annotated[
    str,
    PlainValidator(_Scalar(_url)),
    _schema(pattern=r"^https?://[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[^\s?#@]*)?$"),
]

# registry[:port]/path[:tag][@digest], the grammar of the distribution project, with the tag or
# digest required: without one the cluster would take whatever `latest` is that day.
_IMAGE = (
    r"(?:(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?)/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[a-f0-9]{64})?"
)
_BARE_IMAGE = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
_FULL_IMAGE = re.compile(_IMAGE + r"\Z")


def is_full_image(text: str) -> bool:
    """Whether it names an image by tag or digest, not an entry of `built_images`."""
    return not _BARE_IMAGE.match(text)


def _image(text: str) -> str:
    full = is_full_image(text)
    if full and not (
        _FULL_IMAGE.match(text) and re.search(r"(:[^/]+|@sha256:[a-f0-9]{64})\Z", text)
    ):
        raise refused(
            "image", f"{shown(text)} is no image reference with a tag or digest",
            "such as registry.example.com/team/image:1.2",
        )  # fmt: skip
    return _bounded(text, 512)


_TAGGED = r"(?=[^@]*:[^/@]+(@|$)|.*@sha256:)"
FullImage = Annotated[
    str, PlainValidator(_Scalar(_image)), _schema(pattern=f"^{_TAGGED}{_IMAGE}$", maxLength=512)
]
Image = Annotated[
    str,
    PlainValidator(_Scalar(_image)),
    _schema(pattern=f"^(?:[a-z0-9][a-z0-9._-]*|{_TAGGED}{_IMAGE})$", maxLength=512),
]


def _whole(value: object) -> int:
    if isinstance(value, Number) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Number) and re.match(r"-?[0-9]+\Z", value.text):
        return 10**18 if value > 0 else -(10**18)  # out of every range
    hint = ""
    text = scalar_text(value)
    if text is not None and re.match(r"[0-9]{1,9}\Z", text):
        hint = f"write {int(text)}, without quotes"
    raise refused("type", f"must be a whole number, not {shown(value)}", hint)


Whole = Annotated[int, BeforeValidator(_whole)]


def between(low: int, high: int) -> Any:
    """A range that no platform changes."""
    return Field(ge=low, le=high)


def _duration(text: str) -> int:
    try:
        return units.parse_duration(text)
    except ValueError:
        raise refused(
            "duration", f"{shown(text)} is no duration", "such as 90s, 15m, 2h or 3d"
        ) from None


def _duration_text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        raise refused("duration", f"{value} has no unit", f"write {value}h for hours")
    return _string(value)


Duration = Annotated[
    int,
    PlainValidator(_Scalar(_duration, _duration_text)),
    _schema(pattern="^[1-9][0-9]{0,8}[smhd]$"),
]


def _quantity(parse: Callable[[str], int], what: str, examples: str) -> PlainValidator:
    def check(text: str) -> int:
        try:
            return parse(text)
        except ValueError:
            raise refused("quantity", f"{shown(text)} is no amount of {what}", examples) from None

    return PlainValidator(_Scalar(check, _as_typed))


Cpu = Annotated[
    int,
    _quantity(units.millicores, "CPU", "such as 2, 0.5 or 500m"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,9})?m?$"},
            ]
        }
    ),
]
"""Thousandths of a CPU."""
Memory = Annotated[
    int,
    _quantity(units.memory_bytes, "memory", "such as 2Gi or 512Mi"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,9})?(([kMGTP]|[KMGTP]i))?$"},
            ]
        }
    ),
]
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """A value as it was typed, and as it stands in the JSON of EM_HPS."""

    text: str
    """What the argument and EM_HP_<KEY> hold."""
    json: str
    """A JSON literal: an unquoted number or boolean is one, all else is a string."""


def _hyperparameter(value: object) -> Hyperparameter:
    text = scalar_text(value)
    if text is None:
        what = shown(value)
        raise refused("hyperparameter-type", f"must be text, a number or a boolean, not {what}",
                      "write JSON in quotes, such as '[64, 32]'")  # fmt: skip
    if len(text) > 1000:
        raise refused("length", f"is {len(text)} characters long, at most 1000 are allowed",
                      f"shorten it by {len(text) - 1000}, or put it into a data set")  # fmt: skip
    if "\0" in text:
        raise refused("control-text", "holds the control character U+0000")
    return Hyperparameter(text, json.dumps(text) if isinstance(value, str) else text)


HyperparameterValue = Annotated[
    Hyperparameter,
    PlainValidator(_hyperparameter),
    _schema(["string", "number", "boolean"], maxLength=1000, pattern="^[^\\x00]*$"),
]
_ARGUMENT, _ARGUMENT_SCHEMA = _pattern_type(
    r"[A-Za-z_][A-Za-z0-9_.-]*", "hyperparameter-key",
    "key that can be an argument and a variable: letters, digits, '_', '-' and '.', "
    "a letter or '_' first", 255,
)  # fmt: skip
HyperparameterKey = Annotated[str, _ARGUMENT, _ARGUMENT_SCHEMA]
_DATASET, _DATASET_SCHEMA = _pattern_type(
    r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "folder-name",
    "name of a folder and a variable: letters, digits, '_', '-' and '.', no '.' or '-' first", 36,
)  # fmt: skip
FolderName = Annotated[str, _DATASET, _DATASET_SCHEMA]


def is_typed_text(value: Hyperparameter) -> bool:
    """Whether it stood in quotes, or had no need of them."""
    return value.json != value.text or not needs_quotes(value.text)


def _entry_point(text: str) -> str:
    _bounded(text, 255)
    parts = text.split("/")
    if not re.match(r"[^\x00-\x1f\x7f]+\.py\Z", text) or any(p in ("", ".", "..") for p in parts):
        raise refused(
            "entry-point", f"{shown(text)} is no Python file below the algorithm path",
            "such as train.py",
        )  # fmt: skip
    if text.startswith("-"):
        raise refused("entry-point", f"{shown(text)} starts with '-'", "rename the file")
    return text


EntryPoint = Annotated[
    str,
    PlainValidator(_Scalar(_entry_point)),
    _schema(
        pattern=r"^(?!-)(?!\.{1,2}/)(?!.*/\.{0,2}/)(?!/)[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f/]\.py$"
        r"|^(?!-)(?!.*/\.{0,2}/)(?!\.{1,2}/)(?!/)(?:[^\x00-\x1f\x7f]+/)?\.py$",
        maxLength=255,
    ),
]


def _resource_path(text: str) -> str:
    _bounded(text, 255)
    if not re.match(r"/(?:[A-Za-z0-9._~:-]+(?:/[A-Za-z0-9._~:-]+)*)?\Z", text):
        raise refused(
            "resource-path", f"{shown(text)} is no path of a URL", "such as /inference"
        )  # fmt: skip
    return text


ResourcePath = Annotated[
    str,
    PlainValidator(_Scalar(_resource_path)),
    _schema(pattern=r"^/([A-Za-z0-9._~:-]+(/[A-Za-z0-9._~:-]+)*)?$", maxLength=255),
]

_DOMAIN, _DOMAIN_SCHEMA = _pattern_type(
    r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*",
    "domain", "DNS domain, such as ml.example.com", 200,
)  # fmt: skip
Domain = Annotated[str, _DOMAIN, _DOMAIN_SCHEMA]
_HOSTPORT, _HOSTPORT_SCHEMA = _pattern_type(
    r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?:[0-9]{1,5}", "host-port",
    "address with a port, such as 127.0.0.1:8088", 259,
)  # fmt: skip
HostPort = Annotated[str, _HOSTPORT, _HOSTPORT_SCHEMA]
_OBS_HOST, _OBS_HOST_SCHEMA = _pattern_type(
    r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?", "storage-host",
    "host of obs:// addresses, such as objects.example.com", 200,
)  # fmt: skip
StorageHost = Annotated[str, _OBS_HOST, _OBS_HOST_SCHEMA]
_ABSOLUTE, _ABSOLUTE_SCHEMA = _pattern_type(
    r"/(?:(?!\.{1,2}(?:/|$))[^/\x00-\x1f\x7f]+/?)*", "absolute-path",
    "absolute path, such as /srv/models", 1024,
)  # fmt: skip
AbsolutePath = Annotated[str, _ABSOLUTE, _ABSOLUTE_SCHEMA]
_CIDR, _CIDR_SCHEMA = _pattern_type(
    r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}", "cidr", "address range, such as 10.0.0.0/8", 18
)
Cidr = Annotated[str, _CIDR, _CIDR_SCHEMA]
_KEY, _KEY_SCHEMA = _pattern_type(
    r"[A-Za-z0-9_][A-Za-z0-9_.:-]*", "config-key",
    "key: letters, digits, '_', '-', '.' and ':'", 253,
)  # fmt: skip
ConfigKey = Annotated[str, _KEY, _KEY_SCHEMA]
_EFS, _EFS_SCHEMA = _pattern_type(
    r"fs-[0-9a-f]{8,40}", "efs-id", "EFS file system id, such as fs-0123456789abcdef0", 43
)
EfsId = Annotated[str, _EFS, _EFS_SCHEMA]
_MODEL, _MODEL_SCHEMA = _pattern_type(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?", "model-name",
    "model name: letters, digits, '_', '-' and '.'", 50,
)  # fmt: skip
ModelName = Annotated[str, _MODEL, _MODEL_SCHEMA]
