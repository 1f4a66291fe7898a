"""Paths as a person wants to read them."""

from pathlib import Path


def short_path(path: Path) -> Path:
    """Relative to the working directory where it lies below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
