"""Our decoding loop against transformers' own ``generate``, and what it must not depend on."""

import pytest
import torch

from harness.core.plan import Sampling
from harness.engine.decoding import decode, last_logits
from harness.engine.row import Row
from tests.models import random_gpt2, random_qwen2

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
    """What ``generate`` answers to one prompt alone."""
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


def test_a_row_is_the_same_alone_and_in_company(model):
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


def test_every_token_is_counted_and_timed(model):
    steps: list[tuple[int, int]] = []
    rows = decoded(model, PROMPTS, on_step=lambda *step: steps.append(step))
    assert sum(tokens for tokens, _ in steps) == sum(len(row.token_ids) for row in rows)
    assert sum(ended for _, ended in steps) == len(rows)
    assert all(0 < row.first_token_seconds <= row.seconds for row in rows)


def test_the_logits_of_a_sequence_do_not_depend_on_its_company(model):
    together = last_logits(model, PROMPTS)
    alone = torch.cat([last_logits(model, [p]) for p in PROMPTS])
    assert torch.allclose(together, alone, atol=1e-5)
    assert together.argmax(-1).tolist() == [expected(model, p, room=1)[0] for p in PROMPTS]
