"""``merged:FOLDER``: a transformers model that an adapter was merged into.

It opens like a base; the kind of its own keeps the two apart in records and reports.
"""

from harness.backends.base import LIBRARIES, files, import_libraries, needs, open_model, preflight

__all__ = ["LIBRARIES", "files", "import_libraries", "needs", "open_model", "preflight"]
