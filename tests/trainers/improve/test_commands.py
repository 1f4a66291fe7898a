"""The suites are judged in a process of their own; what stops one is said in a line."""

from pathlib import Path

import pytest

from harness.core.errors import HarnessError
from tests.project import GOOD, json_project
from trainers.improve.commands import Processes


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Processes:
    json_project(tmp_path).store({"ant": GOOD, "bee": "no", "cat": GOOD, "dog": "no"})
    monkeypatch.chdir(tmp_path)
    return Processes(("suites",), "echo", Path("reports/runs"), lambda text: None)


def test_a_model_that_misses_its_budgets_is_judged(processes: Processes) -> None:
    record = processes.judge("record:stored/stored", Path("judged.log"))
    assert {r.behavior: r.rate for r in record.results}["json_validity"] == 0.5
    assert processes.read(record.id) == record
    assert "2 failed" in Path("judged.log").read_text()


def test_a_session_that_judges_nothing_is_an_error_with_its_last_lines(
    processes: Processes,
) -> None:
    with pytest.raises(HarnessError, match=r"judged.log: pytest ended with 4: .*no such task"):
        Processes(("suites",), "ecko", Path("reports/runs"), lambda text: None).judge(
            "record:stored/stored", Path("judged.log")
        )


def test_a_training_that_fails_is_an_error(
    processes: Processes, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(HarnessError, match=r"none.yaml: the training ended with 2, see above"):
        processes.train(Path("none.yaml"))
    assert "no such recipe" in capfd.readouterr().err
