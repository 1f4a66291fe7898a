"""YAML into a model: every mistake at once, each with its line."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from harness.core.errors import HarnessError
from harness.files.yaml_file import load_yaml


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate: float = 0.0
    day: str = ""


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    count: int = 0
    inner: Inner | None = None
    items: list[int] = []


@pytest.fixture
def load(tmp_path):
    def _load(text: str) -> Outer:
        (tmp_path / "f.yaml").write_text(text, "utf-8")
        return load_yaml(tmp_path / "f.yaml", Outer)

    return _load


def test_floats_are_those_of_yaml_1_2_and_a_day_stays_text(load):
    read = load("name: a\ninner: {rate: 2e-4, day: 2025-01-02}")
    assert read.inner == Inner(rate=0.0002, day="2025-01-02")


def test_every_mistake_is_reported_with_its_line(load, tmp_path):
    with pytest.raises(HarnessError) as error:
        load("count: many\ninner:\n  rat: 1\n  rate: x\nitems:\n- 1\n- two\n")
    assert str(error.value).splitlines() == [
        f"{tmp_path}/f.yaml:1: name: is missing, add it",
        f"{tmp_path}/f.yaml:1: count: input should be a valid integer, unable to parse string as "
        "an integer, found 'many'",
        f"{tmp_path}/f.yaml:4: inner.rate: input should be a valid number, unable to parse string "
        "as a number, found 'x'",
        f"{tmp_path}/f.yaml:3: inner.rat: unknown key, did you mean 'rate'?",
        f"{tmp_path}/f.yaml:7: items.1: input should be a valid integer, unable to parse string as "
        "an integer, found 'two'",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ":1: the file is empty"),
        ("name: a\nname: b", ":2: not valid YAML: the key 'name' is there twice, keep one"),
        ("name: [a", ":1: not valid YAML: "),
        ("name: &x a\nitems: *x", ":2: not valid YAML: aliases are not read here"),
        ("name: !!python/object:os.system x", ":1: not valid YAML: could not determine a constr"),
        ("name: a\tb: c", ":1: not valid YAML: "),
        ("- a", ":1: the file: input should be a valid dictionary"),
        ("name: a\nwhatever_else: 1", ":2: whatever_else: unknown key, known keys: name, count"),
        ("[" * 5000, ":1: not valid YAML"),
    ],
)
def test_what_is_no_such_yaml_is_one_line(load, text, found):
    with pytest.raises(HarnessError) as error:
        load(text)
    assert found in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(HarnessError, match="cannot be read"):
        load_yaml(tmp_path / "none.yaml", Outer)
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(HarnessError, match="is not UTF-8 text"):
        load_yaml(tmp_path / "bytes.yaml", Outer)


# ruff: noqa: E501

SCALARS = ["0b_", "0x_", "0o_", "0b", "0x", "1:", "!!int x", "!!int ''", "!!int 1.5", "!!float x", "!!bool x",
           "!!binary ==", "!!timestamp x", "!!timestamp 2001-99-99", "!!set x", "!!map x", "!!seq x", "!!omap x",
           "!!str [a]", "!!int [1]", "9" * 5000, "0x" + "f" * 5000, "._", "-._", "=", "<<", ".inf", "1:60", "!foo x",
           '"\\ud800"']  # fmt: skip
KEYS = ["? [a]\n: b", "? {a: b}\n: c", "[a]: b", "1: x", "true: x", "null: x", "1.5: x", "0b_: x", ".inf: x", "=: x",
        "<<: x", "<<: [a]", "!!int x: y", "? !!binary YQ==\n: b", '"a\\n::error::x": 1', "? |\n  a\n: b",
        '"\\ud800": 1']  # fmt: skip


@pytest.mark.parametrize(
    "text", [*(f"name: a\ncount: {scalar}" for scalar in SCALARS), *(f"name: a\n{k}" for k in KEYS)]
)
def test_any_scalar_and_any_key_is_read_or_refused_in_one_line(load, tmp_path, text):
    try:
        load(text)
    except HarnessError as error:
        (found,) = error.mistakes
        assert found.startswith(f"{tmp_path}/f.yaml:")
        assert found.isprintable()


def test_a_scalar_that_is_not_of_its_kind_says_so(load):
    with pytest.raises(
        HarnessError, match=r"f\.yaml:2: not valid YAML: '0b_' is no int, quote it if"
    ):
        load("name: a\ncount: 0b_")


@pytest.mark.parametrize("text", ["\ufeffname: a", "name: a\r\ncount: 1"])
def test_a_mark_of_the_byte_order_is_no_mistake(load, text):
    assert load(text).name == "a"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(st.sampled_from("0123456789abox_.+-:~!?[]{}<>=*&|'\" \n\\ud8"), max_size=20))
def test_whatever_is_written_is_read_or_refused(tmp_path_factory, scalar):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(f"name: {scalar}\n", "utf-8")
    with contextlib.suppress(HarnessError):
        load_yaml(path, Outer)
