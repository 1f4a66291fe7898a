"""The scripts of ``docs/systems`` go from data to their last step, and their pages show what they
print. Numbers in a page are those of one machine; the words around them must be printed."""

import filecmp
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import psutil
import pytest

from harness.records.runs import read_run
from tests.docs.blocks import blocks
from tests.docs.shown import missing_line
from tests.models import ROOT
from tests.project import clean_environment

SYSTEMS = ROOT / "docs/systems"
NAMES = ("assistant", "coder", "credit_letters", "fan_timeline", "strict_json")


@dataclass(frozen=True)
class Ran:
    """A script that ran to its end."""

    name: str
    out: Path
    """Its folder."""
    text: str
    """What it printed."""

    @property
    def sessions(self) -> Iterator[tuple[list[str], str]]:
        """The words of each command, and its output."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield shlex.split(command), output

    def output(self, words: str) -> str:
        """The output of the command that has these words."""
        (found,) = (o for command, o in self.sessions if words in " ".join(command))
        return found

    def missed(self, words: str, model: str) -> list[str]:
        """The behaviors whose budgets a model misses in the table of that command."""
        rows = self.output(words).partition(f"\n{model}\n")[2].splitlines()
        own = list(takewhile(lambda row: row.startswith("  "), rows))
        assert own
        return [row.split()[0] for row in own if "MISSED" in row]

    def judged(self, run: str, kind: str) -> dict[str, tuple[str, dict[str, str]]]:
        """By case, of the model of that kind in a run: its answer and the outcomes."""
        return {
            sample.case_id: (
                sample.completion.text,
                {name: verdict.outcome.value for name, verdict in sample.verdicts.items()},
            )
            for sample in read_run(self.out / "runs" / run).samples
            if sample.model.startswith(f"{kind}:")
        }

    def rate(self, run: str, kind: str, behavior: str) -> float:
        """The share of passing answers of the replayed model of that kind."""
        found = [
            sample.verdicts[behavior].outcome.value
            for sample in read_run(self.out / "runs" / run).samples
            if f"+model={kind}:" in sample.model
        ]
        return found.count("passed") / len(found)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory):
    """Runs each script once, from another folder."""
    known: dict[str, Ran] = {}

    def run(name: str) -> Ran:
        if name not in known:
            known[name] = _run(name, tmp_path_factory.mktemp(name) / "out")
        return known[name]

    return run


def _run(name: str, out: Path) -> Ran:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    given = clean_environment(OUT=str(out), PATH=path, OMP_NUM_THREADS="1")
    del given["COLUMNS"]  # as the pages' outputs were made
    done = subprocess.run(
        ["bash", str(SYSTEMS / f"{name}.sh")],
        cwd=out.parent,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return Ran(name, out, done.stdout.replace(str(out), f"out/systems/{name}"))


def _untracked() -> set[str]:
    done = subprocess.run(
        ["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {line for line in done.stdout.splitlines() if line.startswith("??")}


def _processes_with(folder: Path) -> list[str]:
    """Processes that were started with this folder as their ``OUT``."""
    found = []
    for process in psutil.process_iter(["environ", "cmdline"]):
        if (process.info["environ"] or {}).get("OUT") == str(folder):
            found.append(" ".join(process.info["cmdline"] or []))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_script_leaves_no_process_and_no_file_beside_its_folder(ran, name):
    before = _untracked()
    done = ran(name)
    assert _untracked() <= before
    assert [path.name for path in done.out.parent.iterdir()] == ["out"]
    assert _processes_with(done.out) == []
    assert (done.out / "report.html").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_the_commands_of_its_script_and_what_they_print(ran, name):
    done = ran(name)
    printed = [(command, _plain(output)) for command, output in done.sessions]
    shown = [
        (shlex.split(command), [_plain(line) for line in lines])
        for block in blocks(SYSTEMS / f"{name}.md")
        for command, lines in block.sessions
    ]
    assert len(shown) >= 8
    for command, lines in shown:
        outputs = [output for own, output in printed if _plain(own) == _plain(command)]
        assert outputs, f"the script does not run: {' '.join(command)}"
        missing = [missing_line(output, lines) for output in outputs]
        assert None in missing, (command, missing)


def _plain(text):
    """The text without its numbers, which are longer on some machines; without the bars of curves,
    which are numbers too."""
    if isinstance(text, list):
        return [_plain(word) for word in text]
    return re.sub(r"[▁-█]+", "", re.sub(r"\d[\d,]*(?:\.\d+)?", "#", text))


@pytest.mark.slow
def test_credit_letters_are_better_than_the_base_and_invent_nothing(ran):
    done = ran("credit_letters")
    judged = "--run-id letters", "adapter:out/systems/credit_letters/adapter"
    assert set(done.missed(*judged)) <= {"sections", "quotes"}
    assert done.rate("invented", "adapter", "grounding") >= 0.90
    assert done.rate("invented", "adapter", "forbidden") >= 0.98
    assert done.rate("invented", "base", "forbidden") < 0.98
    assert "\nPASS on these" in "\n" + done.output("harness gate letters")
    answers = done.output("curl -s /metrics")
    assert 'arm="candidate",policy="raw",result="raw"' in answers
    assert "forbidden" in done.output("harness judge")


@pytest.mark.slow
def test_strict_json_meets_its_budgets_and_can_be_made_again(ran):
    done = ran("strict_json")
    adapter = "adapter:out/systems/strict_json/adapter"
    assert done.missed("--run-id json", adapter) == []
    assert "\nPASS on these" in "\n" + done.output("harness gate json")
    weights = [done.out / name / "adapter_model.safetensors" for name in ("adapter", "again")]
    assert filecmp.cmp(*weights, shallow=False)
    assert done.judged("json", "adapter") == done.judged("again", "adapter")
    assert len(done.judged("again", "adapter")) == 100
    curve = (done.out / "adapter/curves.jsonl").read_text("utf-8").splitlines()
    assert len([line for line in curve if "format_success_rate" in line]) >= 4
    assert "fits into the 4,000 MB" in done.output("--estimate")


@pytest.mark.slow
def test_the_coder_is_shipped_within_its_time_and_memory(ran):
    done = ran("coder")
    counts = json.loads((done.out / "data/metadata.json").read_text("utf-8"))
    assert counts["left_out"] == 200
    sizes = [
        len((done.out / f"data/{split}.jsonl").read_text("utf-8").splitlines())
        for split in ("train", "val", "test")
    ]
    assert [round(10 * size / sum(sizes)) for size in sizes] == [8, 1, 1]
    assert (done.out / "coder-q4_k_m.gguf").stat().st_size > 1_000_000
    assert set(done.missed("--run-id shipped", "gguf:out/systems/coder/coder-q4_k_m.gguf")) <= {
        "format_success_rate",
        "python_parses",
        "python_function",
    }
    assert re.search(r"latency_budget .* met\b", done.output("--run-id budgets"))
    assert "\nPASS on these" in "\n" + done.output("harness gate coder")
    assert done.output("harness gate --log").startswith("PASS")


@pytest.mark.slow
def test_the_assistant_gains_by_each_stage_and_meets_its_budgets(ran):
    done = ran("assistant")
    for recipe, runs in (("sft", "sft"), ("dpo", "sft dpo")):
        assert "fits into the 80,000 MB" in done.output(f"assistant_7b_{recipe} --estimate")
        assert " rose from " in done.output(f"harness gate {runs} --")
    assert done.missed("--run-id dpo", "adapter:out/systems/assistant/dpo") == []


@pytest.mark.slow
def test_the_timeline_is_mended_by_repair_and_held_by_the_grammar(ran):
    done = ran("fan_timeline")
    held = set(done.missed("--run-id constrained", "adapter:out/systems/fan_timeline/adapter"))
    assert held <= {"exact_fields", "grounding"}
    assert " rose from " in done.output("harness gate raw constrained")
    counts = re.findall(r'policy="(\w+)",result="(\w+)",.* (\d+)', done.output("curl -s /metrics"))
    failed = {policy: int(count) for policy, result, count in counts if result == "failed"}
    assert failed["raw"] > failed.get("repair", 0)
    assert failed["raw"] > failed.get("constrained", 0)
    assert "timeline" in done.output("harness chat")
