"""A session in a forked child is what it is in a process of its own, and some are not forked."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests import forked
from tests.fork_server import NEVER
from tests.project import FENCED, GOOD, Outcome, Project, clean_environment, json_project
from tests.same_record import comparable_runs

BOTH = (True, False)
NOTED = """
import ctypes, gc, json, locale, logging, os, resource, signal, stat, sys, threading, warnings
import __main__

def kept():
    limits = [n for n in dir(resource) if n.startswith("RLIMIT_")]
    death = ctypes.c_int()
    ctypes.CDLL(None).prctl(2, ctypes.byref(death))
    return {
        "environment": {**os.environ},
        "command": [sys.argv, sys.orig_argv],
        "main": sorted(n for n in vars(__main__) if not n.startswith("@")),
        "path": sys.path,
        "flags": [repr(sys.flags), sys.warnoptions, sys._xoptions],
        "folder": os.getcwd(),
        "umask": [os.umask(0o22), os.umask(0o22)],
        "group": [os.getpgid(0), os.getsid(0), os.getpriority(0, 0)],
        "limits": [resource.getrlimit(getattr(resource, n)) for n in limits],
        "signals": [repr(signal.getsignal(n)) for n in sorted(signal.valid_signals())],
        "blocked": repr(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "death": death.value,
        "warnings": [repr(f) for f in warnings.filters],
        "log": [repr(logging.root), logging.root.manager.disable, len(logging.root.handlers)],
        "hooks": [repr(type(h)) for h in (*sys.meta_path, *sys.path_hooks)],
        "garbage": [gc.isenabled(), gc.get_threshold(), len(gc.callbacks)],
        "locale": locale.setlocale(locale.LC_ALL),
        "depth": sys.getrecursionlimit(),
        "threads": [t.name for t in threading.enumerate()],
        "streams": [[s.encoding, s.errors, s.line_buffering, s.isatty(), s.fileno()]
                    for s in (sys.__stdin__, sys.__stdout__, sys.__stderr__)],
        "kinds": [[n, stat.S_IFMT(os.fstat(n).st_mode)] for n in range(60) if is_open(n)],
        "traces": [sys.gettrace(), sys.getprofile()],
    }

def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True

def pytest_configure():
    with open("noted.json", "w") as file:
        json.dump(kept(), file)
"""


@pytest.fixture(autouse=True)
def _on_linux():
    if forked.server() is None:
        pytest.skip("processes are forked on Linux alone")


def reason(folder: Path, **changed: str) -> str:
    server = forked.server()
    assert server is not None
    return server.reason_against(clean_environment(**changed), folder)


def alike(text: str) -> str:
    """Without the times and the ids of runs, which no two sessions share, and without the one
    frame below pytest's that a child has more: a traceback that ends the process shows it."""
    text = re.sub(r'  File ".*fork_server\.py", line \d+, in <module>\n(?:    .*\n)*', "", text)
    return re.sub(r"\b[0-9]{8}-[0-9]{6}-[0-9a-f]{4}\b|\d+\.\d+s\b", "-", text)


def both(project: Project, *arguments: str, **environment: str) -> Outcome:
    """What a session printed and how it ended, which must be the same either way."""
    assert not reason(project.root, **environment)
    one, two = (project.pytest(*arguments, is_forked=f, **environment) for f in BOTH)
    assert (one.code, alike(one.out), alike(one.err)) == (two.code, alike(two.out), alike(two.err))
    return one


def test_record_and_output_are_those_of_a_process_of_its_own(tmp_path):
    project = json_project(tmp_path)
    model = project.store({"ant": GOOD, "bee": FENCED, "cat": "no", "dog": GOOD})
    outcome = both(project, "suites", "--model", model, "-rA", "-v", "--durations=0", "-q")
    assert outcome.code == 1
    one, two = comparable_runs(project.root)
    assert one == two


def test_a_child_begins_with_what_a_process_of_its_own_begins_with(tmp_path):
    project = Project(tmp_path)
    project.write("conftest.py", NOTED)
    found = []
    for is_forked in BOTH:
        assert project.pytest("--co", is_forked=is_forked, HARNESS_ANY="1").code == 5
        found.append(json.loads((tmp_path / "noted.json").read_text()))
    one, two = found
    assert {k for k in one if one[k] != two[k]} == set(), (one, two)


ENDS = [
    ("pass", 0),
    ("assert False", 1),
    ("raise KeyboardInterrupt", 2),
    ("import os; os._exit(7)", 7),
    ("import pytest; pytest.exit('over', returncode=11)", 11),
    ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
    ("import os; os.kill(os.getpid(), 15)", -signal.SIGTERM),
    ("import atexit; atexit.register(lambda: print('end'))", 0),
    ("import os; [os.write(2, b'e' * 1000 + b'\\r\\n') for _ in range(200)]", 0),
    ("import threading, time; threading.Thread(target=time.sleep, args=[0.1]).start()", 0),
    ("import sys; text = sys.stdin.read(); assert text", 1),
    ("import sys; sys.stdout.close()", 1),
]


@pytest.mark.parametrize(("body", "code"), ENDS)
def test_it_ends_as_a_process_does(tmp_path, body, code):
    project = Project(tmp_path)
    project.suite(f"def test_it(): {body}")
    assert project.pytest("suites", "-s", "-p", "no:terminal").code == code


@pytest.mark.slow
@pytest.mark.parametrize(("body", "code"), ENDS)
def test_it_ends_and_is_read_alike(tmp_path, body, code):
    project = Project(tmp_path)
    project.suite(f"def test_it(): {body}")
    assert both(project, "suites", "-s").code == code


def test_nothing_is_left_of_the_session_before(tmp_path):
    """Each leaves what the next would trip over."""
    project = Project(tmp_path)
    project.write("left_over.py", "")
    project.write(
        "conftest.py",
        "import logging, os, random, sys, warnings, harness, numpy\n"
        "assert not hasattr(harness, 'left') and 'LEFT' not in os.environ\n"
        "assert not {'left_over', 'left'} & {*sys.modules, *sys.path}\n"
        "assert not logging.root.handlers\n"
        "harness.left = os.environ['LEFT'] = 'x'\n"
        "import left_over\n"
        "logging.basicConfig()\n"
        "sys.path.append('left')\n"
        "with open('drawn.txt', 'a') as file:\n"
        "    print(random.random(), file=file)\n"
        "    print(numpy.random.random(), file=file)\n",
    )
    for _ in range(3):
        assert project.pytest("--co", "-q").code == 5
    drawn = (tmp_path / "drawn.txt").read_text().split()
    assert len({*drawn}) == len(drawn) == 6


def test_libraries_that_some_sessions_are_seen_to_import_are_not_there(tmp_path):
    project = Project(tmp_path)
    project.write("conftest.py", f"import sys\nassert not {{*{NEVER!r}}} & {{*sys.modules}}")
    assert project.pytest("--co").code == 5


def test_a_variable_that_imports_read_is_no_childs(tmp_path, monkeypatch):
    assert not reason(tmp_path)
    assert not reason(tmp_path, HARNESS_STORE="x", TERM="dumb", NO_COLOR="1")
    for name in ("PYTHONPATH", "PYTHONHASHSEED", "COLUMNS", "LC_ALL", "OMP_NUM_THREADS"):
        assert reason(tmp_path, **{name: "7"}) == f"{name} is read by imports"
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    assert reason(tmp_path) == "SCIPY_ARRAY_API is read by imports"
    monkeypatch.setenv("SCIPY_ARRAY_API", "")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    project = Project(tmp_path)
    project.suite("def test_it():\n    import os\n    assert os.environ['LEAKED'] == 'x'\n")
    monkeypatch.delenv("SCIPY_ARRAY_API")
    monkeypatch.setenv("LEAKED", "x")
    both(project, "suites")


@pytest.mark.parametrize("name", ["copy.py", "inner/yaml.py", "harness/anything.py"])
def test_a_module_with_a_loaded_ones_name_is_no_childs(tmp_path, name):
    project = Project(tmp_path)
    project.suite("")
    assert not reason(tmp_path)
    path = project.write(name, "")
    assert reason(tmp_path) == f"{path} has the name of a module that is there"


def test_a_child_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    project = Project(tmp_path)
    project.suite(
        "import os, time\n"
        "def test_it():\n    open('pid', 'w').write(f'{os.getpid()}\\n'); time.sleep(600)\n"
    )
    monkeypatch.setattr(forked, "MAX_SECONDS", 3.0)
    with pytest.raises(subprocess.TimeoutExpired):
        project.pytest("suites")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    monkeypatch.undo()
    assert project.pytest("--co", "-q").code == 0


def test_a_server_that_is_gone_is_an_error(tmp_path, monkeypatch):
    server = forked.Server(forked.STARTED_WITH)
    monkeypatch.setattr(forked, "server", lambda: server)
    server.process.kill()
    server.process.wait()
    with pytest.raises((RuntimeError, OSError)):
        Project(tmp_path).pytest("--co")
    server.end()
