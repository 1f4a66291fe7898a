"""Modelfiles, by the rules of Ollama's parser."""

import pytest

from harness.export.ollama.modelfile import (
    Line,
    Modelfile,
    NotAModelfile,
    is_writable,
    read,
    text_of,
)

FROM = Line("FROM", "./model.gguf")


@pytest.mark.parametrize(
    "value",
    [
        "a b",
        ' "q" ',
        "l1\n\n l2\n",
        '"',
        '""',
        '"""',
        'x"""y',
        "",
        "\t",
        "\n\n",
        "é🎉 {{ .X }}",
        "# no",
    ],
)
def test_a_value_is_read_as_it_was_written(value):
    modelfile = Modelfile((FROM, Line("TEMPLATE", value), Line("PARAMETER", value, "stop"), FROM))
    assert read(text_of(modelfile)) == modelfile


@pytest.mark.parametrize("value", ['a"""\nb', 'a""" b', "a\u00a0b", "a\u200bb", "a\x07b"])
def test_a_value_that_has_no_way_into_it_is_refused(value):
    if value == 'a""" b':
        assert is_writable(value)  # Only a line's end closes a value.
        return
    assert not is_writable(value)
    with pytest.raises(NotAModelfile, match="the value of PARAMETER stop has characters"):
        text_of(Modelfile((FROM, Line("PARAMETER", value, "stop"))))


def test_comments_and_lower_case_and_a_value_without_quotes():
    modelfile = read("# c\nfrom  x.gguf \n\nparameter stop a b\nSYSTEM hi")
    assert modelfile.lines == (
        Line("FROM", "x.gguf"),
        Line("PARAMETER", "a b", "stop"),
        Line("SYSTEM", "hi"),
    )
    assert modelfile.value("SYSTEM") == "hi"
    assert modelfile.parameters("stop") == ("a b",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SYSTEM x", "there is no FROM line"),
        ("FROM x\nNOPE y\n", "line 2: 'NOPE' is no command"),
        ('FROM x\nSYSTEM "y', "line 2: its quotes are never closed"),
        ("FROM x\n???", "line 2: '???' is no command with a value"),
    ],
)
def test_what_ollama_would_not_read_is_one_line(text, said):
    with pytest.raises(NotAModelfile) as error:
        read(text)
    assert str(error.value) == said


def test_a_hostile_file_is_read_in_time():
    with pytest.raises(NotAModelfile):
        read('FROM x\nSYSTEM "' + 'a"b\n' * 100_000)
    assert len(read("FROM x\n" * 50_000).lines) == 50_000
