"""A chat template with tools: whether it writes them, and the form in which it writes calls."""

import pytest

from harness.model_files.chat_template import ChatTemplate
from harness.model_files.template_probe import turn
from harness.model_files.tool_template import tool_form_of, writes_tools
from tests.tool_templates import NAMED_MISTRAL, TEMPLATES, WITHOUT_CALLS, WITHOUT_TOOLS, XML

FORMS = [*((text, form) for form, text in TEMPLATES.items()), (NAMED_MISTRAL, "mistral")]
REFUSING = "{% if messages[-1].role != 'user' %}{{ raise_exception('no') }}{% endif %}"


@pytest.mark.parametrize(("source", "form"), FORMS)
def test_the_form_is_that_of_the_call_which_the_template_writes(source, form):
    assert tool_form_of(ChatTemplate(source, {})) == form
    assert writes_tools(ChatTemplate(source, {}))


@pytest.mark.parametrize(("source", "form"), FORMS)
def test_where_it_writes_no_call_its_text_says_the_form(source, form):
    assert tool_form_of(ChatTemplate(REFUSING + source, {})) == form


def test_a_template_that_writes_tools_alone_says_the_form_in_its_words():
    template = ChatTemplate(WITHOUT_CALLS, {})
    assert (writes_tools(template), tool_form_of(template)) == (True, "hermes")


@pytest.mark.parametrize(
    "source", [XML, REFUSING + XML, WITHOUT_TOOLS, "{{ messages[0].content }}"]
)
def test_an_unknown_form_is_none(source):
    assert tool_form_of(ChatTemplate(source, {})) is None


def test_a_template_that_leaves_tools_out_is_seen():
    assert not writes_tools(ChatTemplate(WITHOUT_TOOLS, {}))


def test_the_probe_in_a_process_of_its_own_says_the_same():
    found = turn(TEMPLATES["llama"], {})
    assert (found.error, found.writes_tools, found.tool_form) == (None, True, "llama")
    assert not turn(WITHOUT_TOOLS, {}).writes_tools
    refuses = "{% if tools %}{{ raise_exception('no tools') }}{% endif %}" + WITHOUT_TOOLS
    assert not turn(refuses, {}).writes_tools
