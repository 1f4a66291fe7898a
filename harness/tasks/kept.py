"""The kept skills that come along: small tasks that any model can be held against beside its own.

They are found by their names, wherever the folder of task folders is, and only where they are
asked for: ``kept`` names all of them.
"""

from collections.abc import Iterable
from pathlib import Path

from harness.core.errors import HarnessError
from harness.files.starter import starter_root

KEPT = "kept"
"""The name of all of them together."""
_FOLDER = "fixtures/kept"


def kept_folders() -> dict[str, Path]:
    """The folder of each kept skill by its name, in the order of the names."""
    return {path.name: path for path in sorted((starter_root() / _FOLDER).glob("*/"))}


def with_kept(names: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    """The names of tasks, with those of every kept skill in the place of ``kept``; a project's own
    task of that name goes before."""
    every = {KEPT: tuple(kept_folders())} if KEPT not in own else {}
    return tuple(dict.fromkeys(n for name in names for n in every.get(name) or (name,)))


def task_folder(tasks_dir: Path, name: str) -> Path:
    """The folder of a task: the project's own, else that of a kept skill, else where its own
    belongs."""
    own = tasks_dir / name
    return own if own.is_dir() else kept_folders().get(name, own)


def require_own(folder: Path) -> None:
    """Refuse to write into a kept skill: its cases are the same for everyone.

    Raises:
        HarnessError: the folder is one of a kept skill.
    """
    if folder.resolve() in (path.resolve() for path in kept_folders().values()):
        raise HarnessError(
            f"{folder.name}: is a kept skill, whose cases stay as they are: copy {folder} into "
            "your folder of tasks, under another name, to change them"
        )
