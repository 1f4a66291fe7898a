"""Our decoding loop against transformers' own ``generate``, and its independence of the batch."""

import pytest
import torch

from harness.core.plan import Sampling
from harness.engine.hf import shared_prefix
from harness.engine.hf.decoding import decode, last_logits
from harness.engine.row import Row
from tests.models import (
    random_bloom,
    random_gpt2,
    random_lfm2,
    random_mistral,
    random_qwen2,
)

PROMPTS = [[5, 9, 3], [7], [1, 2, 3, 4, 5, 6, 7, 8], [40, 41, 42, 43]]
END = frozenset({11, 12})
GREEDY = Sampling()
SAMPLED = Sampling(temperature=0.9, top_p=0.95, top_k=20)


@pytest.fixture(scope="module", params=[random_qwen2, random_gpt2], ids=["qwen2", "gpt2"])
def model(request):
    return request.param()


def decoded(
    model, prompts, sampling=GREEDY, room=20, on_step=lambda tokens, ended: None, seeds=None
):
    seeds = seeds or range(len(prompts))
    rows = [Row(list(p), seed, room) for p, seed in zip(prompts, seeds, strict=True)]
    decode(model, rows, sampling, END, on_step)
    return rows


def expected(model, prompt, room=20):
    """The answer of ``generate`` to one prompt alone."""
    ids = model.generate(
        torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        max_new_tokens=room,
        do_sample=False,
        eos_token_id=sorted(END),
        pad_token_id=0,
    )
    return ids[0, len(prompt) :].tolist()


def test_a_batch_decodes_to_what_generate_answers_one_by_one(model):
    rows = decoded(model, PROMPTS)
    assert [row.token_ids for row in rows] == [expected(model, p) for p in PROMPTS]
    assert [row.ended for row in rows] == [row.token_ids[-1] in END for row in rows]


def test_a_row_is_the_same_alone_and_in_a_batch(model):
    together = decoded(model, PROMPTS)
    alone = [decoded(model, [p])[0] for p in PROMPTS]
    assert [r.token_ids for r in together] == [r.token_ids for r in alone]


def test_a_sampled_row_depends_on_its_own_seed_alone(model):
    together = decoded(model, PROMPTS, SAMPLED, seeds=[7, 8, 9, 10])
    alone = [
        decoded(model, [p], SAMPLED, seeds=[s])[0]
        for p, s in zip(PROMPTS, [7, 8, 9, 10], strict=True)
    ]
    other = decoded(model, PROMPTS, SAMPLED, seeds=[1, 2, 3, 4])
    assert [r.token_ids for r in together] == [r.token_ids for r in alone]
    assert [r.token_ids for r in together] != [r.token_ids for r in other]


def test_a_very_low_temperature_is_greedy(model):
    cold = decoded(model, PROMPTS, Sampling(temperature=1e-7))
    assert [r.token_ids for r in cold] == [r.token_ids for r in decoded(model, PROMPTS)]


def test_a_repetition_penalty_counts_no_padding(model):
    penalty = Sampling(repetition_penalty=1.8)
    together = decoded(model, PROMPTS, penalty)
    alone = [decoded(model, [p], penalty)[0] for p in PROMPTS]
    assert [r.token_ids for r in together] == [r.token_ids for r in alone]
    assert [r.token_ids for r in together] != [r.token_ids for r in decoded(model, PROMPTS)]


def test_each_row_has_its_own_room(model):
    rows = [Row(list(p), 0, room) for p, room in zip(PROMPTS, [1, 2, 3, 4], strict=True)]
    decode(model, rows, GREEDY, frozenset(), lambda tokens, ended: None)
    assert [len(row.token_ids) for row in rows] == [1, 2, 3, 4]
    assert not any(row.ended for row in rows)


def test_an_ended_row_takes_no_part_in_the_next_step(model):
    rows = [Row([5, 9, 3], 0, room) for room in (4, 1, 3, 1, 2)]
    seen = shapes(model, lambda: decode(model, rows, GREEDY, frozenset(), lambda *step: None))
    assert [count for count, _ in seen] == [5, 3, 2, 1]


@pytest.mark.parametrize(
    "max_rows", [2, *(pytest.param(rows, marks=pytest.mark.slow) for rows in (1, 3, 5))]
)
@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED], ids=["greedy", "drawn"])
def test_rows_that_wait_decode_to_what_they_are_together(model, sampling, max_rows):
    prompts = [*BATCHES["very different lengths"], *PROMPTS, *BATCHES["one task"][:4]]

    def run(at_once):
        rows = [Row(list(p), s, 3 + 5 * (s % 4)) for s, p in enumerate(prompts)]
        decode(model, rows, sampling, END, lambda *step: None, max_rows=at_once)
        return [row.token_ids for row in rows]

    assert run(max_rows) == run(None)


def test_rows_that_wait_take_the_places_of_ended_ones(model):
    """Six rows, at most four at once, of which the first lasts; the padding of the longest prompt
    goes when its row has gone."""
    lengths, rooms = (2, 9, 3, 3, 4, 4), (8, 1, 1, 3, 2, 2)
    rows = [Row([5] * n, 0, room) for n, room in zip(lengths, rooms, strict=True)]
    masks: list[tuple[int, ...]] = []
    hook = model.register_forward_pre_hook(
        lambda _, args, inputs: masks.append(tuple(inputs["attention_mask"].shape)),
        with_kwargs=True,
    )
    decode(model, rows, GREEDY, frozenset(), lambda *step: None, max_rows=4)
    hook.remove()
    assert [len(row.token_ids) for row in rows] == list(rooms)
    lasting = [(1, columns) for columns in range(7, 12)]
    assert masks == [(4, 9), (2, 4), (4, 5), (2, 6), *lasting]


def test_every_token_is_counted_and_timed(model):
    steps: list[tuple[int, int]] = []
    rows = decoded(model, PROMPTS, on_step=lambda *step: steps.append(step))
    assert sum(tokens for tokens, _ in steps) == sum(len(row.token_ids) for row in rows)
    assert sum(ended for _, ended in steps) == len(rows)
    assert all(0 < row.first_token_seconds <= row.seconds for row in rows)


def test_the_logits_of_a_sequence_do_not_depend_on_its_batch(model):
    together = last_logits(model, PROMPTS)
    alone = torch.cat([last_logits(model, [p]) for p in PROMPTS])
    assert torch.allclose(together, alone, atol=1e-5)
    assert together.argmax(-1).tolist() == [expected(model, p, room=1)[0] for p in PROMPTS]


TASK, OTHER_TASK = list(range(20, 50)), list(range(50, 62))
BATCHES = {
    "one task": [TASK + [i] * (1 + i % 4) for i in range(12)],
    "two tasks": [t + [i, 60 - i] * (1 + i % 3) for i in range(8) for t in (TASK, OTHER_TASK)],
    "cases asked again": [[*TASK, i % 3, 5, 6] for i in range(12)],
    "prompts that begin others": [TASK[: 10 + 2 * i] for i in range(10)],
    "very different lengths": [[7], [8, 9], *([*TASK, i] for i in range(6)), [*TASK, *range(20)]],
    "nothing in common": [[i, *TASK] for i in range(6)],
    "one row": [TASK],
}


@pytest.fixture
def sharing(monkeypatch):
    """A function that turns prefix sharing on, however little it saves, or off."""
    return lambda is_on: monkeypatch.setattr(
        shared_prefix, "MIN_SAVED_TOKENS", 1 if is_on else 10**9
    )


def shapes(model, run):
    """The rows and columns of every pass through the model during ``run``."""
    seen: list[tuple[int, ...]] = []
    hook = model.register_forward_pre_hook(
        lambda _, args, inputs: seen.append(tuple(inputs["input_ids"].shape)), with_kwargs=True
    )
    run()
    hook.remove()
    return seen


@pytest.mark.parametrize("prompts", BATCHES.values(), ids=BATCHES.keys())
def test_what_rows_begin_with_changes_no_logits_when_it_is_computed_once(model, prompts, sharing):
    sharing(False)
    apart = last_logits(model, prompts)
    sharing(True)
    assert torch.allclose(last_logits(model, prompts), apart, atol=1e-5)


def test_what_rows_begin_with_goes_through_the_model_once(model):
    def passes(name):
        return shapes(model, lambda: last_logits(model, BATCHES[name]))

    assert passes("one task") == [(1, 30), (12, 4)]
    assert passes("two tasks") == [(2, 30), (16, 6)]
    assert passes("cases asked again") == [(1, 30), (12, 3)]
    assert passes("nothing in common") == [(6, 31)]
    assert passes("one row") == [(1, 30)]


def test_beginnings_that_begin_alike_are_computed_once_in_their_turn(model):
    prompts = [TASK + [case] * 14 for case in range(10) for _ in range(4)]
    assert shapes(model, lambda: last_logits(model, prompts)) == [(1, 30), (10, 13), (40, 1)]


@pytest.mark.parametrize("name", ["one task", "two tasks", "very different lengths"])
def test_rows_that_begin_alike_decode_to_what_generate_answers_one_by_one(model, name, sharing):
    sharing(True)
    rows = decoded(model, BATCHES[name], room=12)
    assert [row.token_ids for row in rows] == [expected(model, p, 12) for p in BATCHES[name]]


def test_a_prompt_sampled_several_times_depends_on_each_seed_alone(model, sharing):
    sharing(True)
    prompts = [[*TASK, 3]] * 6
    together = decoded(model, prompts, SAMPLED)
    alone = [decoded(model, [p], SAMPLED, seeds=[s])[0] for s, p in enumerate(prompts)]
    assert [r.token_ids for r in together] == [r.token_ids for r in alone]
    assert len({tuple(r.token_ids) for r in together}) > 1


@pytest.mark.parametrize(
    "other", [random_mistral, random_bloom, random_lfm2], ids=["mistral", "bloom", "lfm2"]
)
def test_other_kinds_of_model_answer_the_same(other, sharing):
    """Mistral has a window of 16 tokens here; Bloom takes no positions; LFM2 has layers without
    keys."""
    model = other()
    for prompts in BATCHES.values():
        sharing(False)
        apart = last_logits(model, prompts)
        sharing(True)
        assert torch.allclose(last_logits(model, prompts), apart, atol=1e-5)
    prompts = BATCHES["very different lengths"]
    rows = [Row(list(p), 0, room) for room, p in enumerate(prompts, 1)]
    decode(model, rows, GREEDY, END, lambda tokens, ended: None)
    assert [row.token_ids for row in rows] == [
        expected(model, p, room) for room, p in enumerate(prompts, 1)
    ]
    waiting = [Row(list(p), 0, room) for room, p in enumerate(prompts, 1)]
    decode(model, waiting, GREEDY, END, lambda tokens, ended: None, max_rows=3)
    assert [row.token_ids for row in waiting] == [row.token_ids for row in rows]


def test_no_more_is_shared_than_a_sliding_window_holds(sharing):
    """A window of 16 tokens contains the current one."""
    sharing(True)
    model = random_mistral()
    assert shapes(model, lambda: last_logits(model, BATCHES["one task"])) == [(1, 15), (12, 19)]


def test_nothing_is_shared_where_a_layer_keeps_no_keys(sharing):
    sharing(True)
    model = random_lfm2()
    assert shapes(model, lambda: last_logits(model, BATCHES["one task"])) == [(12, 34)]


def test_nothing_is_shared_where_a_rotation_depends_on_the_longest_row(sharing):
    """Otherwise prefixes would get the rotary embedding of short texts, the rest that of long
    ones."""
    sharing(True)
    dynamic = {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}
    model = random_qwen2(rope_parameters=dynamic)
    assert shapes(model, lambda: last_logits(model, BATCHES["one task"])) == [(12, 34)]
