"""Values of numpy's and of frameworks as JSON holds them."""

from typing import Any


def plain(value: Any) -> Any:
    """Lists, objects, text and numbers, whatever tensors or arrays stood in their places."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): plain(element) for key, element in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(element) for element in value]
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a prediction holds {type(value).__name__}, which JSON can't")
