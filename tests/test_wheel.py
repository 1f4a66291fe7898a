"""The wheel alone, in an environment that has nothing else: from ``pip install`` to a page about a
task of one's own, and what is said where an extra is not installed.

The environments are made by pip from the index that is configured here.
"""

import json
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.models import ROOT
from tests.project import clean_environment

pytestmark = pytest.mark.slow

PIP = ("-m", "pip", "--disable-pip-version-check")
MOST_COMMANDS = 10
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ROWS = [
    {
        "mail": f"Please pay {n}.50 EUR to Acme {word} by 2025-04-{n:02}.",
        "answer": {"vendor": f"Acme {word}", "total": n + 0.5, "due": f"2025-04-{n:02}"},
    }
    for n, word in enumerate(NUMBERS, 1)
]
TRAIN = "recipes/json_extraction.yaml"
QWEN, ADAPTER = "models/tiny-qwen2", "models/tiny-qwen2-adapter"
LACKING = [
    (f"pytest -q --model base:{QWEN}", "hf"),
    (f"pytest -q --model merged:{QWEN}", "hf"),
    (f"pytest -q --model adapter:{ADAPTER}", "hf"),
    ("pytest -q --model base:Qwen/Qwen2.5-0.5B-Instruct", "hf"),
    ("pytest -q --model gguf:x.gguf", "gguf"),
    ("pytest -q --model endpoint:http://127.0.0.1:1/v1#x", "endpoint"),
    (f"pytest -q --model base:{QWEN} --quantize nf4", "hf"),
    (f"pytest -q --model base:{QWEN} --model merged:{QWEN} --parity", "hf"),
    (f"pytest -q --model base:{QWEN} --engine ray --workers 2", "ray"),
    (f"pytest -q --model base:{QWEN} --generate 3", "generate"),
    (f"pytest -q --model base:{QWEN} --decode constrained", "constrained"),
    (f"harness train {TRAIN}", "train"),
    (f"harness train {TRAIN} --dry-run", "train"),
    ("harness train json_extraction_tiny", "train"),
    ("harness train --watch-only out/x", "train"),
    (f"harness improve {TRAIN} --task json_extraction", "train"),
    (f"harness chat --model adapter:{ADAPTER}", "hf"),
    ("harness chat --model gguf:x.gguf", "gguf"),
    (f"harness serve --model adapter:{ADAPTER}", "serve"),
    (f"harness parity base:{QWEN} merged:{QWEN}", "hf"),
    (f"harness export merge {ADAPTER} -o made", "hf"),
    (f"harness export gguf {ADAPTER} -o made.gguf", "hf,gguf"),
    (f"harness export lora {ADAPTER} -o made.gguf", "hf,gguf"),
    ("harness import gguf x.gguf -o made", "hf,gguf"),
    ("harness data prepare x.parquet -o made", "data"),
    ("harness doctor base:Qwen/Qwen2.5-0.5B-Instruct", "hf"),
]
SPARES = (
    "harness doctor",
    f"harness doctor adapter:{ADAPTER}",
    "harness task check tasks/json_extraction",
    "harness data example fan_timeline --rows 20 -o rows",
    "harness plan",
)
"""Commands that no extra is needed for."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    making = [sys.executable, *PIP, "wheel", "-q", "--no-deps", "-w", folder, ROOT]
    subprocess.run(making, check=True)
    return next(folder.glob("*.whl"))


def environment(folder: Path, wheel: Path) -> Path:
    """A virtual environment with the wheel and what it needs; returns its folder of programs."""
    venv.create(folder, with_pip=True)
    done = subprocess.run(
        [folder / "bin/python", *PIP, "install", "-q", wheel], capture_output=True, text=True
    )
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip("no index has what the wheel needs")
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def run(command: str, programs: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=clean_environment(
            PATH=f"{programs}:/usr/bin:/bin",
            PYTHONPATH="",
            HARNESS_STORE=str(folder / "store"),
            COLUMNS="80",
        ),
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    return environment(tmp_path_factory.mktemp("bare") / "venv", wheel)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Path:
    folder = tmp_path_factory.mktemp("project")
    done = run("harness init && touch x.gguf && printf PAR1 > x.parquet", programs, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(("command", "extra"), LACKING)
def test_a_missing_extra_is_a_line_and_4(
    command: str, extra: str, programs: Path, project: Path, wheel: Path
) -> None:
    done = run(command, programs, project)
    assert done.returncode == 4, done.stdout + done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith(("harness:", "ERROR:"))]
    assert any(line.endswith(f"installed, pip install '{wheel}[{extra}]'") for line in said), said
    assert "Traceback" not in done.stdout + done.stderr
    assert "ModuleNotFoundError" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", SPARES)
def test_what_needs_no_extra_works(command: str, programs: Path, project: Path) -> None:
    done = run(command, programs, project)
    assert done.returncode == 0, done.stdout + done.stderr


def commands_of_start() -> list[str]:
    """The commands of the first section of ``docs/start.md``."""
    page = (ROOT / "docs/start.md").read_text("utf-8")
    section = page.partition("## Your own task")[2].partition("\n## ")[0]
    (block,) = [b for b in re.findall(r"```\n(.*?)```", section, re.DOTALL) if "harness init" in b]
    return block.splitlines()


def test_ten_commands_from_pip_install_to_a_page_of_one_s_own_task(
    tmp_path: Path, wheel: Path
) -> None:
    commands = [part for line in commands_of_start() for part in line.split(" && ")]
    assert len(commands) <= MOST_COMMANDS
    (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    programs = environment(tmp_path / ".venv", wheel)
    # What the extra hf installs, from this environment: its packages are gigabytes.
    (site,) = (tmp_path / ".venv/lib").glob("python3.*/site-packages")
    here = next(p for p in sys.path if p.endswith("site-packages"))
    (site / "packages.pth").write_text(here + "\n")
    installing = [c for c in commands if "pip install" in c or "venv" in c]
    assert [c for c in installing if ".whl[hf]" in c]
    for command in commands[len(installing) :]:
        typed = command.replace("base:Qwen/Qwen2.5-0.5B-Instruct", f"base:{QWEN}")
        done = run(typed.replace(" --open", ""), programs, tmp_path)
        is_judging = shlex.split(command)[0] == "pytest"
        assert done.returncode in ((0, 1) if is_judging else (0,)), done.stdout + done.stderr
    (page,) = (tmp_path / "reports/runs").glob("*/report.html")
    text = page.read_text("utf-8")
    assert "invoices" in text
    assert "Acme seven" in text
