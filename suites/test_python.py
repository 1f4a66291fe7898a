"""The answer is Python that defines the function asked for. It is parsed and never run."""

import pytest

from harness import check
from harness.checks import python_function, python_parses


@pytest.mark.behavior(needs=python_parses.NEEDS)
def test_python_parses(completion, task):
    check(python_parses, completion, task)


@pytest.mark.behavior(needs=python_function.NEEDS)
def test_python_function(completion, task):
    check(python_function, completion, task)
