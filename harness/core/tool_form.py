"""The forms in which models write calls of tools."""

from typing import Literal, get_args

ToolForm = Literal["hermes", "llama", "pythonic", "mistral", "openai"]
Declared = Literal["auto", "hermes", "llama", "pythonic", "mistral", "openai"]
"""The form of a task: ``auto`` is that which the model's chat template writes."""
TOOL_FORMS: tuple[ToolForm, ...] = get_args(ToolForm)
