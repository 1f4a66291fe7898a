"""``merged:FOLDER``: a transformers model that an adapter was merged into.

It opens like a base; the kind of its own keeps the two apart in records and reports.
"""

from harness.backends.base import open_model, preflight, prepare

__all__ = ["open_model", "preflight", "prepare"]
