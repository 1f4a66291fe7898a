"""Templates of known families, converted and proven."""

import json
import shutil
import subprocess

import pytest

from harness.export.ollama.conversion import candidates, literal
from harness.export.ollama.go_execution import execute
from harness.export.ollama.go_syntax import parse
from harness.export.ollama.modelfile import is_writable
from harness.export.ollama.prompt import OllamaTemplate
from harness.export.ollama.proof import first_required, reference_of
from tests.export.ollama.families import CHATML, FAMILIES, QWEN, SPECIAL, TOKENS


def converted(source, has_bos_added=True):
    """The first candidate that renders what ``source`` does, with what it renders."""
    reference = reference_of(source, SPECIAL, {}, has_bos_added=has_bos_added)
    for candidate in candidates(reference, TOKENS):
        if first_required(reference.differences(OllamaTemplate(candidate))) is None:
            return candidate, reference
    raise AssertionError(f"no candidate of {[*candidates(reference, TOKENS)]}")


@pytest.mark.parametrize("has_bos_added", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_has_a_template_that_renders_the_same(family, has_bos_added):
    candidate, reference = converted(FAMILIES[family], has_bos_added)
    assert len(reference.prompts) >= 20
    assert is_writable(candidate)


def test_a_converted_template_reads_like_one_that_a_person_writes():
    assert converted(QWEN)[0] == (
        "{{ range $i, $_ := .Messages }}{{ $last := eq (len (slice $.Messages $i)) 1 }}"
        '{{ if eq .Role "system" }}<|im_start|>system\n{{ .Content }}<|im_end|>\n'
        '{{ else if eq .Role "user" }}{{ if eq $i 0 }}<|im_start|>system\nYou are Qwen, created by '
        "Alibaba Cloud. You are a helpful assistant.<|im_end|>\n{{ end }}<|im_start|>user\n"
        '{{ .Content }}<|im_end|>\n{{ else if eq .Role "assistant" }}<|im_start|>assistant\n'
        "{{ .Content }}{{ if not $last }}<|im_end|>\n{{ end }}{{ end }}"
        '{{ if and $last (ne .Role "assistant") }}<|im_start|>assistant\n{{ end }}{{ end }}'
    )


@pytest.mark.parametrize(
    "source",
    [
        CHATML.replace("m.content", "m.content | upper"),
        CHATML.replace("m.content", "m.content | replace('b', 'd')"),
        CHATML.replace("m.role +", "m.role + (messages | length | string) +"),
    ],
)
def test_a_template_that_is_no_text_around_messages_is_not_taken_for_one(source):
    reference = reference_of(source, SPECIAL, {}, has_bos_added=False)
    for candidate in candidates(reference, TOKENS):
        assert first_required(reference.differences(OllamaTemplate(candidate))) is not None


def test_any_text_can_be_written():
    text = 'a{{b}}{c" \\ """ \r\n\t\u00a0\u2028\U000e0001{'
    assert execute(parse(literal(text) + "{{ .X }}"), {"X": "!"}) == text + "!"
    assert is_writable(literal(text))


GO = """package main
import ("bytes"; "encoding/json"; "fmt"; "os"; "strings"; "text/template")
type M struct{ Role, Content string }
type J struct{ Template, Wanted string; Messages []M }
func main() {
  var asked []J
  if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil { panic(err) }
  for _, one := range asked {
    t := template.Must(template.New("").Option("missingkey=zero").Parse(one.Template))
    var system []string
    messages := []*M{}
    for i, m := range one.Messages {
      if m.Role == "system" { system = append(system, m.Content) }
      messages = append(messages, &one.Messages[i])
    }
    var b bytes.Buffer
    values := map[string]any{"System": strings.Join(system, "\\n\\n"), "Messages": messages}
    if err := t.Execute(&b, values); err != nil { panic(err) }
    if b.String() != one.Wanted {
      fmt.Printf("%q is not %q", b.String(), one.Wanted); os.Exit(1)
    }
  }
  fmt.Print(len(asked))
}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("go") is None, reason="without Go")
def test_go_itself_renders_the_same(tmp_path):
    asked = []
    for source in FAMILIES.values():
        candidate, reference = converted(source)
        for conversation, wanted in reference.prompts.items():
            if conversation.kind == "":
                messages = [{"Role": m.role, "Content": m.content} for m in conversation.messages]
                asked.append({"Template": candidate, "Wanted": wanted, "Messages": messages})
    (tmp_path / "main.go").write_text(GO)
    done = subprocess.run(
        ["go", "run", "main.go"],
        cwd=tmp_path,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == (str(len(asked)), "")
