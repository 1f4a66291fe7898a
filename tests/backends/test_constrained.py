"""Constrained decoding of the bundled models, by transformers and by llama.cpp."""

from dataclasses import replace

import pytest

from harness.backends import base
from harness.checks import csv_validity, jsonl_validity, no_extra_text, schema_types
from harness.checks.declared.output import Output
from harness.checks.json_validity import JsonValidity
from harness.checks.schema.schema import compile_schema
from harness.checks.schema_types import SchemaTypes
from harness.core.completion import FinishReason
from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.core.plan import Sampling, requests_for
from harness.core.verdict import Outcome
from harness.engine.grammar import grammar_of
from tests.backends.asking import SETTINGS, answers
from tests.models import TINY_QWEN2

# peft still asks transformers under the old name.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

ENGINES = ("transformers", "llama.cpp")
SHORT = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 16},
        "date": {"type": ["string", "null"], "format": "date"},
        "amount": {"type": "integer", "minimum": 0, "maximum": 9999},
    },
    "required": ["name", "date", "amount"],
    "additionalProperties": False,
}
"""A payment of so few tokens that each answer ends."""
HOT = Sampling(max_new_tokens=96, temperature=1.5)


@pytest.fixture(scope="module")
def models(opened):
    ref = ModelRef("base", str(TINY_QWEN2))
    return {"transformers": base.open_model(ref, SETTINGS), "llama.cpp": opened("base")}


@pytest.fixture(scope="module")
def constrained(task):
    """``constrained(6, sampling)``: requests of the first cases, which keep to the schema."""
    grammar = grammar_of(task.output.json_schema.raw)

    def requests(count: int, sampling=task.sampling):
        return requests_for(task.name, task.cases[:count], sampling, grammar=grammar)

    return requests


@pytest.fixture(scope="module")
def is_sound(task):
    """A function of a completion: it is JSON, and the schema accepts it."""
    checks = (JsonValidity(), SchemaTypes(task.output.json_schema))
    case = task.cases[0]
    return lambda c: all(check.judge(case, c).outcome is Outcome.PASSED for check in checks)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("sampling", [Sampling(max_new_tokens=96), HOT], ids=["greedy", "hot"])
def test_every_answer_that_ends_keeps_to_the_schema(
    models, constrained, is_sound, engine, sampling
):
    found = answers(models[engine], constrained(12, sampling)).values()
    whole = [c for c in found if c.finish_reason is FinishReason.STOP]
    assert len(whole) > 6
    assert all(map(is_sound, whole))
    assert {c.finish_reason for c in found} <= {FinishReason.STOP, FinishReason.LENGTH}


@pytest.mark.parametrize("engine", ENGINES)
def test_hot_answers_are_not_json_without_the_grammar(models, constrained, is_sound, engine):
    free = [replace(r, grammar=None) for r in constrained(12, HOT)]
    assert not all(map(is_sound, answers(models[engine], free).values()))


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_lists_keep_to_their_format_in_both_engines(models, task, form):
    schema = {"type": "array", "items": SHORT, "minItems": 1, "maxItems": 2}
    output = Output(format=form).with_schema(compile_schema(schema))
    behaviors = ({"jsonl": jsonl_validity, "csv": csv_validity}[form], schema_types, no_extra_text)
    checks = [behavior.check_for(output) for behavior in behaviors]
    grammar = grammar_of(schema, form)
    found = {}
    for engine in ENGINES:
        for name, sampling in (("greedy", Sampling(max_new_tokens=160)), ("hot", HOT)):
            asked = requests_for(task.name, task.cases[:4], sampling, grammar=grammar)
            found[engine, name] = answers(models[engine], asked)
        whole = [
            c
            for name in ("greedy", "hot")
            for c in found[engine, name].values()
            if c.finish_reason is FinishReason.STOP
        ]
        assert len(whole) == 8
        for check in checks:
            verdicts = [check.judge(task.cases[0], c) for c in whole]
            assert all(v.outcome is Outcome.PASSED for v in verdicts), whole
    one, other = (found[engine, "greedy"] for engine in ENGINES)
    assert {i: c.text for i, c in one.items()} == {i: c.text for i, c in other.items()}


def test_both_engines_give_the_same_answers(models, constrained):
    one, other = (answers(models[engine], constrained(8)) for engine in ENGINES)
    assert {i: c.token_ids for i, c in one.items()} == {i: c.token_ids for i, c in other.items()}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_free_answer_is_the_same_beside_constrained_ones(models, constrained, engine):
    model, held = models[engine], constrained(4)
    free = [replace(r, grammar=None, case_id=f"{r.case_id}-free") for r in held]
    anything = [replace(r, grammar=grammar_of(True), case_id=f"{r.case_id}-any") for r in held]
    together = answers(model, [*held, *free, *anything])
    for alone in (held, free, anything):
        found = answers(model, alone)
        assert {i: c.text for i, c in found.items()} == {i: together[i].text for i in found}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_timed_answer_is_constrained_too(models, constrained, is_sound, engine):
    timed = [replace(r, timed=True) for r in constrained(2, HOT)]
    assert all(map(is_sound, answers(models[engine], timed).values()))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_answer_at_the_token_limit_says_so(models, constrained, engine):
    (found,) = answers(models[engine], constrained(1, Sampling(max_new_tokens=5))).values()
    assert (found.finish_reason, len(found.token_ids)) == (FinishReason.LENGTH, 5)
    assert found.text.startswith('{"name":')


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_without_an_end_token_is_refused(models, engine):
    if engine == "llama.cpp":
        from harness.engine.llama.grammar import guide

        class NoEnd:
            end_ids = frozenset()

        with pytest.raises(HarnessError, match="no end token"):
            guide(NoEnd())
        return
    from harness.engine.hf.constrained import guide

    with pytest.raises(HarnessError, match="no end token"):
        guide(models[engine].tokenizer, 1280, frozenset())
