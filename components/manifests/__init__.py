"""Kubernetes objects as plain data: from the resolved spec to whole manifests. No Pulumi."""

from typing import Any

Manifest = dict[str, Any]
"""One object as the Kubernetes API takes it: camelCase, JSON types."""
