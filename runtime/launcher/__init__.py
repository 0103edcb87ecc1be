"""Runs one instance of a training inside the user's framework image.

Standard library only, Python 3.8 or newer: we do not choose the images it runs in.
What a script finds and what the outcomes mean: docs/reference/container-contract.md.
"""
