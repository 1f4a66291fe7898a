"""``harness gate`` over what the bundled models really answered: ``fixtures/records``."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.core.record import RunRecord
from harness.records.baselines import read_baseline
from harness.records.runs import write_outline, write_run
from tests.models import ROOT

RECORDS = ROOT / "fixtures/records"
_MODES = re.MULTILINE | re.DOTALL


def sessions() -> list[tuple[str, str]]:
    """The commands of the gate's pages over these records, and what they show of their output."""
    text = "".join(
        (ROOT / f"docs/{page}.md").read_text("utf-8") for page in ("gate", "gate-reference")
    )
    return re.findall(r"^```\n\$ harness gate (fixtures/records/[^\n]*)\n(.*?)^```$", text, _MODES)


@pytest.fixture(autouse=True)
def project(folder_outside_ci: Path) -> Path:
    return folder_outside_ci


def stored(name: str) -> str:
    return str(RECORDS / f"{name}.json")


def record_of(name: str) -> RunRecord:
    return read_baseline(RECORDS / f"{name}.json").record


def gate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["gate", *arguments], catch_exceptions=False)


def test_the_adapter_is_better_than_its_base() -> None:
    result = gate(stored("base_and_adapter"))
    assert result.exit_code == 0
    assert result.output.startswith(
        "PASS on these 25 wordings: format_success_rate rose from 3.3% to 100.0% (+96.7"
    )
    assert "0 cases broke, 29 were fixed" in result.output


def test_and_takes_half_as_long_again_which_a_limit_calls_a_regression() -> None:
    """Its LoRA is computed beside the base's weights; timed in turns, on 20 cases."""
    result = gate(stored("base_and_adapter"), "--max-latency-increase", "0.1")
    assert result.exit_code == 1
    assert result.output.startswith("REGRESSION on these 25 wordings: answers take 1.5")
    assert "20 cases timed in turns" in result.output
    assert gate(stored("base_and_adapter"), "--max-latency-increase", "2").exit_code == 0


def test_the_adapter_against_itself_passes_without_a_flip() -> None:
    """In other batches: greedy decoding is not bit-stable, and here it was."""
    result = gate(stored("adapter"), stored("adapter_again"))
    assert result.exit_code == 0
    assert result.output.startswith(
        "PASS on these 64 wordings: format_success_rate stayed at 100.0%"
    )
    assert "no case flipped" in result.output
    assert "Attempt 2 of the same weights and plan" in result.output


def test_an_under_trained_adapter_is_a_regression() -> None:
    result = gate(stored("adapter"), stored("under_trained"))
    assert result.exit_code == 1
    assert result.output.startswith(
        "REGRESSION on these 64 wordings: format_success_rate fell from 100.0% to 92.0% (-8.0 "
        "points, 94% interval -13.2 to -3.7; 12 cases broke, 0 were fixed); new wordings lose "
        "1.9 to 15.8 points."
    )


def test_thirty_cases_without_a_flip_are_inconclusive_and_149_are_needed() -> None:
    result = gate(stored("adapter_30"), stored("adapter"), "--allow", "cases")
    assert result.exit_code == 10
    assert "no case flipped" in result.output
    assert "149 cases with no flip would decide it, 119 more." in result.output
    result = gate(stored("adapter_30"), stored("adapter_30"))
    assert result.exit_code == 10
    assert "149 cases with no flip would decide it, 119 more." in result.output


def test_another_prompt_is_refused() -> None:
    result = gate(stored("adapter_30"), stored("adapter_30_other_prompt"))
    assert result.exit_code == 11
    assert result.output.startswith("NOT COMPARABLE: json_extraction: 30 of 30 prompts differ: ")


def test_other_cases_are_refused() -> None:
    result = gate(stored("adapter_30"), stored("adapter"))
    assert result.exit_code == 11
    assert "120 of the answers are only after" in result.output


def test_an_empty_run_is_refused() -> None:
    write_run(replace(record_of("adapter"), id="empty", samples=()), Path("reports/runs"))
    result = gate(stored("adapter"), "empty")
    assert result.exit_code == 11
    assert "has no answer" in result.output


def test_a_partial_run_is_refused() -> None:
    """As a killed session leaves it: an outline, without answers."""
    run = replace(record_of("adapter"), id="killed", samples=())
    write_outline(run, Path("reports/runs"))
    result = gate(stored("adapter"), "killed")
    assert result.exit_code == 11
    assert "the run after (killed) was interrupted, run it to its end" in result.output


def test_a_run_that_is_not_there_is_a_mistake() -> None:
    assert gate(stored("adapter"), "nothing").exit_code == 2


def test_the_records_are_small_and_their_own() -> None:
    assert sum(path.stat().st_size for path in RECORDS.iterdir()) < 310_000
    for path in RECORDS.glob("*.json"):
        assert read_baseline(path).name == path.stem


@pytest.mark.parametrize(("command", "shown"), sessions())
def test_the_guide_shows_what_is_printed(command: str, shown: str, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    output = gate(*command.split()).output
    is_cut = shown.endswith("\n...\n")
    assert output.startswith(shown.removesuffix("...\n")) if is_cut else output == shown
