"""Run folders: whole or not there, unchanged by a round trip, and suspicious of what they read."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.core.errors import HarnessError
from harness.core.logprobs import Logprobs
from harness.core.record import Counterexample, RunRecord
from harness.core.verdict import FailureCode, Verdict
from harness.records import runs, schemas
from harness.records.attempts import with_attempts
from harness.records.runs import find_run, new_run_id, read_run, write_run
from tests.synthetic import record, with_text

HOSTILE = "\ud800 lone \udfff \x00 \u2028 \u202e </script> \U0001f600 \r\n\t\x7f\x85"


@pytest.fixture
def run() -> RunRecord:
    return record(8)


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = folder / "run.json"
    head = json.loads(file.read_text())
    change(head)
    file.write_text(json.dumps(head, indent=2))


def edit_line(folder: Path, number: int, change: Callable[[dict[str, Any]], object]) -> None:
    file = folder / "samples.jsonl"
    lines = file.read_text().splitlines()
    sample = json.loads(lines[number - 1])
    change(sample)
    lines[number - 1] = json.dumps(sample)
    file.write_text("\n".join(lines) + "\n")


def test_a_round_trip_changes_nothing(tmp_path: Path, run: RunRecord) -> None:
    first = with_text(
        run.samples[0], HOSTILE, json_validity=Verdict.failed(FailureCode.SYNTAX, HOSTILE, (0, 3))
    )
    run = replace(run, samples=(first, *run.samples[1:]), command=("pytest", HOSTILE))
    folder = write_run(run, tmp_path)
    assert folder == tmp_path / run.id
    assert sorted(p.name for p in folder.iterdir()) == ["run.json", "samples.jsonl"]
    assert read_run(folder) == run
    assert read_run(folder / "run.json") == run


@pytest.mark.parametrize("name", ["run.json", "samples.jsonl"])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(
    tmp_path: Path, run: RunRecord, name: str
) -> None:
    folder = write_run(run, tmp_path)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(HarnessError, match=r"is no regular file|no run\.json"):
        read_run(folder)
    assert with_attempts(run, tmp_path).id == run.id


def test_files_are_ascii_lines(tmp_path: Path, run: RunRecord) -> None:
    run = replace(run, samples=(with_text(run.samples[0], HOSTILE),))
    folder = write_run(run, tmp_path)
    assert (folder / "samples.jsonl").read_bytes().isascii()
    assert len((folder / "samples.jsonl").read_text().splitlines()) == 1


def test_an_empty_partial_run_is_a_record(tmp_path: Path) -> None:
    run = RunRecord("x", "partial", "2026-11-20T13:15:02Z", 0.0, "f")
    assert read_run(write_run(run, tmp_path)) == run


def test_a_run_may_be_written_again(tmp_path: Path, run: RunRecord) -> None:
    write_run(replace(run, status="partial", samples=run.samples[:3]), tmp_path)
    assert read_run(write_run(run, tmp_path)) == run


def test_an_interrupted_write_leaves_no_run(
    tmp_path: Path, run: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(path: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_run(run, tmp_path)
    assert runs.run_ids(tmp_path) == []
    assert list((tmp_path / run.id).iterdir()) == []


def test_a_number_that_is_not_finite_is_refused(tmp_path: Path, run: RunRecord) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_run(replace(run, seconds=float("nan")), tmp_path)


@pytest.mark.parametrize("run_id", ["", "../up", "a/b", "a\\b", ".hidden", "x" * 129])
def test_an_id_is_a_file_name(tmp_path: Path, run: RunRecord, run_id: str) -> None:
    with pytest.raises(ValueError, match="no run id"):
        write_run(replace(run, id=run_id), tmp_path)
    folder = write_run(run, tmp_path)
    edit(folder, lambda head: head.update(id=run_id))
    with pytest.raises(HarnessError, match=r"run\.json:2: id: "):
        read_run(folder)


def test_fields_of_a_later_harness_are_ignored(tmp_path: Path, run: RunRecord) -> None:
    folder = write_run(run, tmp_path)
    edit(folder, lambda head: head.update(later={"x": 1}))
    edit(folder, lambda head: head["models"][0].update(later=1))
    edit_line(folder, 1, lambda sample: sample.update(later=[1]))
    assert read_run(folder) == run


def test_a_record_without_the_nearest_text_is_read(tmp_path: Path, run: RunRecord) -> None:
    folder = write_run(run, tmp_path)
    edit_line(folder, 1, lambda sample: [v.pop("nearest") for v in sample["verdicts"].values()])
    assert read_run(folder) == run


@pytest.mark.parametrize("version", [2, 0, "1", True, None, {}])
def test_an_unknown_version_says_what_is_known(
    tmp_path: Path, run: RunRecord, version: object
) -> None:
    folder = write_run(run, tmp_path)
    edit(folder, lambda head: head.update(schema_version=version))
    with pytest.raises(HarnessError, match=r"run\.json:\d+: schema_version .* reads 1: use"):
        read_run(folder)


def test_mistakes_name_file_line_and_field(tmp_path: Path, run: RunRecord) -> None:
    folder = write_run(run, tmp_path)
    edit(folder, lambda head: head["models"][1].update(parameters="many"))
    line = 1 + next(
        i
        for i, text in enumerate((folder / "run.json").read_text().splitlines())
        if '"many"' in text
    )
    with pytest.raises(HarnessError) as caught:
        read_run(folder)
    assert str(caught.value).startswith(f"{folder}/run.json:{line}: models.1.parameters: ")


@pytest.mark.parametrize("text", ["NaN", "inf", "-Infinity", "5", "1e999"])
@pytest.mark.parametrize("key", ["seconds", "rate", "load_seconds", "p95"])
def test_no_text_passes_for_a_number(tmp_path: Path, run: RunRecord, key: str, text: str) -> None:
    folder = write_run(run, tmp_path)
    changes: dict[str, Callable[[dict[str, Any]], object]] = {
        "seconds": lambda head: head.update(seconds=text),
        "rate": lambda head: head["results"][0].update(rate=text),
        "load_seconds": lambda head: head["models"][0].update(load_seconds=text),
        "p95": lambda head: head["results"][0].update(measured={"p95_seconds": text}),
    }
    edit(folder, changes[key])
    with pytest.raises(HarnessError, match="should be a valid number"):
        read_run(folder)


def test_no_text_passes_for_a_number_of_a_sample(tmp_path: Path, run: RunRecord) -> None:
    folder = write_run(run, tmp_path)
    edit_line(folder, 2, lambda sample: sample.update(repeat="0"))
    with pytest.raises(HarnessError, match=r"samples\.jsonl:2: repeat: .*valid integer"):
        read_run(folder)


@pytest.mark.parametrize("key", ["models", "tasks"])
def test_answers_of_a_model_or_task_that_was_taken_out_are_refused(
    tmp_path: Path, run: RunRecord, key: str
) -> None:
    folder = write_run(run, tmp_path)
    edit(folder, lambda head: head.update({key: [], "results": []}))
    with pytest.raises(HarnessError, match=f"{key}: '.*' is missing, of which there are answers"):
        read_run(folder)


def test_several_mistaken_samples_are_reported_at_once(tmp_path: Path, run: RunRecord) -> None:
    folder = write_run(run, tmp_path)
    edit_line(folder, 2, lambda s: s["completion"].update(text=5, finish_reason="tired"))
    edit_line(folder, 4, lambda s: s["verdicts"]["json_validity"].update(span=[0, 10_000]))
    edit_line(folder, 5, lambda s: s["verdicts"]["json_validity"].update(span=[-1, 1]))
    edit_line(folder, 6, lambda s: s.pop("model"))
    edit_line(folder, 7, lambda s: s.update(case_id="pay-0001"))
    with pytest.raises(HarnessError) as caught:
        read_run(folder)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0].rpartition(":")[2] for line in lines[:5]] == list("22456")
    assert lines[5] == "... and 1 more mistakes"
    assert "restore it" in lines[0]


def test_log_probabilities_that_are_not_of_the_text_are_refused(
    tmp_path: Path, run: RunRecord
) -> None:
    first = run.samples[0]
    length = len(first.completion.text)
    logprobs = Logprobs.of([length, 0], [-0.5, -0.25], ["\ud800", "</script>"], [-1.0, -2.0])
    asked = replace(first, completion=replace(first.completion, logprobs=logprobs))
    run = replace(run, samples=(asked, *run.samples[1:]))
    folder = write_run(run, tmp_path)
    assert read_run(folder) == run
    edit_line(folder, 1, lambda s: s["completion"]["logprobs"].update(lengths=[length, 1]))
    with pytest.raises(HarnessError, match=r"samples\.jsonl:1: completion\.logprobs: lengths: are"):
        read_run(folder)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", r"samples\.jsonl:3: Expecting property name .* in column 2"),
        (b"\xff\xfe", r"samples\.jsonl:3: 'utf-8' codec can't decode"),
        (b"[" * 100_000, r"samples\.jsonl:3: JSON nested too deep"),
        (b'{"repeat": 1e999}', r"samples\.jsonl:3: 1e999 is no JSON number"),
        (b'{"repeat": NaN}', r"samples\.jsonl:3: NaN is no JSON number"),
        (b'{"repeat": ' + b"9" * 5000 + b"}", r"samples\.jsonl:3: Exceeds the limit"),
        (b"[]", r"samples\.jsonl:3: Input should be a dictionary"),
        (b"\x00\x00", r"samples\.jsonl:3: Expecting value"),
    ],
)
def test_a_damaged_line_is_one_message(
    tmp_path: Path, run: RunRecord, line: bytes, what: str
) -> None:
    file = write_run(run, tmp_path) / "samples.jsonl"
    lines = file.read_bytes().split(b"\n")
    file.write_bytes(b"\n".join([*lines[:2], line, *lines[3:]]))
    with pytest.raises(HarnessError, match=what):
        read_run(file.parent)


def test_a_cut_file_is_no_smaller_run(tmp_path: Path, run: RunRecord) -> None:
    file = write_run(run, tmp_path) / "samples.jsonl"
    file.write_bytes(b"\n".join(file.read_bytes().split(b"\n")[:5]))
    with pytest.raises(HarnessError, match=r"holds 5 samples where run\.json counts 16"):
        read_run(file.parent)
    file.unlink()
    with pytest.raises(HarnessError, match="it belongs beside"):
        read_run(file.parent)


@pytest.mark.parametrize("text", ["{}", "[]", "3", '"x"', '{"id": "x"}'])
def test_another_json_file_is_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(HarnessError, match="this is no run record"):
        read_run(tmp_path)


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"No such file or directory, name a folder"):
        read_run(tmp_path / "gone")


def test_ids_sort_by_time() -> None:
    early = new_run_id(datetime(2026, 11, 20, 13, 15, 2, tzinfo=UTC))
    late = new_run_id(datetime(2026, 11, 20, 13, 15, 3, tzinfo=UTC))
    assert early.startswith("20261120-131502-")
    assert len(early) == len("20261120-131502-ab12")
    assert early < late


FOREIGN = {
    "zz-list": "[1]",
    "zz-text": "no JSON",
    "zz-other": '{"id": "zz-other", "created": "2099-01-01T00:00:00Z"}',
    "zz-undated": '{"schema_version": 1, "id": "zz-undated", "created": "soon"}',
    "zz-local": '{"schema_version": 1, "id": "zz-local", "created": "2099-01-01T00:00:00"}',
    "zz-number": '{"schema_version": 1, "id": "zz-number", "created": 4070908800}',
}
"""By folder, contents of a ``run.json`` that is no run of that id at a known time."""


@pytest.mark.parametrize("run_id", ["latest", "../up", "", "taken"])
def test_an_id_of_the_users_own_is_refused_where_it_is_another_run(
    tmp_path: Path, run_id: str
) -> None:
    write_run(record(1, run_id="taken"), tmp_path)
    runs.check_new_id("own", tmp_path)
    with pytest.raises(HarnessError, match="--run-id"):
        runs.check_new_id(run_id, tmp_path)


class TestFindRun:
    ids = ("20261119-080000-aaaa", "20261120-131502-ab12", "20261120-140000-cd34")

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        for day, run_id in enumerate(self.ids, start=19):
            run = record(1, run_id=run_id)
            write_run(replace(run, created=f"2026-11-{day}T08:00:00Z"), tmp_path / "runs")
        (tmp_path / "runs" / "20261121-000000-ffff").mkdir()
        return tmp_path / "runs"

    def test_by_id_prefix_latest_and_path(self, root: Path) -> None:
        assert find_run("20261120-131502-ab12", root).name == self.ids[1]
        assert find_run("20261119", root).name == self.ids[0]
        assert find_run("latest", root).name == self.ids[2]
        assert find_run(str(root / self.ids[0]), root) == root / self.ids[0]
        assert find_run(str(root / self.ids[0] / "run.json"), root) == root / self.ids[0]

    def test_latest_is_the_newest_by_its_own_time(self, root: Path) -> None:
        older = replace(record(1), id="zz", created="2026-01-01T00:00:00Z")
        newer = replace(record(1), id="aa", created="2027-01-01T00:00:00.250+00:00")
        for run in (older, newer):
            write_run(run, root)
        assert find_run("latest", root) == root / "aa"
        assert runs.run_ids(root) == ["zz", *self.ids, "aa"]

    def test_latest_is_never_a_copied_folder_nor_one_that_is_no_run(self, root: Path) -> None:
        newest = replace(record(1), id="newest", created="2027-01-01T00:00:00Z")
        write_run(newest, root)
        shutil.copytree(root / self.ids[0], root / "zzz")
        for name, text in FOREIGN.items():
            (root / name).mkdir()
            (root / name / "run.json").write_text(text)
        assert find_run("latest", root) == root / "newest"
        assert runs.run_ids(root) == [*self.ids, "newest"]

    def test_a_run_that_was_damaged_is_still_the_latest_and_says_so(self, root: Path) -> None:
        edit(root / self.ids[2], lambda head: head.update(seconds="long"))
        with pytest.raises(HarnessError, match="seconds"):
            read_run(find_run("latest", root))

    def test_a_folder_without_run_json_is_not_there(self, root: Path) -> None:
        with pytest.raises(HarnessError, match="try 20261120-140000-cd34"):
            find_run("20261121", root)

    def test_an_ambiguous_prefix_lists_what_it_may_mean(self, root: Path) -> None:
        with pytest.raises(HarnessError, match=r"ambiguous.*ab12, 20261120-140000-cd34"):
            find_run("20261120", root)

    def test_a_slip_is_answered_with_the_nearest(self, root: Path) -> None:
        with pytest.raises(HarnessError, match="try 20261120-131502-ab12"):
            find_run("20261120-131502-ab21", root)

    def test_nothing_there_says_how_to_make_one(self, tmp_path: Path) -> None:
        with pytest.raises(HarnessError, match="pytest suites/"):
            find_run("latest", tmp_path / "none")
        with pytest.raises(HarnessError, match="pytest suites/"):
            find_run("x", tmp_path / "none")


class TestSchemas:
    def test_the_committed_files_are_current(self) -> None:
        again = "run: python -m harness.records.schemas"
        for path, schema in (
            (schemas.RUN_SCHEMA, schemas.run_schema()),
            (schemas.SAMPLE_SCHEMA, schemas.sample_schema()),
        ):
            assert path.read_text() == schemas.text_of(schema), again

    def test_records_satisfy_them(self, tmp_path: Path, run: RunRecord) -> None:
        folder = write_run(run, tmp_path)
        head, line = (
            json.loads(p.read_text()) for p in (schemas.RUN_SCHEMA, schemas.SAMPLE_SCHEMA)
        )
        jsonschema.Draft202012Validator.check_schema(head)
        jsonschema.Draft202012Validator.check_schema(line)
        jsonschema.validate(json.loads((folder / "run.json").read_text()), head)
        judge = jsonschema.Draft202012Validator(line)
        for text in (folder / "samples.jsonl").read_text().splitlines():
            judge.validate(json.loads(text))

    def test_they_refuse_what_the_reader_refuses(self, tmp_path: Path, run: RunRecord) -> None:
        folder = write_run(run, tmp_path)
        edit(folder, lambda head: head.update(schema_version=2))
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(json.loads((folder / "run.json").read_text()), schemas.run_schema())


def test_a_counterexample_s_span_lies_in_its_text(tmp_path: Path, run: RunRecord) -> None:
    wrong = Verdict.failed(FailureCode.SYNTAX, "x", (0, 3))
    sample = with_text(replace(run.samples[0], verdicts={}), "ab", json_validity=wrong)
    found = Counterexample("json_validity", sample, "drawn", 1, 1, False)
    folder = write_run(replace(run, counterexamples=(found,)), tmp_path)
    with pytest.raises(
        HarnessError, match=r"run.json:\d+: counterexamples: verdicts.json_validity"
    ):
        read_run(folder)
    right = replace(found, sample=with_text(sample, "abc"))
    folder = write_run(replace(run, counterexamples=(right,)), tmp_path)
    assert read_run(folder).counterexamples == (right,)
