"""What TorchServe tells a handler of its model and of a request; the names are TorchServe's."""

from collections.abc import Mapping
from typing import Any


class Metrics:
    """Takes what handlers report (`add_time`, `add_counter` ...) and keeps nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("add_"):
            return lambda *_, **__: None
        raise AttributeError(name)


class Context:
    """Of one handler; `begin` turns to the next request."""

    def __init__(
        self,
        model_name: str,
        model_dir: str,
        manifest: Mapping[str, Any],
        gpu: int | None,
        model_yaml_config: Mapping[str, Any],
    ) -> None:
        self.model_name = model_name
        self.manifest = manifest
        self.system_properties: dict[str, Any] = {
            "model_dir": model_dir,
            "gpu_id": gpu,
            "batch_size": 1,
            "server_name": "easymaker",
            "server_version": "1",
            "limit_max_image_pixels": True,
        }
        self.model_yaml_config = model_yaml_config
        self.metrics = Metrics()
        self.request_ids: dict[int, str] = {}
        self._headers: Mapping[str, str] = {}

    def begin(self, request: str, headers: Mapping[str, str]) -> None:
        """From now on the questions below are about this request."""
        self.request_ids = {0: request}
        self._headers = headers

    def get_request_id(self, index: int = 0) -> str | None:
        """The request's id; all instances of a request share one."""
        return self.request_ids.get(0) if index >= 0 else None

    def get_request_header(self, _index: int, key: str) -> str | None:
        """A header of the request."""
        return self._headers.get(key.lower())

    def get_all_request_header(self, _index: int) -> dict[str, str]:
        """All headers of the request."""
        return dict(self._headers)

    def set_response_content_type(self, _index: int, _value: str) -> None:
        """Nothing: answers are JSON."""

    def set_response_header(self, _index: int, _key: str, _value: str) -> None:
        """Nothing: a row of an answer has no headers."""

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        """Nothing: a row of an answer has no status."""

    def set_all_response_status(self, code: int = 200, phrase: str = "") -> None:
        """Nothing, as above."""
