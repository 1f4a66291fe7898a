"""``harness report``, as a user types it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.cli.report import folder_of
from harness.gate.compare import Side
from harness.records.baselines import save_baseline
from harness.records.runs import write_run
from tests.synthetic import ADAPTER, BASE, BEHAVES, CHATTERS, record

FIRST, SECOND = "20261119-080000-aaaa", "20261120-131502-ab12"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    root = Path("reports/runs")
    write_run(record(12, [(BASE, CHATTERS)], run_id=FIRST), root)
    write_run(record(12, run_id=SECOND), root)
    return root


def report(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", *arguments], catch_exceptions=False)


def test_the_latest_run_becomes_a_page_in_its_folder(runs: Path) -> None:
    result = report()
    assert result.exit_code == 0
    assert result.output == f"report: reports/runs/{SECOND}/report.html\n"
    page = (runs / SECOND / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "format_success_rate rose from" in page


def test_an_output_file_is_made_with_its_folder(runs: Path) -> None:
    assert report("latest", "-o", "some/where/page.html").exit_code == 0
    assert Path("some/where/page.html").is_file()


def test_one_model_is_shown_alone(runs: Path) -> None:
    result = report(FIRST, "--format", "json", "-o", "-")
    content = json.loads(result.output)
    assert content["before"] is None
    assert content["after"] == {"run": FIRST, "model": BASE}
    assert content["comparisons"] == []


def test_of_two_runs_the_first_is_before(runs: Path) -> None:
    content = json.loads(report("20261119", SECOND, "--format", "json", "-o", "-").output)
    assert content["before"] == {"run": FIRST, "model": BASE}
    assert content["after"] == {"run": SECOND, "model": ADAPTER}
    assert len(content["comparisons"][0]["cases"]) == 12
    assert report(FIRST, SECOND).output.endswith(f"{SECOND}/report-since-{FIRST}.html\n")


def test_the_sides_can_be_chosen(runs: Path) -> None:
    arguments = ("--before", ADAPTER, "--after", "tiny", "--format", "json", "-o", "-")
    content = json.loads(report(*arguments).output)
    assert content["before"]["model"] == ADAPTER
    assert content["after"]["model"] == BASE
    assert "fell" in content["comparisons"][0]["sentence"]


@pytest.mark.parametrize("kind", ["markdown", "junit"])
def test_machines_get_their_formats(runs: Path, kind: str) -> None:
    suffix = {"markdown": "md", "junit": "xml"}[kind]
    result = report("--format", kind)
    assert result.output == f"report: reports/runs/{SECOND}/report.{suffix}\n"
    assert "format_success_rate" in (runs / SECOND / f"report.{suffix}").read_text("utf-8")


def test_a_baseline_is_a_side_where_its_texts_are_not_needed(runs: Path) -> None:
    save_baseline("main", record(12, [(BASE, CHATTERS)]), Path("reports/baselines"))
    content = json.loads(report("main", SECOND, "--format", "json", "-o", "-").output)
    assert content["before"]["model"] == BASE
    assert content["decision"]["outcome"] == "inconclusive"
    other = record(12, [(BASE, CHATTERS)], run_id="20261118-080000-bbbb", seed=99)
    save_baseline("other", other, Path("reports/baselines"))
    result = report("other", "--format", "csv", "-o", "tables")
    assert result.exit_code == 2
    assert "holds no texts" in result.output


def test_a_page_of_a_committed_baseline_has_numbers_and_says_which_texts_are_missing(
    runs: Path,
) -> None:
    before = record(12, [(BASE, CHATTERS)], run_id="20261118-080000-bbbb", seed=99)
    save_baseline("main", before, Path("reports/baselines"))
    result = report("main", SECOND, "-o", "page.html")
    assert result.exit_code == 0
    assert "The baseline main keeps hashes of its answers: " in result.output
    assert " of 12 texts were found in the store and in other runs." in result.output
    page = Path("page.html").read_text("utf-8")
    assert "harness baseline save main --texts --replace" in page
    assert "No completion: the baseline main keeps its hash alone" in page
    write_run(before, runs)
    assert "keeps hashes" not in report("main", SECOND, "-o", "page.html").output
    assert "keeps its hash alone" not in Path("page.html").read_text("utf-8")


def test_the_terminal_gets_tables(runs: Path) -> None:
    result = report("--format", "terminal")
    shown = result.output
    assert shown.startswith("INCONCLUSIVE: only 12 cases could be paired; format_success_rate rose")
    assert 0 < shown.index(" fixed") < shown.index("json_extraction  12 cases, greedy")
    assert report("--format", "terminal", "-o", "t.txt").exit_code == 0
    assert "format_success_rate" in Path("t.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "run 'nothing': neither a folder with run.json nor under reports/runs"),
        (["a", "b", "c"], "3 runs: name two, the one before first"),
        (["--format", "json", "--open"], "--open shows a page"),
        (["-o", "-", "--open"], "--open shows a file"),
        (["--format", "csv", "--json"], "--json is --format json, leave out --format csv"),
        (["--after", "base:gone"], "name one of: base:models/tiny, adapter:out/json_extraction"),
        (["-o", "reports/runs"], "is a directory"),
        (["--report-dir", "elsewhere"], "elsewhere: no run yet"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    runs: Path, arguments: list[str], message: str
) -> None:
    result = report(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_folder_that_cannot_be_written_is_one_line(runs: Path) -> None:
    Path("file").write_text("")
    result = report("-o", "file/page.html")
    assert result.exit_code == 2
    assert "name another file after -o" in result.output


def test_a_run_without_models_has_nothing_to_report_on(runs: Path) -> None:
    empty = replace(record(1), id="20261121-000000-0000", models=(), results=(), samples=())
    write_run(empty, runs)
    assert "it records no model" in report().output


def test_nothing_heavy_is_imported(runs: Path) -> None:
    code = (
        "import sys\n"
        "from harness.cli import main\n"
        "main(['report', '--format', sys.argv[1], '-o', 'out'], standalone_mode=False)\n"
        "heavy = {'torch', 'transformers', 'llama_cpp', 'peft'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    for kind in ("html", "json", "terminal"):
        done = subprocess.run(
            [sys.executable, "-c", code, kind], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_two_candidates_over_the_same_base(runs: Path) -> None:
    other = "adapter:out/other"
    write_run(
        record(12, [(BASE, CHATTERS), (ADAPTER, BEHAVES), (other, BEHAVES)], run_id="20270101"),
        runs,
    )
    content = json.loads(report("--format", "json", "-o", "-").output)
    assert content["before"]["model"] == BASE
    assert content["after"]["model"] == other
    assert report().exit_code == 0


def test_a_page_knows_what_lies_beside_it(runs: Path) -> None:
    """The other runs of the folder as history, and a second run of one model as noise."""
    result = report(SECOND, "--before", BASE, "--noise", FIRST)
    assert result.exit_code == 0
    page = (runs / SECOND / "report.html").read_text(encoding="utf-8")
    assert f"flipped, at most 26.5%, with nothing changed: run {FIRST} of the same model" in page
    assert "over 2 stored runs" in page
    (runs / FIRST / "run.json").write_text("{")
    assert report(SECOND).exit_code == 0, "a damaged run is nothing to another's page"
    assert "stored runs" not in (runs / SECOND / "report.html").read_text(encoding="utf-8")
    assert report(SECOND, "--noise", "nothing").exit_code == 2
    assert report(SECOND, "--noise", SECOND, "--format", "terminal").exit_code == 2


def test_only_adapters_have_a_folder() -> None:
    run = record(1)
    folders = [folder_of(Side(run, model.ref)) for model in run.models]
    assert folders == [None, Path(ADAPTER.partition(":")[2])]


def test_a_format_of_several_files_is_a_folder(runs: Path) -> None:
    result = report("--format", "csv")
    assert result.stdout == "".join(
        f"wrote reports/runs/{SECOND}/report-csv/{name}.csv\n"
        for name in ("verdicts", "completions")
    )
    assert Path(f"reports/runs/{SECOND}/report-csv/verdicts.csv").is_file()
    refused = CliRunner().invoke(main, ["report", "--format", "lm-eval", "-o", "-"])
    assert refused.exit_code == 2
    assert refused.stderr == "harness: -o -: --format lm-eval is several files, name a folder\n"


def test_the_index_links_to_pages_and_to_records_where_there_is_none(runs: Path) -> None:
    report(FIRST)
    assert report("--index").output == "index: reports/runs/index.html\n"
    page = (runs / "index.html").read_text("utf-8")
    assert f'href="./{FIRST}/report.html"' in page
    assert f'href="./{SECOND}/run.json"' in page
    (runs / SECOND / "run.json").write_text(
        (runs / SECOND / "run.json").read_text().replace('"seconds"', '"second"', 1)
    )
    assert report("--index", "-o", "else/where.html").exit_code == 0
    page = Path("else/where.html").read_text("utf-8")
    assert f'href="./../reports/runs/{FIRST}/report.html"' in page
    assert f"Left out: reports/runs/{SECOND}/run.json" in page


def test_the_index_is_no_json(runs: Path) -> None:
    assert "harness: --json: --index shows all runs" in report("--index", "--json").output


@pytest.mark.parametrize(
    ("more", "named"), [([FIRST], "RUN"), (["--noise", FIRST], "--noise"),
                        (["--format", "csv"], "--format csv")]
)  # fmt: skip
def test_the_index_is_of_all_runs(runs: Path, more: list[str], named: str) -> None:
    result = report("--index", *more)
    assert result.exit_code == 2
    assert f"{named}: --index shows all runs, leave it out" in result.output
