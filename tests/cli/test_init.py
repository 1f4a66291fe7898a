"""``harness init``, from a checkout and from the wheel that a user installs."""

import subprocess
import sys
import venv
import zipfile

import pytest
from click.testing import CliRunner

from harness.cli import main
from tests.models import ROOT
from tests.project import clean_environment


def test_a_new_project_has_suites_a_task_and_settings(tmp_path):
    done = CliRunner().invoke(main, ["init", str(tmp_path / "new")])
    assert done.exit_code == 0, done.output
    collected = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "suites",
            "--collect-only",
            "-q",
            "-p",
            "harness.pytest_plugin",
            "--model",
            f"base:{ROOT}/fixtures/models/tiny-qwen2",
        ],
        cwd=tmp_path / "new",
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert collected.returncode == 0, collected.stdout + collected.stderr
    assert "test_json_validity[json_extraction-base:" in collected.stdout


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "suites").mkdir()
    done = CliRunner().invoke(main, ["init", str(tmp_path)])
    assert done.exit_code == 2
    assert "is there already" in done.output
    assert not (tmp_path / "tasks").exists()


def test_settings_that_are_there_stay(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    CliRunner().invoke(main, ["init", str(tmp_path)])
    text = (tmp_path / "pyproject.toml").read_text()
    assert text.startswith('[project]\nname = "x"\n\n[tool.harness]\n')


@pytest.mark.slow
def test_the_wheel_is_enough(tmp_path):
    """Built, installed into an environment of its own beside the packages that are here."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "harness",
        "trainers",
        wheel.name.rsplit("-", 3)[0] + ".dist-info",
    }
    assert "harness/starter/suites/test_json_validity.py" in names
    venv.create(tmp_path / "venv", system_site_packages=False, with_pip=False)
    python = tmp_path / "venv/bin/python"
    (site,) = (tmp_path / "venv/lib").glob("python3.*/site-packages")
    here = next(p for p in sys.path if p.endswith("site-packages"))
    (site / "packages.pth").write_text(here + "\n")
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", site, wheel], check=True)
    run = {"cwd": tmp_path, "env": clean_environment(PYTHONPATH=str(site)), "check": True}
    subprocess.run([python, "-m", "harness", "init", "new"], **run)
    assert (tmp_path / "new/suites/test_json_validity.py").is_file()
    assert (tmp_path / "new/tasks/json_extraction/cases.jsonl").is_file()
