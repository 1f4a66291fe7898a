"""Mutation tests of the checks: the share of mutants that their tests kill.

    pip install mutmut==3.8.1
    python benchmarks/check_mutants.py FOLDER [--share 0.4] [--only json_fault]

mutmut changes one operator, constant, string or argument of ``harness/checks/`` at a time and runs
the tests that reach it, in FOLDER, a copy made for it. The share of each file's mutants is drawn
with the file's own seed, so that two runs draw the same ones. Prints a table, and the survivors.

Left out: ``latency_budget``, ``memory_budget`` and ``repair_lift``, whose tests are those of the
plugin, and the slowest test files (properties, hostile texts, the catalogue), so that a mutant
costs a second.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SLOW_TESTS = ("test_adversarial.py", "test_properties.py", "test_catalogue.py")
TESTED_ELSEWHERE = ("budgets", "latency_budget", "memory_budget", "repair_lift")
KILLED = (1, 3, 24, -24, 36, 152, 255)
"""mutmut's exit codes of a mutant that a test, or the time limit, killed."""
NAMES_AT_ONCE = 400
CONFIGURATION = """
[project]
name = "mutants"
version = "0"
[tool.pytest.ini_options]
pythonpath = ["."]
addopts = "-p no:cacheprovider"
[tool.mutmut]
source_paths = ["harness"]
only_mutate = ["harness/checks/*"]
pytest_add_cli_args_test_selection = ["tests/checks"]
also_copy = ["harness", "fixtures"]
max_stack_depth = -1
"""


def prepare(folder: Path) -> None:
    """Copy the files that the tests need, and have mutmut create its mutants."""
    ignored = shutil.ignore_patterns("__pycache__", *SLOW_TESTS)
    shutil.copytree(ROOT / "harness", folder / "harness", ignore=ignored)
    shutil.copytree(ROOT / "tests" / "checks", folder / "tests" / "checks", ignore=ignored)
    shutil.copytree(ROOT / "fixtures" / "tasks", folder / "fixtures" / "tasks", ignore=ignored)
    (folder / "pyproject.toml").write_text(CONFIGURATION, "utf-8")
    run(folder, ["harness.checks.stops_cleanly*"])


def run(folder: Path, names: list[str]) -> None:
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names]
    subprocess.run(command, cwd=folder, check=False, stdout=subprocess.DEVNULL)


def results(folder: Path) -> Iterator[tuple[str, dict[str, int | None]]]:
    """Each file of the checks, and the exit code of each of its mutants."""
    for path in sorted((folder / "mutants" / "harness" / "checks").rglob("*.meta")):
        name = path.name.removesuffix(".py.meta")
        codes = json.loads(path.read_text("utf-8"))["exit_code_by_key"]
        if codes and name not in TESTED_ELSEWHERE:
            yield name, codes


def draw(folder: Path, share: float, only: str) -> list[str]:
    """The mutants to run: of files that were not run before, and have ``only`` in their name."""
    drawn: list[str] = []
    for name, codes in results(folder):
        mutants = sorted(codes)
        count = round(share * len(mutants))
        if only in name and not any(code is not None for code in codes.values()):
            drawn += random.Random(name).sample(mutants, max(1, count))
    return drawn


def table(folder: Path) -> Iterator[str]:
    total: Counter[str] = Counter()
    yield f"{'file':<28} {'mutants':>8} {'run':>6} {'killed':>7} {'share':>7}"
    for name, codes in results(folder):
        ran = [code for code in codes.values() if code is not None]
        killed = sum(code in KILLED for code in ran)
        total.update(mutants=len(codes), run=len(ran), killed=killed)
        if ran:
            share = f"{killed / len(ran):.1%}"
            yield f"{name:<28} {len(codes):>8} {len(ran):>6} {killed:>7} {share:>7}"
    share = f"{total['killed'] / max(1, total['run']):.1%}"
    yield f"{'all':<28} {total['mutants']:>8} {total['run']:>6} {total['killed']:>7} {share:>7}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=0.4)
    parser.add_argument("--only", default="", help="run only files with this in their name")
    options = parser.parse_args()
    if not (options.folder / "mutants").is_dir():
        prepare(options.folder)
    names = draw(options.folder, options.share, options.only)
    for start in range(0, len(names), NAMES_AT_ONCE):
        run(options.folder, names[start : start + NAMES_AT_ONCE])
    print("\n".join(table(options.folder)))
    for _, codes in results(options.folder):
        for mutant, code in codes.items():
            if code is not None and code not in KILLED:
                print(f"survived ({code}): {mutant}")


if __name__ == "__main__":
    main()
