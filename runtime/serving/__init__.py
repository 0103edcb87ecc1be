"""The model server: EasyMaker's requests and answers in front of a loaded model.

`python3 -m serving` serves an artifact, `python3 -m serving.front` stands before another server.
docs/reference/serving.md is what both promise.
"""
