"""Where things are kept between runs, by the XDG base directory rules."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """Built tools and downloads, shared by all checkouts of a user. Safe to delete."""
    return _base("XDG_CACHE_HOME", ".cache")


def state_dir() -> Path:
    """What clusters hold: one folder each, under `clusters/`."""
    return _base("XDG_STATE_HOME", ".local/state")


def _base(variable: str, default: str) -> Path:
    value = os.environ.get(variable, "")
    # The specification: a relative path is invalid and to be ignored.
    base = Path(value) if value.startswith("/") else Path.home() / default
    return base / "easymaker"
