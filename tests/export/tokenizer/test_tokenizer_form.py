"""Token ids in llama.cpp are those of transformers, whichever tokenizer was exported."""

import json
from functools import cache

import pytest
from tokenizers import Tokenizer, pre_tokenizers

from harness.core.errors import HarnessError
from harness.engine.prompt import render
from harness.export.tokenizer.byte_level import byte_characters
from harness.export.tokenizer.tokenizer_form import vocabulary_of
from harness.export.tokenizer.tokenizer_reading import load_tokenizer, read_tokenizer
from harness.export.tokenizer.vocabulary import TokenKind
from harness.tasks.task import find_tasks
from tests.export import small_models
from tests.export.exporting import export_gguf
from tests.export.hostile_texts import DECOMPOSED, HOSTILE
from tests.export.llama_reading import Llama
from tests.models import TASKS, TINY_GPT2, TINY_QWEN2

SMALL = {
    "gpt-2": lambda: small_models.byte_level("gpt-2"),
    "smollm": lambda: small_models.byte_level("smollm"),
    "qwen2": lambda: small_models.byte_level("qwen2"),
    "llama-bpe": lambda: small_models.byte_level("llama-bpe"),
    "dbrx": lambda: small_models.byte_level("dbrx"),
    "ufakzeka": lambda: small_models.byte_level("ufakzeka"),
    "sentencepiece": lambda: small_models.sentencepiece(),
}


@cache
def cases():
    return tuple(case for task in find_tasks(TASKS, ()) for case in task.cases)


@pytest.mark.parametrize("folder", [TINY_QWEN2, TINY_GPT2], ids=["qwen2", "gpt2"])
def test_every_task_prompt_and_hostile_text_has_the_same_ids(folder, tmp_path):
    from transformers import AutoTokenizer

    export_gguf(folder, tmp_path / "model.gguf")
    tokenizer, opened = AutoTokenizer.from_pretrained(folder), Llama(tmp_path / "model.gguf")
    texts = [render(tokenizer, case.messages) for case in cases()]
    assert len(texts) == 1200
    for text in (*texts, *HOSTILE):
        for special in (False, True):
            wanted = tokenizer(text, add_special_tokens=special)["input_ids"]
            assert opened.tokens(text, special=special) == wanted, text
    opened.close()


@pytest.mark.parametrize("name", SMALL)
def test_each_pre_tokenizer_splits_as_transformers_does(name, tmp_path):
    tokenizer = SMALL[name]()
    folder = small_models.save(small_models.llama(), tokenizer, tmp_path / "model")
    record = export_gguf(folder, tmp_path / "model.gguf")
    assert record.pre_tokenizer == ("default" if name == "sentencepiece" else name)
    opened = Llama(tmp_path / "model.gguf")
    prompts = [case.messages[-1].content for case in cases()[::8]]
    for text in (*prompts, *HOSTILE):
        assert opened.tokens(text) == tokenizer(text)["input_ids"], text
    opened.close()


def test_text_that_is_not_normalized_is_warned_of(tmp_path):
    record = export_gguf(TINY_QWEN2, tmp_path / "model.gguf")
    assert any("NFC" in warning for warning in record.warnings)
    opened = Llama(tmp_path / "model.gguf")
    # The warning is true: normalised by hand, the text has other ids.
    assert opened.tokens(DECOMPOSED) != opened.tokens("naïve café")
    opened.close()


def without_bytes(*lacking, **model):
    """A byte-level tokenizer without the tokens of these bytes."""
    tokenizer = small_models.byte_level()
    rules = json.loads(tokenizer.backend_tokenizer.to_str())
    vocabulary = rules["model"]["vocab"]
    for character, byte in byte_characters().items():
        if byte in lacking:
            del vocabulary[character]
    merges = [m for m in rules["model"]["merges"] if all(part in vocabulary for part in m)]
    rules["model"] |= {"merges": merges, **model}
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(rules))
    return tokenizer


def test_bytes_without_a_token_are_left_out_alike(tmp_path):
    tokenizer = without_bytes(0x04, 0x1D, 0xC0, 0xF1, 0xFF)
    folder = small_models.save(small_models.llama(), tokenizer, tmp_path / "model")
    record = export_gguf(folder, tmp_path / "model.gguf")
    assert any("lacks 3 bytes that a text can hold (04, 1D, F1)" in w for w in record.warnings)
    opened = Llama(tmp_path / "model.gguf")
    for text in ("a\x04b", "\x1d", "paid \U00040000 x", "\U0007ffff", *HOSTILE):
        assert opened.tokens(text) == tokenizer(text)["input_ids"], text
    opened.close()


def test_bytes_that_no_text_holds_are_not_told(tmp_path):
    tokenizer = without_bytes(0xC0, 0xC1, *range(0xF5, 0x100))
    vocabulary = vocabulary_of(loaded(tokenizer, tmp_path), 400, tmp_path)
    assert not any("bytes" in warning for warning in vocabulary.warnings)


def test_bytes_that_become_an_unknown_token_are_refused(tmp_path):
    tokenizer = without_bytes(0x04, unk_token="<unk>")
    assert "lacks 1 of the 256 bytes (04, ...)" in refusal(tokenizer, tmp_path)


@pytest.mark.slow
def test_a_tokenizer_is_the_same_loaded_in_another_process():
    assert read_tokenizer(TINY_GPT2) == load_tokenizer(TINY_GPT2)


def test_a_folder_without_a_tokenizer_is_one_line(tmp_path):
    with pytest.raises(HarnessError, match="transformers cannot load its tokenizer") as error:
        load_tokenizer(tmp_path)
    assert "\n" not in str(error.value)


def test_several_chat_templates_without_a_default_are_refused(tmp_path):
    """transformers refuses every prompt of such a folder: a file without a template is no copy."""
    templates = [{"name": name, "template": name} for name in ("tool_use", "chat")]
    tokenizer = small_models.sentencepiece(chat_template=templates)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(HarnessError, match="chat, tool_use and none called default"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("scheme", ["always", "never", "first"])
@pytest.mark.parametrize("template", [None, "{{ bos_token }}{{ messages[0]['content'] }}"])
def test_a_blank_is_put_before_a_text_as_llama_tokenizers_say(scheme, template, tmp_path):
    tokenizer = small_models.sentencepiece(chat_template=template)
    backend = tokenizer.backend_tokenizer
    backend.normalizer = None
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    folder = small_models.save(small_models.llama(), tokenizer, tmp_path / "model")
    record = export_gguf(folder, tmp_path / "model.gguf")
    opened = Llama(tmp_path / "model.gguf")
    begins = "<s>" if template and scheme == "first" else ""
    for text in ("paid 12 on May 3", "12", "été 😀"):
        assert opened.tokens(begins + text) == tokenizer(begins + text)["input_ids"]
    opened.close()
    assert bool(record.warnings) == (scheme != "never")


def test_bos_and_eos_are_put_around_a_text_as_the_tokenizer_does(tmp_path):
    from tokenizers.processors import TemplateProcessing

    tokenizer = small_models.byte_level()
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    folder = small_models.save(small_models.llama(), tokenizer, tmp_path / "model")
    export_gguf(folder, tmp_path / "model.gguf")
    opened = Llama(tmp_path / "model.gguf")
    ids = opened.tokens("paid", special=True)
    assert (ids[0], ids[-1]) == (1, 2)
    assert ids == tokenizer("paid")["input_ids"]
    opened.close()


def loaded(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    return load_tokenizer(tmp_path)


def refusal(tokenizer, tmp_path, rows=400):
    with pytest.raises(HarnessError) as error:
        vocabulary_of(loaded(tokenizer, tmp_path), rows, tmp_path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_rows_beyond_the_tokenizer_are_filled_with_tokens_nobody_writes(tmp_path):
    vocabulary = vocabulary_of(loaded(small_models.byte_level(), tmp_path), 400, tmp_path)
    assert len(vocabulary.tokens) == len(set(vocabulary.tokens)) == 400
    assert vocabulary.kinds[399] == TokenKind.UNUSED
    assert vocabulary.kinds[2] == TokenKind.CONTROL


def test_more_tokens_than_rows_is_another_models_tokenizer(tmp_path):
    assert "has no row in the model's embedding of 300 rows" in refusal(
        small_models.byte_level(), tmp_path, rows=300
    )


def test_an_added_token_that_eats_blanks_is_warned_of(tmp_path):
    from tokenizers import AddedToken

    tokenizer = small_models.byte_level()
    tokenizer.add_tokens([AddedToken("<eats>", lstrip=True), AddedToken("<plain>")])
    vocabulary = vocabulary_of(loaded(tokenizer, tmp_path), 400, tmp_path)
    assert any("'<eats>'" in warning for warning in vocabulary.warnings)
    kind = dict(zip(vocabulary.tokens, vocabulary.kinds, strict=True))
    assert kind["<plain>"] == TokenKind.USER_DEFINED


def test_a_normalizer_that_changes_letters_is_refused(tmp_path):
    from tokenizers import normalizers

    tokenizer = small_models.byte_level()
    tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    assert "changes text before it splits it (Lowercase)" in refusal(tokenizer, tmp_path)


def test_merges_that_scores_cannot_say_are_refused(tmp_path):
    tokenizer = small_models.byte_level()
    model = tokenizer.backend_tokenizer.model
    model.byte_fallback = True
    from tokenizers import normalizers

    tokenizer.backend_tokenizer.pre_tokenizer = None
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace(" ", "▁")
    assert "it is no SentencePiece model" in refusal(tokenizer, tmp_path)


def test_a_unigram_tokenizer_is_refused(tmp_path):
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    tokens = Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1.0)], unk_id=0))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, unk_token="<unk>")
    assert "of type Unigram" in refusal(tokenizer, tmp_path)


def test_tokens_around_a_text_that_are_not_bos_and_eos_are_refused(tmp_path):
    from tokenizers.processors import TemplateProcessing

    tokenizer = small_models.byte_level()
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<unk> $A", special_tokens=[("<unk>", 0)]
    )
    assert "other tokens than BOS and EOS" in refusal(tokenizer, tmp_path)
