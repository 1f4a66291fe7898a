"""Finds the texts of a baseline that keeps their hashes alone, so that a page can show its answers.

They are looked for in the run that it was made of, in other runs that gave the same answer, and in
the store of completions. What is found has the hash that the baseline keeps: it is the answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from harness.core.record import RunRecord, Sample
from harness.core.verdict import Verdict
from harness.records.baseline_file import digest
from harness.records.baselines import Baseline
from harness.records.completions import Completions, request_key
from harness.records.completions_file import StoreFailed

AnswerPlace = tuple[str, str, int, str]
"""Task, hash of the prompt, repeat, hash of the text."""


@dataclass(frozen=True, slots=True)
class FoundTexts:
    """A baseline with the texts that were found."""

    baseline: Baseline
    found: int
    """Answers whose text is known."""
    answers: int

    @property
    def remark(self) -> str:
        """A line about the texts that are missing, and how to have them; empty where none is."""
        if self.found == self.answers:
            return ""
        name, run = self.baseline.name, self.baseline.record.id
        some = f"{self.found:,} of {self.answers:,}" if self.found else f"none of {self.answers:,}"
        return (
            f"The baseline {name} keeps hashes of its answers: {some} texts were found in the "
            f"store and in other runs. To see all, harness baseline save {name} --texts --replace, "
            f"or have the folder of run {run} (an artefact of CI) among the runs"
        )


def with_found_texts(
    baseline: Baseline, runs: Iterable[RunRecord], store: Completions | None
) -> FoundTexts:
    """The baseline with the texts of its answers, as far as they are found.

    Args:
        baseline: with texts or without.
        runs: with samples: the run that it was made of, and others that were asked the same.
        store: answers of all models; ``None`` where there is none.
    """
    samples = baseline.record.samples
    if baseline.has_texts:
        return FoundTexts(baseline, len(samples), len(samples))
    known: dict[AnswerPlace, Sample] = {}
    prompts: dict[tuple[str, str], Sample] = {}
    for run in runs:
        for sample in run.samples:
            prompts.setdefault((sample.task, sample.prompt_sha256), sample)
            known.setdefault(_place(sample, digest(sample.completion.text)), sample)
    named = [_with_prompt(s, prompts.get((s.task, s.prompt_sha256))) for s in samples]
    missing = [s for s in named if s.messages and _place(s, baseline.digest_of(s)) not in known]
    for sample in _stored(baseline, missing, store):
        known[_place(sample, baseline.digest_of(sample))] = sample
    filled = [_filled(s, known.get(_place(s, baseline.digest_of(s))), baseline) for s in named]
    found = sum(sample.completion.error != _said(baseline) for sample in filled)
    record = replace(baseline.record, samples=tuple(filled))
    return FoundTexts(replace(baseline, record=record), found, len(filled))


def _place(sample: Sample, text_sha256: str) -> AnswerPlace:
    return (sample.task, sample.prompt_sha256, sample.repeat, text_sha256)


def _with_prompt(sample: Sample, other: Sample | None) -> Sample:
    """The answer with the prompt and the references of another to the same prompt."""
    if other is None:
        return sample
    return replace(
        sample,
        messages=other.messages,
        reference=other.reference,
        alternatives=other.alternatives,
    )


def _filled(sample: Sample, found: Sample | None, baseline: Baseline) -> Sample:
    if found is None:
        said = sample.completion.error or _said(baseline)
        return replace(sample, completion=replace(sample.completion, error=said))
    mine, own = found.completion, sample.completion
    completion = replace(mine, case_id=own.case_id, finish_reason=own.finish_reason)
    return replace(sample, completion=completion, verdicts=_detailed(sample, found.verdicts))


def _detailed(sample: Sample, other: Mapping[str, Verdict]) -> Mapping[str, Verdict]:
    """The verdicts with the reasons and places of others on the same text, where they agree."""
    return {
        name: found
        if (found := other.get(name))
        and (found.outcome, found.code) == (verdict.outcome, verdict.code)
        else verdict
        for name, verdict in sample.verdicts.items()
    }


def _said(baseline: Baseline) -> str:
    return f"the baseline {baseline.name} keeps its hash alone"


def _stored(
    baseline: Baseline, samples: Iterable[Sample], store: Completions | None
) -> Iterator[Sample]:
    """Answers out of the store, by their requests: of whichever model has that text."""
    if store is None:
        return
    tasks = {task.name: task for task in baseline.record.tasks}
    asked: dict[str, list[Sample]] = {}
    for sample in samples:
        asked.setdefault(request_key(tasks[sample.task].request(sample)), []).append(sample)
    with suppress(StoreFailed):
        for model in store.models():
            for key, answer in store.find(model, list(asked)).items():
                found = digest(answer.completion.text)
                for sample in asked[key]:
                    if baseline.digest_of(sample) == found:
                        yield replace(sample, completion=answer.completion)
