"""Pulumi components: one class each for what a spec declares.

They read no configuration, no files and no cluster: all of that comes in their arguments.
"""
