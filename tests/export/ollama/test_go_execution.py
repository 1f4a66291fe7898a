"""Go templates, and what Go makes of them: each expected text is what Go 1.19 wrote."""

from contextlib import suppress

import pytest

from harness.export.ollama.go_execution import Message, execute
from harness.export.ollama.go_syntax import GoTemplateError, parse

VALUES = {
    "System": "s",
    "Empty": "",
    "Messages": [Message(Role="user", Content="é"), Message(Role="assistant", Content="b")],
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a {{- /* no */ -}} b{{/* {{ */}}!", "ab!"),
        ("a \n{{- .System -}}\t b", "asb"),
        ("{{ if .Empty }}x{{ else if .System }}y{{ else }}z{{ end }}", "y"),
        ("{{ range $i, $m := .Messages }}{{ $i }}{{ $m.Role }}{{ end }}", "0user1assistant"),
        ("{{ range .Nothing }}x{{ else }}none{{ end }}", "none"),
        ("{{ range .Messages }}{{ if eq .Role `user` }}{{ continue }}{{ end }}b{{ end }}", "b"),
        ("{{ range .Messages }}b{{ break }}{{ end }}", "b"),
        ("{{ $x := 1 }}{{ range .Messages }}{{ $x = 2 }}{{ $y := 3 }}{{ end }}{{ $x }}", "2"),
        ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}", "1"),
        ("{{ with .System }}{{ . }}{{ $.Empty }}{{ end }}", "s"),
        ("{{ .Nothing }}", "<no value>"),
        ("{{ len (index .Messages 0).Content }}", "2"),
        ("{{ eq (len (slice .Messages 1)) 1 }}", "true"),
        ("{{ or .Empty .System }}{{ and .Empty (index .Messages 9) }}", "s"),
        ("{{ not .Empty }} {{ eq 1 2 1 }} {{ ne `a` `b` }}", "true true true"),
        ("{{ lt 1 2 }} {{ ge 1 2 }}", "true false"),
        (r'{{ "a\"}}\n\u00e9\\" }}', 'a"}}\né\\'),
        ("{{ if $x := .System }}{{ $x }}{{ end }}", "s"),
        ("{{ print 1 2 }} {{ print 1 `a` 2 }} {{ print true -3 }}", "1 2 1a2 true -3"),
        ("{{ `}}` }}{{ print `{{` .System }}", "}}{{s"),
    ],
)  # fmt: skip
def test_a_template_writes_what_go_writes(source, text):
    assert execute(parse(source), VALUES) == text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ if .A }}", "{{ if }} has no {{ end }}"),
        ("{{ end }}", "{{ end }} closes nothing"),
        ("a {{ b", "a {{ is never closed"),
        ("{{ .A | json }}", "'| json' is not known here"),
        ("{{ toJson .A }}", "the function toJson is not known here"),
        ("{{ $x }}", "the variable $x is not declared"),
        ("{{ (index .Messages 0).Nope }}", "a message has no .Nope"),
        ("{{ eq 1 `1` }}", "eq does not take such values"),
        ("{{ slice .Messages 3 }}", "slice does not take such values"),
        ("{{ break }}", "{{ break }} stands in no range"),
        ("{{ range .System }}{{ end }}", "range over a text is not known here"),
        ("{{ .Messages }}", "a list is written, which is not known here"),
        ("{{ }}", "{{ }} holds nothing"),
        ('{{ "\\x41" }}', "'\\\\x' in a text is not known here"),
        ("{{ (eq 1 1 }}", "a ( is never closed"),
        ("{{ index .System 0 }}", "index does not take such values"),
        ("{{ index (index .Messages 0) `x` }}", "index does not take such values"),
        ("{{ print nil }}", "print does not take such values"),
        ("{{ 1.5 }}", "'1.5' is not known here"),
        ("{{ " + "1" * 5000 + " }}", "is not known here"),
        (r'{{ "\ud800" }}', "in a text is not known here"),
        (r'{{ "\U00110000" }}', "in a text is not known here"),
        ('{{ "a\nb" }}', "or a text in it is not"),
        ("{{/* a */ b */}}", "is not known here"),
        ("x" * 70_000, "is longer than 65,536 characters"),
        ("{{if .A}}" * 60 + "{{end}}" * 60, "blocks stand in one another more than 50 deep"),
    ],
)
def test_what_go_refuses_or_is_not_known_is_one_line(source, said):
    with pytest.raises(GoTemplateError) as error:
        execute(parse(source), VALUES)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ range $.L }}" * 4 + "x" * 1000 + "{{ end }}" * 4, "writes more than"),
        ("{{ $x := `ab` }}" + "{{ $x = print $x $x }}" * 60, "writes more than"),
        ("{{ range $.L }}" * 40 + "{{ end }}" * 40, "takes more than 100,000 steps"),
    ],
)
def test_a_template_that_goes_on_without_end_is_stopped(source, said):
    with pytest.raises(GoTemplateError, match=said):
        execute(parse(source), {"L": [0] * 10})


@pytest.mark.parametrize("part", ['\\"', "}}", '"}}', "`}}", "/*", " -", ". ", "("])
@pytest.mark.parametrize("opened", ["{{ ", '{{ "', "{{/*", "{{ print "])
def test_a_hostile_template_is_parsed_in_time(opened, part):
    """Most of a minute where time is the square of the length."""
    with suppress(GoTemplateError):
        parse(opened + part * (60_000 // len(part)))
