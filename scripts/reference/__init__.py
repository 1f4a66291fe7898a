"""The reference pages of docs/reference/, made from the code.

``pages()`` has the text of each. ``python -m scripts.reference`` writes them anew after an option,
a setting, a behavior or a field has changed; a test holds the committed pages against the code.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.reference import (
    behaviors,
    commands,
    exit_codes,
    files,
    glossary,
    model_kinds,
    pytest_options,
    recipes,
    settings,
    task,
)

DOCS = Path(__file__).parents[2] / "docs"
HEAD = (
    "<!-- made from the code by python -m scripts.reference: change the code, not this page -->\n\n"
)
PAGES: Mapping[str, Callable[[], str]] = {
    "reference/commands.md": commands.page,
    "reference/pytest.md": pytest_options.page,
    "reference/exit-codes.md": exit_codes.page,
    "reference/settings.md": settings.page,
    "reference/models.md": model_kinds.page,
    "reference/behaviors.md": behaviors.page,
    "reference/recipes.md": recipes.page,
    "reference/task.md": task.page,
    "reference/files.md": files.page,
    "glossary.md": glossary.page,
}


def pages() -> dict[Path, str]:
    """Each page's path and text."""
    return {DOCS / name: f"{HEAD}{page()}" for name, page in PAGES.items()}
