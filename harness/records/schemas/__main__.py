"""``python -m harness.records.schemas``: write the committed schemas anew."""

from harness.records.schemas import write_schemas

write_schemas()
