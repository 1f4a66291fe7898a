"""Tokenization and next-token logits of a real process."""

import numpy as np
import psutil
import pytest

from harness.core.case import Message
from harness.core.completion import FinishReason
from harness.core.modelref import ModelRef
from harness.core.plan import Request, Sampling
from harness.engine.model import EngineSettings
from harness.engine.process import OperationFailed, RemoteModel
from harness.engine.tokenization import Token
from tests.forked import own_children
from tests.models import TINY_QWEN2

REQUESTS = [
    Request("t", f"case-{i}", (Message("user", f"What is {i} + 1?"),), Sampling(max_new_tokens=8))
    for i in range(3)
]


@pytest.fixture(scope="module")
def tiny():
    generation = RemoteModel(
        ModelRef("base", str(TINY_QWEN2)),
        EngineSettings(device="cpu", dtype="float32", threads=1),
        stays_open=True,
    )
    yield generation
    generation.close()


def test_a_prompt_is_read_as_the_template_renders_it(tiny):
    reading = tiny.encode(REQUESTS, [5])
    assert [p.key for p in reading.prompts] == [r.key for r in REQUESTS]
    first = reading.prompts[0]
    assert first.text == "<|im_start|>user\nWhat is 0 + 1?<|im_end|>\n<|im_start|>assistant\n"
    assert "".join(reading.texts[i] for i in first.token_ids) == first.text
    assert 5 in reading.texts


def test_a_vocabulary_says_where_answers_end(tiny):
    found = tiny.encode().vocabulary
    assert (found.bos, found.eos, found.pad) == (
        None,
        Token(2, "<|im_end|>"),
        Token(0, "<|endoftext|>"),
    )
    assert found.end_ids == (2,)
    assert (found.size, found.logits, found.context) == (1280, 1280, 512)
    assert not found.has_bos_added
    assert found.chat_template == (TINY_QWEN2 / "chat_template.jinja").read_text("utf-8")


def test_logits_are_written_for_each_sequence_and_lead_to_the_answer(tiny, tmp_path):
    """More sequences than are computed at once; an answer's first token is the argmax."""
    prompts = {p.key: list(p.token_ids) for p in tiny.encode(REQUESTS).prompts}
    answers = {r.key: c.token_ids[0] for r, c in tiny.answers(REQUESTS)}
    sequences = [*prompts.values()] * 12
    tiny.logits(sequences, tmp_path / "logits.npy")
    logits = np.load(tmp_path / "logits.npy")
    assert (logits.shape, logits.dtype) == ((36, 1280), np.float32)
    assert logits.argmax(-1).tolist() == [answers[key] for key in prompts] * 12
    assert np.allclose(logits[:3], logits[-3:], atol=1e-4)


@pytest.mark.parametrize(
    ("sequences", "reason"),
    [
        ([], "no sequence was given to have its logits"),
        ([[1], []], "an empty sequence has no logits"),
        ([[1, 1280]], "token 1280 is not among the model's 1280"),
        ([[1] * 513], "a sequence has 513 tokens, the model holds 512"),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_leaves_no_file(tiny, tmp_path, sequences, reason):
    with pytest.raises(OperationFailed) as error:
        tiny.logits(sequences, tmp_path / "logits.npy")
    assert str(error.value) == f"--model {tiny.ref}: {reason}"
    assert list(tmp_path.iterdir()) == []


def test_an_id_outside_the_vocabulary_has_no_text(tiny):
    with pytest.raises(OperationFailed, match="token -1 is not among the model's 1280"):
        tiny.encode([], [-1])


def test_a_template_that_fails_is_the_error_of_its_prompt_alone(tmp_path):
    for file in TINY_QWEN2.iterdir():
        if file.name != "chat_template.jinja":
            (tmp_path / file.name).symlink_to(file)
    (tmp_path / "chat_template.jinja").write_text(
        "{% if messages|length > 1 %}{{ raise_exception('one turn only') }}{% endif %}"
        "{{ messages[0].content }}"
    )
    two = Request("t", "two", (Message("user", "a"), Message("user", "b")), Sampling())
    generation = RemoteModel(
        ModelRef("base", str(tmp_path)), EngineSettings(device="cpu", threads=1), stays_open=True
    )
    prompts = generation.encode([REQUESTS[0], two]).prompts
    assert [p.error for p in prompts] == [None, "the chat template fails on it: one turn only"]
    found = {r.case_id: c for r, c in generation.answers([REQUESTS[0], two])}
    generation.close()
    assert found["case-0"].finish_reason is not FinishReason.ERROR
    assert found["two"].error == prompts[1].error


@pytest.mark.slow
def test_a_process_that_dies_is_one_line():
    generation = RemoteModel(
        ModelRef("base", str(TINY_QWEN2)), EngineSettings(device="cpu", threads=1), stays_open=True
    )
    generation.encode()
    backend = max(own_children(), key=psutil.Process.create_time)
    backend.kill()
    with pytest.raises(OperationFailed, match=r"was killed \(SIGKILL\)"):
        generation.encode()
    assert generation.encode().vocabulary.size == 1280
    generation.close()
