"""Differences between a Modelfile's template and the chat template."""

from harness.export.ollama.prompt import OllamaTemplate
from harness.export.ollama.proof import first_required, reference_of
from tests.export.ollama.families import CHATML, GEMMA2, LLAMA3, SPECIAL
from tests.export.ollama.test_conversion import converted

BY_EXCHANGE = (
    "{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}"
    "{{ if .Prompt }}<|im_start|>user\n{{ .Prompt }}<|im_end|>\n{{ end }}"
    "<|im_start|>assistant\n{{ .Response }}<|im_end|>\n"
)


def differences(template, source=CHATML, **options):
    reference = reference_of(source, SPECIAL, {}, **{"has_bos_added": False, **options})
    return [*reference.differences(OllamaTemplate(template))]


def test_a_template_by_exchange_is_equal_where_it_is():
    assert first_required(differences(BY_EXCHANGE)) is None


def test_one_character_more_is_a_difference():
    found = first_required(differences(BY_EXCHANGE.replace("user\n", "user \n")))
    assert str(found) == (
        "the conversation (user) is another prompt in Ollama: '<|im_start|>user \\nWu0<|im_end|>\\n"
        "<|im_sta' where the chat template has '<|im_start|>user\\nWu0<|im_end|>\\n<|im_star'"
    )


def test_a_template_that_stops_is_a_difference():
    found = first_required(differences("{{ range .Messages }}{{ .Content.Text }}{{ end }}"))
    assert found is not None
    assert found.found == "a text has no .Text"


def test_what_ollama_cannot_tell_is_a_difference_of_its_own_kind():
    candidate, reference = converted(LLAMA3)
    (found,) = reference.differences(OllamaTemplate(candidate))
    assert found.conversation.kind == "a message with white space around it"


def test_a_refused_system_message_has_its_reason():
    _, reference = converted(GEMMA2)
    assert reference.refusal("su") == "System role not supported"
    assert reference.refusal("u") is None


def test_a_bos_that_the_chat_template_does_not_write_is_known():
    assert converted(CHATML)[1].is_bos_missing
    assert not converted(LLAMA3)[1].is_bos_missing
    assert not converted(CHATML, has_bos_added=False)[1].is_bos_missing


def test_arguments_of_the_chat_template_hold():
    source = CHATML + "{{ 'think' if deep }}"
    reference = reference_of(source, SPECIAL, {"deep": True}, has_bos_added=False)
    assert all(text.endswith("think") for c, text in reference.prompts.items() if c.kind == "")
