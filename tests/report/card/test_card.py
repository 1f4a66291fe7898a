"""Model cards: the Hub reads them, each number is a record's, and no text breaks out of one."""

import re
from dataclasses import replace

import pytest
import yaml

from harness.core.errors import HarnessError
from harness.report.card.subject import Subject, is_of, side_in
from harness.report.card.text import card
from tests.report.hostile import EVERYTHING, HOSTILE
from tests.synthetic import ADAPTER, record

ModelCard = pytest.importorskip("huggingface_hub").ModelCard
SHA = "a" * 64
TRAINING = {
    "method": "sft",
    "recipe": {"quantize": "nf4", "seed": 7, "data": {"train": ["x.jsonl"]}},
    "recipe_file": "recipe.yaml",
    "recipe_sha256": "b" * 64,
    "base": {"weights_sha256": "c" * 64, "parameters": 1_773_312},
    "data": {
        "train": {"files": [{"path": "x.jsonl", "rows": 12, "sha256": "d" * 64}], "rows": 11},
        "val": None,
    },
    "result": {"steps": 400, "last_loss": 0.018, "adapter_sha256": SHA},
}
CONFIG = {"peft_type": "LORA", "r": 16, "lora_alpha": 32, "base_model_name_or_path": "o/base"}


def judged(run):
    """The run, in which the adapter has the weights of the card's subject."""
    models = [
        replace(m, files={"adapter_model.safetensors": SHA}) if m.ref == ADAPTER else m
        for m in run.models
    ]
    return replace(run, models=tuple(models))


@pytest.fixture
def subject():
    bare = Subject("my_adapter", CONFIG, SHA, 800_000, TRAINING, base_id="o/base")
    return replace(bare, side=side_in(bare, judged(record()), "--run"))


def test_the_hub_reads_the_results(subject):
    read = ModelCard(card(subject))
    assert (read.data.base_model, read.data.library_name) == ("o/base", "peft")
    assert read.data.license is None
    assert "base_model:adapter:o/base" in read.data.tags
    found = {e.metric_name: e for e in read.data.eval_results}
    rates = {r.behavior: r for r in subject.results if r.rate is not None}
    assert rates
    for name, result in rates.items():
        assert found[name].metric_value == result.rate
        assert found[name].metric_args["n"] == result.passed + result.failed
        ends = ("interval_95_low", "interval_95_high")
        assert tuple(found[name].metric_args[end] for end in ends) == result.interval
    assert found["latency_budget.p95_seconds"].metric_value == 0.61
    assert found["latency_budget.p95_seconds"].metric_args == {"budget": 2.0, "met": True}
    assert found["latency_budget.p50_seconds"].metric_args is None
    assert found["json_validity"].dataset_args["cases_sha256"] == "c" * 64


def test_the_text_says_what_is_recorded(subject):
    text = card(subject)
    for line in (
        "| trained parameters | not recorded |",
        "| quantised to | nf4 |",
        "| train | x.jsonl | 12 | " + "d" * 64 + " |",
        "| p50 0.366 s, p95 0.61 s, first token 0.05 s |  |  | at most 2 s | met |",
        "- Its license is unknown. That of its base and of its data may bind it.",
        "- Rates of json_extraction rest on as few as 60 answers: intervals are wide.",
        "- It was not compared with the model before it.",
        "License: unknown, no file here says it.",
    ):
        assert line in text, line


def test_a_missed_budget_is_a_limit(subject):
    results = tuple(replace(r, met=False, budget=0.99) for r in subject.results if r.rate)
    run = replace(subject.side.record, results=results)
    text = card(replace(subject, side=replace(subject.side, record=run)))
    assert "- json_extraction: json_validity missed its budget (at least 99%)." in text
    assert "| **missed** |" in text


def test_without_a_run_or_a_training_no_number_is_told():
    text = card(Subject("x", {}, SHA, 1))
    assert "Not measured: the card was written without a run." in text
    assert "Not recorded: the adapter has no training.json." in text
    assert "model-index" not in text
    assert "An adapter (not recorded) over the base not recorded" in text
    ModelCard(text)


def test_a_run_of_other_weights_is_refused(subject):
    with pytest.raises(HarnessError, match=r"--run: run .* judged .*, none with these weights"):
        side_in(subject, record(), "--run")
    assert not is_of(subject, record().models[0])


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_out(subject, text):
    training = {
        **TRAINING,
        "method": text,
        "recipe_file": text,
        "recipe": {"x": text, "quantize": text},
        "data": {"train": {"files": [{"path": text, "rows": text, "sha256": text}], "rows": text}},
        "environment": {"harness": text, "packages": {"torch": text}},
    }
    run = judged(record(n=2))
    run = replace(run, id=text, tasks=tuple(replace(t, description=text) for t in run.tasks))
    results = tuple(replace(r, behavior=text, codes={text: 3}) for r in run.results)
    hostile = replace(
        subject,
        name=text,
        config={"peft_type": text, "r": text, "target_modules": [text]},
        training=training,
        base_id=text,
        license=text,
        side=replace(subject.side, record=replace(run, results=results)),
    )
    whole = card(hostile)
    _, front, body = whole.split("---\n", 2)
    assert yaml.safe_load(front)["library_name"] == "peft"
    tags = [tag for tag in yaml.safe_load(front)["tags"] if not tag.startswith("base_model:")]
    assert all(re.fullmatch(r"[a-z0-9_-]{1,40}", tag) for tag in tags)
    ModelCard(whole, ignore_metadata_errors=False)
    assert "<script" not in body
    assert "<img" not in body
    outside = body[: body.index("<pre>")] + body[body.index("</pre>") :]
    assert "](javascript" not in outside
    assert "@everyone" not in outside
    assert not set(whole) & {chr(c) for c in (*range(9), 11, 12, *range(14, 32), 127, 0x202E)}
    assert body.count("</pre>") == body.count("<pre>") == 1
    assert body.count("</details>") == body.count("<details>") == 1


@pytest.mark.parametrize("value", [None, [], {}, True, 10**400, "", [EVERYTHING]])
def test_values_of_a_wrong_type_are_not_recorded(subject, value):
    broken = dict.fromkeys(TRAINING, value)
    text = card(replace(subject, training={**broken, "method": value}, config={"r": value}))
    assert "| method | not recorded |" in text
    ModelCard(text)
