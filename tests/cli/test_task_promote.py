"""``harness task promote --reference``: the value that becomes part of a task's cases."""

import pytest
from click.testing import CliRunner

from harness.cli import main


@pytest.mark.parametrize("reference", ["{", "NaN", "[" * 100_000])
def test_a_reference_that_is_no_json_is_refused(reference, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["task", "promote", "latest", "a", "--reference", reference]
    monkeypatch.setattr("harness.records.runs.find_run", lambda *_: tmp_path)
    monkeypatch.setattr("harness.records.runs.read_run", lambda *_: None)
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 2
    assert "not valid JSON" in result.output


def test_a_review_is_not_given_beside_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for more, said in (
        (["latest", "a", "--review", "r"], "latest: --review names the cases itself"),
        (["--reference", "1", "--review", "r"], "--reference: --review names"),
        ([], "name RUN and CASE, or --review FILE"),
        (["--review", "r"], "r: No such file or directory, name what"),
    ):
        result = CliRunner().invoke(main, ["task", "promote", *more])
        assert (result.exit_code, said in result.output) == (2, True), result.output
