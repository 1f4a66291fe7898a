"""``harness gate --log``: sentence, exit code, and what is refused on the command line."""

import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from tests.gate.test_log_decision import traffic


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("log")
    lines = [json.dumps(e.to_json()) for e in traffic(500)]
    (path / "a.jsonl").write_text("\n".join(lines[:300]) + "\n")
    (path / "b.jsonl").write_text("\n".join(lines[300:]) + "\n" + lines[0][:99])
    return path


def gate(*arguments):
    return CliRunner().invoke(main, ["gate", *map(str, arguments)])


def test_a_folder_is_decided_in_the_words_of_the_gate(folder):
    result = gate("--log", folder, "--margin", "0.05")
    assert result.exit_code == 0, result.output
    first, *rest = result.output.splitlines()
    assert first.startswith("PASS: format_success_rate stayed at 100.0% (94% interval -2.")
    assert "1 file of the log ended in half a line" in result.output
    assert any("A key counts once, with its answers in the 24 hours" in line for line in rest)
    assert "  baseline: base:baseline" in rest


def test_files_may_be_named_and_json_has_every_number(folder):
    result = gate(
        "--log", folder / "a.jsonl", "--log", folder / "b.jsonl", "--margin", "0.05", "--json"
    )
    value = json.loads(result.output)
    assert (value["outcome"], value["exit_code"], value["split"]["is_mismatch"]) == (
        "pass",
        0,
        False,
    )
    composite = value["tasks"][0]["composite"]
    assert composite["behavior"] == "format_success_rate"
    assert -0.05 < composite["interval"][0] < 0 < composite["interval"][1] < 0.05
    assert gate("--log", folder / "a.jsonl", "--margin", "0.001").exit_code == 10


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name BEFORE and AFTER, or --log of an experiment"),
        (("a", "--behavior", "x"), "--behavior: is for --log FILE|DIR"),
        (("--log", "LOG", "a", "b"), "--log: BEFORE and AFTER are for stored runs"),
        (("--log", "LOG", "--scope", "new"), "--log: --scope is for stored runs"),
        (("--log", "LOG", "--noise-floor", "0"), "--log: --noise-floor is for stored runs"),
        (("--log", "LOG", "--self-test"), "--log: --self-test is for stored runs"),
        (("--log", "LOG", "--seed", "0"), "--log: --seed is for stored runs"),
        (("--log", "LOG", "--no-ledger"), "--log: --no-ledger is for stored runs"),
        (("--log", "LOG", "--experiment", "bb"), "--experiment bb: is not in the log"),
        (("--log", "none"), "none: cannot be read"),
    ],
)
def test_a_mistake_is_one_line(folder, arguments, words):
    result = gate(*(folder if a == "LOG" else a for a in arguments))
    assert result.exit_code == 2
    assert words in result.output
    assert result.output.count("\n") == 1
