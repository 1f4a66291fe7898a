"""The texts of a baseline that keeps hashes: found where an answer has that hash, never guessed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.record import RunRecord, Sample
from harness.records.baseline_texts import with_found_texts
from harness.records.baselines import Baseline, read_baseline, save_baseline
from harness.records.completions import Completions, request_key
from tests.synthetic import ADAPTER, BASE, CHATTERS, record

RUN = record(12, [(BASE, CHATTERS)])
REMARK = "The baseline main keeps hashes of its answers: {} texts were found in the store"


@pytest.fixture
def baseline(tmp_path: Path) -> Baseline:
    return read_baseline(save_baseline("main", RUN, tmp_path))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Completions]:
    found = Completions(tmp_path / "store")
    yield found
    found.close()


def texts(samples: tuple[Sample, ...]) -> list[str]:
    return [sample.completion.text for sample in samples]


def asked_only(run: RunRecord) -> RunRecord:
    """The run with other answers to the same prompts."""
    other = (replace(s, completion=replace(s.completion, text="another")) for s in run.samples)
    return replace(run, samples=tuple(other))


def test_the_run_itself_gives_texts_prompts_and_the_places_of_failures(baseline: Baseline) -> None:
    done = with_found_texts(baseline, [RUN], None)
    assert (done.found, done.remark) == (12, "")
    found = done.baseline.record.samples
    assert texts(found) == texts(RUN.samples)
    assert [s.messages for s in found] == [s.messages for s in RUN.samples]
    assert [s.verdicts for s in found] == [s.verdicts for s in RUN.samples]


def test_an_equal_answer_of_another_run_is_the_text_and_another_is_not(baseline: Baseline) -> None:
    mixed = list(asked_only(RUN).samples)
    mixed[0] = replace(RUN.samples[0], model=ADAPTER)
    done = with_found_texts(baseline, [replace(RUN, samples=tuple(mixed))], None)
    first, second = done.baseline.record.samples[:2]
    assert first.completion.text == RUN.samples[0].completion.text
    assert (second.completion.text, second.messages) == ("", RUN.samples[1].messages)
    assert second.completion.error == "the baseline main keeps its hash alone"
    assert done.remark.startswith(REMARK.format("1 of 12"))


def test_the_store_is_asked_by_prompt_and_hash(baseline: Baseline, store: Completions) -> None:
    task = RUN.tasks[0]
    for model, samples in (("m1", RUN.samples[:5]), ("m2", asked_only(RUN).samples)):
        store.keep_model(model, RUN.models[0])
        for sample in samples:
            store.keep(model, request_key(task.request(sample)), sample.completion, "r")
    done = with_found_texts(baseline, [asked_only(RUN)], store)
    assert texts(done.baseline.record.samples)[:5] == texts(RUN.samples[:5])
    assert done.remark.startswith(REMARK.format("5 of 12"))
    assert with_found_texts(baseline, [], store).found == 0, "no prompt is known"


def test_a_baseline_with_texts_is_left_as_it_is(tmp_path: Path) -> None:
    whole = read_baseline(save_baseline("main", RUN, tmp_path, has_texts=True))
    assert with_found_texts(whole, [], None).baseline is whole
