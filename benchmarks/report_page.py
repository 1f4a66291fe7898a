"""Build time, size and response times of the page of 5,000 cases and two models.

    python -m benchmarks.report_page [--repeats 5]

The records are generated from a seed (``tests/synthetic.py``), the page by ``harness report`` in
its own process; headless Chromium opens it and clicks through it. A second record holds only
hostile texts of 10,000 characters, a third one text of ten million; smaller pages hold each hostile
text with each failure code. Prints a table, writes
``benchmarks/results/report_page.json`` with machine and versions, and exits with 1 where a limit is
missed or a check fails. Run it on an idle machine, or with real-time priority on a busy one
(``chrt -r``, recorded as ``has_priority``).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import report_page_browser as in_browser
from harness.core.record import RunRecord
from harness.core.verdict import FailureCode
from harness.machine.environment import environment
from harness.records.runs import write_run
from tests.report.chromium import chromium, executable
from tests.report.hostile import EVERYTHING
from tests.report.page.test_long_answers import TRIPLES, page_of_every_failure
from tests.synthetic import record, record_of, with_text

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks/results/report_page.json"
REPORT = (sys.executable, "-m", "harness", "report")
CASES = 5_000
HOSTILE_CHARACTERS = 10_000
TEN_MILLION = 10_000_000
FORMATS = ("html", "json", "markdown", "junit", "terminal")

# Times the build alone, in a process that has already imported its modules.
BUILD_ALONE = """
import sys, time
from pathlib import Path
from harness.gate.policy import GatePolicy
from harness.report.report import report_on
from harness.report.html import render
from harness.records.runs import read_run
started = time.perf_counter()
run = read_run(Path(sys.argv[1]))
was_read = time.perf_counter()
render(report_on(run, policy=GatePolicy()))
print(was_read - started, time.perf_counter() - was_read)
"""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured value, with its limit if it has one."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def is_met(self) -> bool:
        return self.limit is None or self.value <= self.limit


@dataclass(frozen=True, slots=True)
class Process:
    """Wall time and peak memory of a process."""

    seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    out: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    if executable() is None:
        sys.exit("Chromium is not installed: the page is measured in a browser")
    measures: list[Measure] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = folder / "page.html"
        measures += built(folder, record(CASES), page, repeats)
        measures += hostile(folder)
        measures += ten_megabytes(folder)
        with chromium() as tab:
            tab.resize(1400, 900)
            browsed, filters = browse(tab, page, repeats)
            measures += browsed
            measures += every_failure(tab, folder)
            checked = dict(in_browser.checks(tab, page))
            browser = tab.call("Browser.getVersion")["product"]
    show(measures, checked)
    write(measures, checked, filters, browser)
    if not all(m.is_met for m in measures) or not all(checked.values()):
        sys.exit(1)


def built(folder: Path, run: RunRecord, page: Path, repeats: int) -> Iterator[Measure]:
    """Time the real command, and the build without process start and imports."""
    runs = folder / "runs"
    write_run(run, runs)
    command = [*REPORT, "--report-dir", str(runs), "-o", str(page)]
    whole = [process(command, folder) for _ in range(repeats)]
    alone = [
        [float(word) for word in process(
            [sys.executable, "-c", BUILD_ALONE, str(runs / run.id)], folder).out.split()]
        for _ in range(repeats)
    ]  # fmt: skip
    yield Measure("harness report, the whole process, slowest", slowest(whole), "s", 3.0)
    yield Measure(
        "harness report, the whole process, median", median(p.seconds for p in whole), "s"
    )
    yield Measure("harness report, its CPU time, median", median(p.cpu_seconds for p in whole), "s")
    yield Measure("reading the record alone, median", median(read for read, _ in alone), "s")
    yield Measure("building the page alone, median", median(made for _, made in alone), "s")
    yield Measure("peak memory of harness report", max(p.peak_memory_mb for p in whole), "MB")
    yield Measure("the page", page.stat().st_size / 1e6, "MB", 4.0)


def hostile(folder: Path) -> Iterator[Measure]:
    """The same number of cases, all with long hostile answers."""
    text = (EVERYTHING * (HOSTILE_CHARACTERS // len(EVERYTHING) + 1))[:HOSTILE_CHARACTERS]
    run = record(CASES)
    spoilt = [(m.ref, [with_text(s, f"{s.completion.text} {text}") for s in run.samples
                       if s.model == m.ref]) for m in run.models]  # fmt: skip
    runs, page = folder / "hostile", folder / "hostile.html"
    write_run(record_of(spoilt), runs)
    command = [*REPORT, "--report-dir", str(runs), "-o", str(page)]
    took = process(command, folder)
    stored = sum(f.stat().st_size for f in runs.rglob("*") if f.is_file())
    yield Measure("hostile texts: stored", stored / 1e6, "MB")
    yield Measure("hostile texts: harness report", took.seconds, "s")
    yield Measure("hostile texts: peak memory", took.peak_memory_mb, "MB")
    yield Measure("hostile texts: the page", page.stat().st_size / 1e6, "MB", 4.0)


def ten_megabytes(folder: Path) -> Iterator[Measure]:
    """One answer of ten million hostile characters, through every format."""
    long = (EVERYTHING * (TEN_MILLION // len(EVERYTHING) + 1))[:TEN_MILLION]
    made = record(60).samples
    found = [with_text(made[0], long), *made[1:]]
    runs = folder / "long"
    models = dict.fromkeys(s.model for s in made)
    write_run(record_of([(m, [s for s in found if s.model == m]) for m in models]), runs)
    took, sizes = {}, {}
    for kind in FORMATS:
        out = folder / f"long.{kind}"
        words = ["report", "--format", kind, "--report-dir", str(runs), "-o", str(out)]
        took[kind] = process([sys.executable, "-m", "harness", *words], folder)
        sizes[kind] = out.stat().st_size / 1e6
    slow = max(took, key=lambda kind: took[kind].seconds)
    yield Measure(f"10 MB in one answer: slowest format ({slow})", took[slow].seconds, "s")
    yield Measure(
        "10 MB in one answer: peak memory", max(p.peak_memory_mb for p in took.values()), "MB"
    )
    large = max(sizes, key=sizes.__getitem__)
    yield Measure(f"10 MB in one answer: largest output ({large})", sizes[large], "MB", 4.0)


def browse(
    tab: in_browser.Page, page: Path, repeats: int
) -> tuple[list[Measure], dict[str, float]]:
    """Time loads, filters and actions in milliseconds; the first load has cold caches."""
    loads = [in_browser.load(tab, page) for _ in range(repeats)]
    times = in_browser.answers(tab, page, repeats)
    acts = in_browser.acts(tab, page, repeats)
    slow = max(acts, key=lambda name: max(acts[name]))
    every = [found for each in times.values() for found in each]
    return [
        Measure("first paint, slowest", max(x.paint for x in loads), "ms"),
        Measure("scripts done, slowest", max(x.load for x in loads), "ms"),
        Measure(
            "interactive: a click answered, slowest", max(x.answered for x in loads), "ms", 1500
        ),
        Measure("interactive: a click answered, median", median(x.answered for x in loads), "ms"),
        Measure(f"a filter answered, slowest of {len(every)}", max(every), "ms", 100),
        Measure(f"a filter answered, median of {len(every)}", median(every), "ms"),
        Measure(f"an action answered, slowest ({slow})", max(acts[slow]), "ms", 300),
    ], in_browser.medians(times | acts)


def every_failure(tab: in_browser.Page, folder: Path) -> Iterator[Measure]:
    """Pages of hostile answers of 10,000 characters, three on each, with each failure code."""
    opened, acts = [], {}
    for shapes in TRIPLES:
        path = page_of_every_failure(shapes, folder / "failures.html")
        opened.append(in_browser.load(tab, path).answered)
        for name, times in in_browser.acts(tab, path, 1).items():
            acts[name] = max(*times, acts.get(name, 0.0))
    slow = max(acts, key=acts.__getitem__)
    cases = sum(len(FailureCode) * len(shapes) for shapes in TRIPLES)
    yield Measure(f"{cases} hostile cases: interactive, slowest", max(opened), "ms", 1500)
    yield Measure(f"{cases} hostile cases: an action, slowest ({slow})", acts[slow], "ms", 300)


def process(command: list[str], folder: Path) -> Process:
    """Run a command to its end in ``folder``, outside any project."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    child = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    out = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    cpu_seconds = used.ru_utime + used.ru_stime
    return Process(seconds, cpu_seconds, used.ru_maxrss * 1024 / 1e6, out)


def slowest(found: Iterable[Process]) -> float:
    return max(p.seconds for p in found)


def median(found: Iterable[float]) -> float:
    return statistics.median(found)


def show(measures: Iterable[Measure], checked: dict[str, bool]) -> None:
    for m in measures:
        limit = f"limit {m.limit:g} {m.unit}" if m.limit is not None else ""
        said = ("met" if m.is_met else "MISSED") if limit else ""
        print(f"{m.name:<52}{m.value:>10.2f} {m.unit:<3} {limit:<14} {said}".rstrip())
    for name, is_good in checked.items():
        print(f"{name:<66} {'yes' if is_good else 'NO'}")


def write(
    measures: Iterable[Measure], checked: dict[str, bool], filters: dict[str, float], browser: str
) -> None:
    result = {
        "command": ["python", "-m", "benchmarks.report_page", *sys.argv[1:]],
        "cases": CASES,
        "models": 2,
        "measures": [{**asdict(m), "value": round(m.value, 3)} for m in measures],
        "filter_medians_ms": filters,
        "checks": checked,
        "browser": browser,
        "load_average": os.getloadavg(),
        "has_priority": os.sched_getscheduler(0) != os.SCHED_OTHER,
        "environment": environment(ROOT),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
