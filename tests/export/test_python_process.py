"""A module in a process of its own: its result, its error, its crash."""

import sys

import pytest

from harness.core.errors import HarnessError
from harness.export.python_process import run_module

MODULE = """
import os, sys
from harness.export.python_process import print_result
print("a library's banner")
def compute():
    if sys.argv[1] == "fail":
        raise ValueError("sizes:\\n  1 is not 2\\n  and more")
    if sys.argv[1] == "crash":
        print("out of memory", file=sys.stderr, flush=True)
        os._exit(3)
    return {"value": sys.argv[1]}
print_result(compute)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "computing.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", ":".join([str(tmp_path), *sys.path]))
    return "computing"


def test_a_result_is_found_among_other_output(module):
    assert run_module(module, "a") == {"value": "a"}


def test_an_error_is_one_line(module):
    with pytest.raises(HarnessError, match=r"^sizes: 1 is not 2$"):
        run_module(module, "fail")


def test_a_crash_is_the_last_line_of_its_errors(module):
    with pytest.raises(ChildProcessError, match=r"^out of memory$"):
        run_module(module, "crash")
