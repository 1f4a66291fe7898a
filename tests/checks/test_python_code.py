"""Checks of code: it parses, it defines the function, nothing stands around it. It never runs."""

import pytest

from harness.checks.python_function import PythonFunction
from harness.checks.python_parses import PythonParses
from harness.checks.text.no_text_around_code import NoTextAroundCode
from harness.checks.text.python_source import MAX_CHAIN, MAX_CHARACTERS, MAX_NESTING, parse_python
from tests.checks.judging import case, judge, pointed, word
from tests.cpu import MAX_SECONDS, cpu_seconds

CODE = 'def add(a: int, b: int) -> int:\n    """Add."""\n    return a + b'
ASKED = case(variables={"function": "add"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CODE, "passed"),
        (CODE + "\n", "passed"),
        ("\n\n" + CODE, "passed"),
        ("x = 1", "passed"),
        ("", "empty"),
        (" \n", "empty"),
        ("```python\n" + CODE + "\n```", "syntax"),
        ("def f() return 1", "syntax"),
        ("def f():\nreturn 1", "syntax"),
        (" def f(): pass", "syntax"),
        ("def f(:\n  pass", "syntax"),
        ("def f(", "truncated"),
        ("def f():", "truncated"),
        ("x = '''abc", "truncated"),
        ("x = 'abc", "truncated"),
        ("a\x00b", "syntax"),
        ("x = '\ud800'", "syntax"),
        ("\ufeffx = 1", "syntax"),
    ],
)
def test_parses(text, expected):
    assert word(PythonParses(), text) == expected


def test_parsing_points_at_the_place():
    text = "x = 1\ny = = 2"
    verdict = judge(PythonParses(), text)
    assert verdict.reason == "is no Python code, line 2: invalid syntax"
    assert verdict.span == (10, 11)


def test_syntax_is_cut_where_the_token_limit_ended_it():
    text = "def f(a, b:\n  c d"
    assert word(PythonParses(), text) in ("syntax", "truncated")
    assert word(PythonParses(), "x = = 1", finish="length") == "truncated"
    assert judge(PythonParses(), "x = = 1", finish="length").reason.endswith(
        "cut by the token limit"
    )
    assert word(PythonFunction("function"), "x = = 1", ASKED, finish="length") == "truncated"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "[" * MAX_NESTING + "]" * MAX_NESTING + "\n" + "(" * (MAX_NESTING + 1),
        "not " * 20_000 + "x",
        "-" * 90_000 + "1",
        "x" + ".a" * 40_000,
        "x = (\n" + "1 +\n" * 20_000 + "1)",
        "if a:\n pass\n" + "elif a:\n pass\n" * 5000,
        "f'" + "{" * 90_000,
        "lambda: " * 10_000 + "1",
        "x = " * 20_000 + "1",
        "a if b else " * 5000 + "c",
        "x" + "[0]" * 20_000,
        "x" + "()" * 20_000,
        "@" * 90_000,
        "x = 1 \\\n+ 1 " * 10_000,
        "#" * (MAX_CHARACTERS + 1),
        "x = 1\n" * MAX_CHARACTERS,
        "def f():\n" + "".join(" " * i + "if a:\n" for i in range(1, 300)),
        "\\\n" * 40_000,
        "'" * 90_000,
        '"""' * 30_000,
    ],
)
def test_hostile_code_is_judged(text):
    assert word(PythonParses(), text) in ("syntax", "truncated", "passed")
    assert word(NoTextAroundCode(), text) != ""


@pytest.mark.parametrize("text", ["'" + "\\'" * 45_000, "{" + '\\"}' * 30_000])
def test_a_line_of_escaped_quotes_is_read_once(text):
    assert cpu_seconds(lambda: judge(NoTextAroundCode(), text)) < MAX_SECONDS


def test_bounds_of_what_is_parsed():
    assert parse_python("x = " + "[" * MAX_NESTING + "]" * MAX_NESTING).tree is not None
    deep = parse_python("x = " + "[" * (MAX_NESTING + 1) + "]" * (MAX_NESTING + 1))
    assert (
        deep.reason == f"expected a small function, found {MAX_NESTING + 1} brackets open at once"
    )
    assert parse_python("x" + " + 1" * MAX_CHAIN).tree is not None
    long = parse_python("x" + " + 1" * (MAX_CHAIN + 1))
    assert (
        long.reason
        == f"expected a small function, found {MAX_CHAIN + 1} operators in one statement"
    )
    assert parse_python("x = 1\n" * (MAX_CHAIN + 1)).tree is not None
    assert parse_python("#" * MAX_CHARACTERS).tree is not None
    big = parse_python("#" * (MAX_CHARACTERS + 1))
    assert big.reason == "expected a small function, found 100,001 characters"
    assert parse_python("x = '" + "+" * 1000 + "'").reason.startswith("expected a small function")
    assert parse_python("# " + "+" * 1000).tree is not None
    assert parse_python("x = ')' + '('\n" * 50).tree is not None


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        (CODE, None),
        (CODE.replace("def", "async def"), None),
        ("import math\n\n" + CODE, None),
        (CODE + "\n\nadd(1, 2)", None),
        (CODE.replace("b: int", "b"), "add: expected annotations, the parameter b has none"),
        (
            CODE.replace("a: int, b: int", "a, b"),
            "add: expected annotations, the parameter a and the parameter b has none",
        ),
        (CODE.replace(" -> int", ""), "add: expected annotations, the result has none"),
        (
            CODE.replace("b: int", "*b, **c"),
            "add: expected annotations, the parameter b and the parameter c has none",
        ),
        (CODE.replace("b: int", "*, b"), "add: expected annotations, the parameter b has none"),
        (CODE.replace("a: int", "a, /"), "add: expected annotations, the parameter a has none"),
        (CODE.replace('    """Add."""\n', ""), "add: expected a docstring, found none"),
        (CODE.replace('"""Add."""', '""" """'), "add: expected a docstring, found none"),
        (CODE.replace('"""Add."""', "# Add."), "add: expected a docstring, found none"),
        (CODE.replace("add", "sum"), "expected a function add, found sum"),
        (
            CODE.replace("add", "f") + "\n" + CODE.replace("add", "g"),
            "expected a function add, found f and g",
        ),
        ("add = 1", "expected a function add, found no function"),
        (
            "class A:\n" + "\n".join("    " + line for line in CODE.splitlines()),
            "expected a function add, found no function",
        ),
    ],
)
def test_function(text, lacking):
    verdict = judge(PythonFunction("function"), text, ASKED)
    if lacking is None:
        assert verdict.outcome == "passed"
    else:
        assert verdict.code == "missing_key"
        assert verdict.reason == lacking


def test_function_points_at_its_first_line():
    text = "\u00e9 = 1\n" + CODE.replace("b: int", "b")
    verdict = judge(PythonFunction("function"), text, ASKED)
    assert pointed(verdict, text) == "def add(a: int, b) -> int:"
    verdict = judge(PythonFunction("function"), "x = 1; y = 2", ASKED)
    assert verdict.span == (0, 12)
    one_line = "\u00e9 = 'd'; add = 1\ndef add(): pass"
    verdict = judge(PythonFunction("function"), one_line, ASKED)
    assert pointed(verdict, one_line) == "def add(): pass"


def test_the_last_definition_counts():
    text = CODE + "\n" + CODE.replace("b: int", "b")
    assert word(PythonFunction("function"), text, ASKED) == "missing_key"


def test_function_settings():
    bare = "def add(a, b):\n    return a + b"
    assert (
        word(PythonFunction("function", annotations=False, docstring=False), bare, ASKED)
        == "passed"
    )
    assert word(PythonFunction("function", annotations=False), bare, ASKED) == "missing_key"
    assert word(PythonFunction("function", docstring=False), bare, ASKED) == "missing_key"
    verdict = judge(PythonFunction("name"), CODE, ASKED)
    assert (verdict.outcome, verdict.code) == ("error", "task_error")
    assert verdict.reason == "the case has no variable 'name' that names a function"
    assert word(PythonFunction("function"), CODE, case(variables={"function": 3})) == "task_error"
    assert word(PythonFunction("function"), "", ASKED) == "empty"


@pytest.mark.parametrize(
    ("text", "code", "piece"),
    [
        (CODE, None, None),
        ("# a comment\nimport os\n" + CODE + "\n\nif True:\n    add(1, 2)\n", None, None),
        ('"""A module."""\n' + CODE, None, None),
        (CODE + "\n\nprint(add(1, 2))", None, None),
        ("Sure\n" + CODE, "text_before", "Sure"),
        (CODE + "\nDone", "text_after", "Done"),
        (CODE + "\nNote: done", "text_after", "Note: done"),
        (CODE + '\n"done"', "text_after", '"done"'),
        (CODE + "\na, b", "text_after", "a, b"),
        (CODE + '\n"""x\ny"""\n', "text_after", '"""x\ny"""'),
        (CODE + "\nx: int = 1", None, None),
        ("Sure! Here it is:\n" + CODE, "text_before", "Sure! Here it is:"),
        ("```python\n" + CODE + "\n```", "markdown_fence", "```python"),
        (CODE + "\n```", "markdown_fence", "```"),
        (CODE + "\n\nI hope this helps!", "text_after", "I hope this helps!"),
        (CODE + "\n\nUse it like this: add(1, 2)\n", "text_after", "Use it like this: add(1, 2)"),
        ("<think>hm</think>\n" + CODE, "think_block", "<think>hm</think>"),
        (CODE + "\n<|im_end|>", "special_token", "<|im_end|>"),
        (CODE + "\n\nprint(add(1, 2))\nok then", "text_after", "ok then"),
        (CODE + "\nx = 2\ny += 3\nz: int = 4\nok then", "text_after", "ok then"),
        ("I cannot do that.", "text_before", "I cannot do that."),
        ("def f(:\n    pass", None, None),
        ("def f():\n    return (1\n)\nend of it", "text_after", "end of it"),
        ('def f():\n    """A\nb c\n"""\n    return 1 1', None, None),
        ("class A\n    x = 1\nfrom it we see", None, None),
        ("", "empty", ""),
    ],
)
def test_text_around_code(text, code, piece):
    verdict = judge(NoTextAroundCode(), text)
    assert verdict.code == code
    if piece is not None:
        assert pointed(verdict, text) == piece


def test_reasons_around_code():
    verdict = judge(NoTextAroundCode(), "I cannot do that.")
    assert verdict.reason == "expected code, found text: I cannot do that."
    verdict = judge(NoTextAroundCode(), CODE + "\nDone")
    assert verdict.reason == "expected nothing after the code, found text: Done"
    verdict = judge(NoTextAroundCode(), "Sure\n" + CODE)
    assert verdict.reason == "expected nothing before the code, found text: Sure"


@pytest.mark.parametrize("check", [PythonParses(), PythonFunction("function"), NoTextAroundCode()])
def test_no_completion_is_an_error(check):
    assert word(check, "", finish="error") == "backend_error"
