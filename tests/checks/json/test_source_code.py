"""Program code before an answer is not taken for it, and is read where nothing else stands."""

import pytest

from harness.checks.json.document import read_document

ANSWER = '{"id": 1}'
CODE = [
    'x = row["id"]',
    'x = row["a"]["b"]',
    'x = rows[0]["id"]',
    "x = rows[1:3]",
    "x = rows[-1]",
    'x = table[["a", "b"]]',
    'x = row.get("a", {})["b"]',
    'x = json.loads(text)["items"]',
    'x = os.environ["HOME"]',
    'x = row?.["id"]',
    'row["id"] = {"a": 2}',
    'json.dumps({"id": 2})',
    'print(["a"])',
    'print(\n    {"a": 2}\n)',
    'pick(row, keys=["a"])',
    "x: list[int] = [1, 2]",
    'x: list[str] = ["a"]',
    'x: dict[str, int] = {"a": 2}',
    'x: Literal["a", "b"] = "a"',
    'def pick(x: list["Row"]) -> dict["Key"]: ...',
    """x = f'{row["id"]}'""",
    'x = f"Total: {total:.2f}"',
    'print(f"{total:>10}")',
    'x = [row["id"] for row in rows]',
    'x = ["a" for row in rows]',
    'x = [{"a": row["x"]} for row in rows]',
    "x = {k: v for k, v in rows.items()}",
    'x = {row["id"]: row for row in rows}',
]
STATEMENTS = [
    'x = ["a", "b"]',
    'x = {"a": 2}',
    "x = {'a': 2}",
    'const x = {"a": 2}',
    '    return {"a": 2}',
    'for x in ["a"]:',
]


@pytest.mark.parametrize(
    "around",
    ["```python\n{}\n```\nOutput:\n", "I use {} here.\n", "{}\n", "Sure.\n\n{}\n\n```json\n"],
    ids=["block", "prose", "first", "line"],
)
@pytest.mark.parametrize("code", CODE)
def test_code_before_the_answer_is_not_the_answer(code, around):
    text = around.replace("{}", code) + ANSWER
    document = read_document(text)
    assert document.value == {"id": 1}
    assert document.start == len(text) - len(ANSWER)


@pytest.mark.parametrize(
    "around", ["```py title=x\r\n{}\n```\n", "~~~js\nf()\n{}\n~~~\n", "{}\n", "Sure:\n{}\n"]
)
@pytest.mark.parametrize("code", STATEMENTS)
def test_a_statement_on_its_own_line_is_not_the_answer(code, around):
    assert read_document(around.replace("{}", code) + ANSWER).value == {"id": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('print({"id": 1})', ANSWER),
        ('result = {"id": 1}', ANSWER),
        ('x = row["id"]', '["id"]'),
        ('```python\nx = {"id": 1}\n```\nSee [1].', ANSWER),
        ('```python\n{"id": 1}\n```\nwhere {"id": ...} is it', ANSWER),
        ('```python\nx = row["a"]\nprint({"id": 1})', ANSWER),
        ('```json["id"]``` and {"a": 1}', '["id"]'),
        ('It (see below): {"id": 1} and {"a": 1}', ANSWER),
        ('f(x) is {"id": 1}, not {"a": 1}', ANSWER),
        ('Answer: {"id": 1}\n{"a": 1}', ANSWER),
        ('so {"a": 1}</think>```python\nx = {"id": 1}\n```', ANSWER),
        ('so {"a": 1}</think>\nresult = {"id": 1}', ANSWER),
        ('<think>x = row["a"]</think>```python\nx = {"a": 2}\n```\n{"id": 1}', ANSWER),
    ],
)
def test_code_is_read_where_nothing_better_stands(text, value):
    document = read_document(text)
    assert text[document.start : document.end] == value


def test_much_code_is_read_in_time_that_is_linear():
    text = 'Sure: f({"a": x["' * 2000 + ANSWER
    assert read_document(text).end <= len(text)
