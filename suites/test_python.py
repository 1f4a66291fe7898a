"""The answer is Python that defines the function asked for. It is parsed and never run."""

import pytest

from harness import check
from harness.checks.python_function import PythonFunction
from harness.checks.python_parses import PythonParses


@pytest.mark.behavior(needs="python")
def test_python_parses(completion, task):
    check(PythonParses(), completion, task)


@pytest.mark.behavior(needs="function")
def test_python_function(completion, task):
    asked = PythonFunction(task.function, task.annotations, task.docstring)
    check(asked, completion, task)
