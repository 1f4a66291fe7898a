"""``python -m harness.tasks.schemas``: write the committed schemas anew."""

from harness.tasks.schemas import write_schemas

write_schemas()
