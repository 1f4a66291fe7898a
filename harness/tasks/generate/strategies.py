"""The strategy of a task's cases: from ``variables`` in ``task.yaml``, or from its ``cases.py``.

``cases.py`` is the user's own code. It is run here and nowhere else, so only with ``--generate``.
"""

import sys
import traceback
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from hypothesis import strategies as st

from harness.core.errors import HarnessError
from harness.tasks.task import TASK_FILE, Task
from harness.tasks.variables import (
    DateVariable,
    DecimalVariable,
    IntegerVariable,
    RegexVariable,
    SampleVariable,
    TextVariable,
    Variable,
    WordsVariable,
)

CASES_MODULE = "cases.py"
CASES_FUNCTION = "cases"
T = TypeVar("T")


def strategy_of(task: Task) -> st.SearchStrategy[Any] | None:
    """Draws what may stand in a line of ``cases.jsonl``, but for the id; ``None`` where the task
    says nothing of how.

    Raises:
        HarnessError: the task says it twice, or its ``cases.py`` is broken.
    """
    path = source_file(task)
    if path.name == CASES_MODULE:
        if task.file.variables:
            raise HarnessError(f"{path}: {TASK_FILE} has variables already, keep one of the two")
        return guarded(path, partial(_own_strategy, path))
    if not task.file.variables:
        return None
    drawn = {name: _declared(variable) for name, variable in task.file.variables.items()}
    return st.fixed_dictionaries({"variables": st.fixed_dictionaries(drawn)})


def source_file(task: Task) -> Path:
    """The file that says how the task's cases are drawn."""
    own = task.path / CASES_MODULE
    return own if own.is_file() else task.path / TASK_FILE


def guarded(path: Path, step: Callable[[], T]) -> T:
    """Do a step that runs the user's code; what it raises is told in one line, with the place.

    Raises:
        HarnessError: whatever the code raised.
    """
    try:
        return step()
    except HarnessError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f.lineno for f in frames if Path(f.filename) == path and f.lineno]
        said = next((line for line in str(error).splitlines() if line.strip()), "")
        what = f"{type(error).__name__}: {said}" if said else type(error).__name__
        if isinstance(error, SyntaxError) and error.lineno:
            lines.append(error.lineno)
        raise HarnessError(f"{path}:{lines[-1] if lines else 1}: {what}") from error


def _own_strategy(path: Path) -> st.SearchStrategy[Any]:
    module = _module(path)
    function = getattr(module, CASES_FUNCTION, None)
    if not callable(function):
        raise HarnessError(f"{path}:1: has no function {CASES_FUNCTION}(), which gives a strategy")
    strategy = function()
    if not isinstance(strategy, st.SearchStrategy):
        raise HarnessError(
            f"{path}:1: {CASES_FUNCTION}() gave {strategy!r:.60}, expected a Hypothesis strategy"
        )
    return strategy


def _module(path: Path) -> ModuleType:
    """The file run as a module; nothing is written beside it."""
    module = ModuleType(f"harness_cases_{path.parent.name}")
    module.__file__ = str(path)
    # Dataclasses look their module up by its name.
    sys.modules[module.__name__] = module
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    return module


def _declared(variable: Variable) -> st.SearchStrategy[Any]:
    match variable:
        case SampleVariable():
            return st.sampled_from(variable.of)
        case WordsVariable():
            words = st.sampled_from(variable.of)
            chosen = st.lists(words, min_size=variable.min_words, max_size=variable.max_words)
            return chosen.map(" ".join)
        case TextVariable():
            characters = variable.alphabet or st.characters(exclude_categories=["C", "Zl", "Zp"])
            return st.text(
                characters, min_size=variable.min_characters, max_size=variable.max_characters
            )
        case IntegerVariable():
            return st.integers(variable.min, variable.max)
        case DecimalVariable():
            least, most = variable.steps
            return st.integers(least, most).map(partial(_decimal, places=variable.places))
        case DateVariable():
            days = st.dates(variable.earliest, variable.latest)
            return days.map(lambda day: day.strftime(variable.format))
        case RegexVariable():
            return st.from_regex(variable.pattern, fullmatch=True)


def _decimal(steps: int, places: int) -> str:
    return f"{Decimal(steps).scaleb(-places):.{places}f}"
