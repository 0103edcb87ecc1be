"""The ways to have a cluster: our own node, kind, or one that exists."""
