"""``python -m harness.schemas``: write the committed schemas anew."""

from harness.schemas import write_schemas

write_schemas()
