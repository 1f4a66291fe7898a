"""Ollama's own rules around a template."""

from harness.core.case import Message
from harness.export.ollama.prompt import OllamaTemplate

S, U, A = (Message(role, role[0]) for role in ("system", "user", "assistant"))


def test_an_exchange_at_a_time_where_the_template_names_no_messages():
    template = OllamaTemplate("[{{ .System }}|{{ .Prompt }}|{{ .Response }}]")
    assert template.render([S, U, A, U]) == "[s|u|a][|u|"


def test_a_response_is_added_where_none_is_named():
    assert OllamaTemplate("<{{ .Prompt }}>").render([U, A, U]) == "<u>a<u>"


def test_what_follows_the_response_waits_for_it():
    template = OllamaTemplate("{{ .Prompt }}{{ if .System }}{{ .Response }}!{{ end }}?")
    assert template.render([S, U]) == "u"


def test_messages_of_one_role_are_joined():
    template = OllamaTemplate("{{ range .Messages }}<{{ .Content }}>{{ end }}{{ .System }}")
    assert template.render([S, S, U, U]) == "<s\n\ns><u\n\nu>s\n\ns"
