"""Chat templates are rendered in this process: a process for each would take most of the time."""

import pytest

from harness.model_files import conversations, template_probe


@pytest.fixture(autouse=True)
def rendered_here(monkeypatch):
    monkeypatch.setattr(conversations, "probe", template_probe._conversations)
