"""A child finds the right modules wherever it starts, and ends with its parent."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.core import child_python
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def run(folder: Path, *arguments: str, env=None) -> subprocess.CompletedProcess:
    return subprocess.run(
        child_python.command(*arguments),
        env=child_python.environment(env),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("name", ["types.py", "copy.py", "tokenize.py", "harness/__init__.py"])
def test_what_lies_in_the_working_directory_shadows_nothing(tmp_path, name):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("raise SystemExit('shadowed')")
    done = run(tmp_path, "json.tool", "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: ")


def test_this_very_package_is_found_without_being_installed(tmp_path):
    """As from a checkout whose tests run by ``python -m pytest``, which says nothing to a child."""
    own = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = run(tmp_path, "harness.core.suggestion", env=own)
    assert (done.returncode, done.stderr) == (0, "")
    assert child_python.environment(own)["PYTHONPATH"] == str(ROOT)


def test_the_users_own_path_stays(tmp_path):
    (tmp_path / "own.py").write_text("import sys; print(sys.argv[1:])")
    done = run(ROOT, "own", "a", "b", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.stdout == "['a', 'b']\n"


PARENT = """
import subprocess, sys, time
from harness.core import child_python
child = subprocess.Popen(child_python.command("busy"), env=child_python.environment())
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_child_ends_when_its_parent_is_killed(tmp_path):
    """However busy it is, and though it reads from no pipe."""
    (tmp_path / "busy.py").write_text("while True: pass")
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    child.wait(timeout=PATIENCE)
