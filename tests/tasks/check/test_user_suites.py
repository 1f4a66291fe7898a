"""A user's own behaviors over the references: one that crashes is a mistake, with its place."""

import pytest

from tests.grading import Grader, said

CRASHES = """
import pytest

class Odd(Exception):
    def __str__(self):
        raise RuntimeError

@pytest.fixture
def broken():
    raise OSError("no such thing")

@pytest.fixture
def left_open():
    yield
    raise OSError("still open")

def halve(completion):
    return len(completion.text) / 0

def test_divides(completion):
    halve(completion)

def test_is_odd(case):
    raise Odd

def test_needs_a_fixture(completion, nowhere): ...

def test_has_a_broken_fixture(completion, broken): ...

def test_leaves_it_open(completion, left_open): ...

def test_gives_up(completion):
    pytest.fail("given up")

async def test_waits(completion): ...

def test_all(completions):
    raise ValueError("red \\x1b[31m\\n::error::x")

def test_plain():
    assert 1 == 2

def test_is_sound(completion): ...
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "suites").mkdir()
    return tmp_path / "suites/test_own.py"


@pytest.fixture
def grade(tmp_path) -> Grader:
    return Grader(tmp_path)


def test_every_test_that_crashes_is_a_mistake_with_its_place_and_its_reason(grade, own):
    own.write_text(CRASHES, "utf-8")
    found = grade(suites=own.parent)
    assert not found.is_sound
    lines = [line.replace(str(own), "own.py") for line in said(found)]
    assert lines == [
        "a||own.py:18: divides crashes (ZeroDivisionError: division by zero), mend the test",
        "a||own.py:24: is_odd crashes (Odd), mend the test",
        "||own.py:26: needs_a_fixture crashes (FixtureLookupError: fixture 'nowhere' not found), "
        "mend the test",
        "||own.py:10: has_a_broken_fixture crashes (OSError: no such thing), mend the test",
        "||own.py:15: leaves_it_open crashes (OSError: still open), mend the test",
        "||own.py:33: gives_up crashes (Failed: given up), mend the test",
        "||own.py:35: waits crashes (Failed: a behavior is a plain function, write def without "
        "async), mend the test",
        "||own.py:38: all crashes (ValueError: red \x1b[31m), mend the test",
        "||own.py:41: test_plain crashes (AssertionError: assert 1 == 2), mend the test",
    ]
    rows = {b.behavior: (b.passed, b.failed) for b in found.behaviors}
    assert (rows["divides"], rows["is_sound"]) == ((0, 1), (2, 0))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os; os._exit(0)", "pytest ended before it had judged every behavior"),
        ("import os; os.kill(os.getpid(), 9)", "pytest was killed by signal 9"),
        ("import pytest; pytest.exit('x', returncode=0)", "pytest ended before it had judged"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
def test_a_session_that_does_not_come_to_its_end_is_a_mistake(grade, own, body, reason):
    own.write_text(f"def test_own(completion):\n    {body}\n", "utf-8")
    (line,) = said(grade(suites=own.parent))
    assert f"suites: cannot be run over the references: {reason}" in line


def test_a_skip_is_no_pass_and_a_behavior_of_other_tasks_is_a_note(grade, own):
    own.with_name("own_test.py").write_text(
        "import pytest\n\n"
        "def test_at_times(completion):\n"
        "    if 'Ada' in completion.text:\n        pytest.skip('x')\n\n"
        "@pytest.mark.behavior(needs='text')\n"
        "def test_of_texts(completion): ...\n",
        "utf-8",
    )
    found = grade(suites=own.parent)
    assert said(found) == []
    (row,) = [b for b in found.behaviors if b.behavior == "at_times"]
    assert (row.passed, row.failed, row.skipped) == (1, 0, 1)
    (note,) = found.notes
    assert note.startswith("of_texts of ")
    assert note.endswith("suites judged no reference: not this task's, or skipped")


def test_suites_of_which_nothing_applies_are_no_mistake(grade, own):
    own.write_text(
        "import pytest\n\n@pytest.mark.behavior(needs='text')\ndef test_own(completion): ...\n",
        "utf-8",
    )
    assert said(grade(suites=own.parent)) == []
