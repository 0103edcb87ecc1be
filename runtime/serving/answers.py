"""From a request's bytes to an answer's: EasyMaker's JSON on both sides."""

import json
import math
import traceback
from collections.abc import Mapping
from typing import Any

from serving.backend import Backend, Call
from serving.errors import Refused, brief
from serving.log import Log


def compose(
    backend: Backend, body: bytes, inference: str, headers: Mapping[str, str], log: Log
) -> bytes:
    """The JSON text that answers a request. Raises Refused."""
    call = Call(read(body), inference, headers)
    try:
        return encode({"predictions": backend.predict(call)})
    except Refused:
        raise
    except MemoryError:
        raise Refused(507, "there is not enough memory for this request") from None
    except Exception as error:  # noqa: BLE001 - the model's code, whatever it does
        log.say(traceback.format_exc(), "ERROR", inference)
        raise Refused(500, f"the model failed on this request ({brief(error)})") from None


def read(body: bytes) -> dict[str, Any]:
    """A request's JSON object. Raises Refused unless it holds instances."""
    try:
        data = json.loads(body)
    except RecursionError:
        raise Refused(400, "the body is nested too deeply") from None
    except ValueError as error:
        raise Refused(400, f"the body is no JSON ({error})") from None
    if not isinstance(data, dict) or not isinstance(data.get("instances"), list):
        raise Refused(400, 'the body is {"instances": [...]}, a list with one element per row')
    if not data["instances"]:
        raise Refused(400, "instances is empty")
    return data


def encode(data: Any) -> bytes:
    """JSON text. NaN and infinity, which JSON lacks, become null."""
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(data), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return data
