"""A provider plugin for `aws:*` types that calls the emulators: the engine's side of it is real.

`plugin` writes its program; `server` answers the engine; `rows` say of each type how it is made,
found, changed and removed; `replacement.yaml` says which changes make a new one, `../calls.yaml`
which emulator serves a call, and which calls neither can do. What a resource may be given is read
from the project's own pulumi-aws, by `reflect`.
"""

DEATH = "EMULATED_DEATH"
"""The variable that says when the engine is killed: `before TYPE` is made, or `after TYPE` is."""
