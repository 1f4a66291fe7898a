"""Takes the pictures of docs/images: the page and the terminal, from real runs.

    python -m scripts.screenshots [FOLDER]
    python -m scripts.screenshots --peers INSTALLED [FOLDER]

In a temporary project it trains an adapter for too few steps, judges it and the bundled one with
the bundled suites, gates the first against the second, and captures a terminal (tmux) and a browser
(headless Chromium). Takes about two minutes; tmux and Chromium must be installed.

With ``--peers`` it takes those of docs/report-compared.md instead: 100 cases, asked of three
models, on the page and in the viewers of other tools (``scripts/peers``).
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from harness.records.runs import read_run
from scripts import peers
from tests.report.chromium import Page, chromium, executable

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs/images"
LINKED = ("suites", "fixtures", "trainers", "pyproject.toml", "conftest.py")
STEPS = 24
"""Training steps: enough for most answers to be well-formed, too few for all."""
COLUMNS, LINES = 100, 200
MAX_SECONDS = 300
MAX_BYTES = 300_000
"""Largest size of one picture."""
SETTINGS = {"OMP_NUM_THREADS": "1", "HARNESS_STORE": "out/store"}
TRAINED, EARLY = "adapter:out/adapter", "adapter:out/early"
CERTAIN = (
    f"--model base:fixtures/models/tiny-qwen2 --model {TRAINED} -q --limit 12 --logprobs "
    "--run-id certain"
)
"""Session of the run whose page shows the certainty of tokens."""
SHOWN = ("change", "before", "after", "is.exact_fields", "model.2", "codes")
"""Columns of the table of cases beside other tools."""
SUITES = "pytest suites/ --task json_extraction --no-header"
SPOILT = {
    "␍": "a carriage return as a character: the line was not written over the one before",
    "times mean little": "times of a busy machine: take the pictures on an idle one",
}
"""Texts that no picture of a terminal may have, with what they are."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Takes the pictures of docs/images.")
    parser.add_argument("folder", nargs="?", type=Path, default=IMAGES)
    parser.add_argument("--peers", type=Path, help="where the other tools are installed")
    asked = parser.parse_args()
    folder = asked.folder.absolute()
    missing = [
        n for n, found in (("tmux", shutil.which("tmux")), ("Chromium", executable())) if not found
    ]
    if missing:
        sys.exit(f"screenshots: {' and '.join(missing)} not installed")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        prepare(project)
        if asked.peers:
            compared(project, asked.peers.absolute(), folder)
        else:
            pictured(project, folder)
    report(folder)


def pictured(project: Path, folder: Path) -> None:
    """The terminal, the page of two runs, and the page of one with the certainty of tokens."""
    pictures = {
        "terminal-summary": terminal(project, f"{SUITES} --model {TRAINED}"),
        "terminal-failure": terminal(
            project, f"{SUITES} --model {EARLY} -k test_no_extra_text --report-dir out/one"
        ),
    }
    run(project, "harness baseline save main latest")
    run(project, f"{SUITES} --model {EARLY} -q", codes=(0, 1))
    pictures["terminal-gate"] = terminal(project, "harness gate main latest")
    for picture, ansi in pictures.items():
        (folder / f"{picture}.svg").write_text(svg(ansi, picture), "utf-8")
    page = project / "page.html"
    before, after = sorted(p.name for p in (project / "reports/runs").iterdir())
    run(project, f"harness report {before} {after} -o {page}")
    run(project, f"{SUITES} {CERTAIN}", codes=(0, 1))
    certain = project / "certain.html"
    run(project, f"harness report certain -o {certain}")
    with chromium() as tab:
        photograph(tab, page, folder)
        photograph_certainty(tab, certain, folder)


def compared(project: Path, installed: Path, folder: Path) -> None:
    """One run of three models, on the page and in other tools."""
    base = "base:fixtures/models/tiny-qwen2"
    models = " ".join(f"--model {model}" for model in (base, EARLY, TRAINED))
    run(project, f"{SUITES} --limit 100 -q {models}", codes=(0, 1))
    (stored,) = (project / "reports/runs").iterdir()
    page = project / "page.html"
    run(project, f"harness report {stored.name} --before {base} --after {EARLY} -o {page}")
    with chromium() as tab:
        tab.prefer("light")
        tab.resize(1280, 920)
        tab.open(page)
        tab.screenshot(folder / "compared-page.png")
        table = f"#task=json_extraction&view=table&sort=is.exact_fields&columns={'+'.join(SHOWN)}"
        tab.open(page, table)
        tab.evaluate("document.querySelector('.views').scrollIntoView({ behavior: 'instant' })")
        tab.screenshot(folder / "compared-table.png")
        record = read_run(stored)
        case = peers.answers(record)[peers.SHOWN]["case"]
        tab.open(page, f"#task=json_extraction&case={case}")
        tab.screenshot(folder / "compared-case.png", selector=".alone")
        peers.photograph(tab, record, installed, project, folder)


def prepare(project: Path) -> None:
    """Create a project that links the repository's files under the names a reader would type."""
    for name in LINKED:
        (project / name).symlink_to(ROOT / name)
    (project / "out").mkdir()
    shutil.copytree(ROOT / "fixtures/models/tiny-qwen2-adapter", project / "out/adapter")
    data = "data/json_extraction"
    run(project, f"python -m fixtures.datasets json_extraction --rows 2000 --seed 0 --out {data}")
    run(
        project,
        f"harness train demo_tiny --set max_steps={STEPS} --set output=out/early "
        f"--set data.train=[{data}/train.jsonl]",
    )


def run(project: Path, command: str, codes: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(
        shlex.split(command), cwd=project, env=environment(), capture_output=True, text=True
    )
    if done.returncode not in codes:
        sys.exit(f"screenshots: {command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def environment() -> dict[str, str]:
    """The process's environment with this interpreter's programs first, without output settings,
    and with a store of the project's own: no picture shows what the machine answered before."""
    dropped = ("NO_COLOR", "FORCE_COLOR", "PYTEST_ADDOPTS", "CI", "GITHUB_ACTIONS", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "PYTHONPATH": str(ROOT), **SETTINGS}


def terminal(project: Path, command: str) -> str:
    """The content of a terminal of 100 columns after the command, as text with colour codes."""
    with server(project) as tmux:
        ended = project / "ended"
        ended.unlink(missing_ok=True)
        tmux("send-keys", f"clear; {command}; touch {ended}", "Enter")
        until = time.monotonic() + MAX_SECONDS
        while not ended.exists():
            if time.monotonic() > until:
                sys.exit(f"screenshots: {command} did not end in {MAX_SECONDS} s")
            time.sleep(0.2)
        time.sleep(0.5)  # Give the terminal time to show the last output of the program.
        screen = tmux("capture-pane", "-p", "-e", "-S", "-").rstrip()
    for text, found in SPOILT.items():
        if text in screen:
            sys.exit(f"screenshots: {command} shows {found}")
    lines = screen.splitlines()
    return "\n".join([f"$ {command}", *lines[:-1]])  # The last one is the next prompt.


@contextmanager
def server(project: Path) -> Iterator["Tmux"]:
    """A separate tmux server with a shell without startup output."""
    # A new name each time: a server that is ending may still hold its name.
    tmux = Tmux(f"screenshots-{os.getpid()}-{time.monotonic_ns()}", project)
    tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), "bash --norc --noprofile")
    try:
        tmux("send-keys", "PS1='$ '", "Enter")
        yield tmux
    finally:
        tmux("kill-server")


class Tmux:
    def __init__(self, name: str, project: Path) -> None:
        self.name, self.project = name, project

    def __call__(self, *words: str) -> str:
        command = ["tmux", "-L", self.name, "-f", "/dev/null", *words]
        done = subprocess.run(
            command, cwd=self.project, env=environment(), capture_output=True, text=True, check=True
        )
        return done.stdout


def svg(ansi: str, name: str) -> str:
    """The terminal as an SVG without external resources: it uses the reader's fonts."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, legacy_windows=False)
        console.print(Text.from_ansi(f"{ansi}\n"), soft_wrap=True)
    form = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    drawn = console.export_svg(title="", code_format=form, unique_id=name)
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def photograph(tab: Page, page: Path, folder: Path) -> None:
    """The first screen wide and narrow, light and dark; a case that broke, in the list and alone;
    the table of cases."""
    for scheme in ("light", "dark"):
        tab.prefer(scheme)
        for shape, width, height in (("wide", 1280, 920), ("narrow", 390, 844)):
            tab.resize(width, height, scale=1.5)
            tab.open(page)
            tab.screenshot(folder / f"page-{shape}-{scheme}.png")
    tab.prefer("light")
    tab.resize(1280, 920, scale=1.5)
    tab.open(page)
    tab.screenshot(folder / "page-case.png", selector=".bucket[open] .case")
    tab.resize(1280, 560)
    tab.open(page, "#task=json_extraction&behavior=exact_fields&view=table&sort=change")
    tab.evaluate("document.querySelector('.views').scrollIntoView({ behavior: 'instant' })")
    tab.screenshot(folder / "page-table.png")
    tab.evaluate("document.querySelector('.dense tbody a').click()")
    tab.screenshot(folder / "page-alone.png", selector=".alone")


def photograph_certainty(tab: Page, page: Path, folder: Path) -> None:
    """One case with the certainty of its tokens."""
    tab.resize(1000, 920, scale=1.5)
    tab.open(page, "#certainty=on&task=json_extraction&case=json_extraction-000")
    tab.screenshot(folder / "page-certainty.png", selector=".alone .case")


def report(folder: Path) -> None:
    """Print the size of each picture; exit code 1 where one is too large for a README."""
    found = {p.name: p.stat().st_size for p in folder.iterdir() if p.suffix in (".png", ".svg")}
    for name, size in sorted(found.items()):
        print(f"{name:<28}{size / 1000:>8.0f} kB{'  TOO LARGE' if size > MAX_BYTES else ''}")
    sys.exit(max(found.values()) > MAX_BYTES)


if __name__ == "__main__":
    main()
