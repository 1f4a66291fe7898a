"""``--model kind:location``."""

import pytest

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef


def test_kind_and_location_are_what_stands_around_the_first_colon():
    ref = ModelRef.parse("base:C:/models/tiny")
    assert (ref.kind, ref.location) == ("base", "C:/models/tiny")


def test_options_follow_the_location():
    ref = ModelRef.parse("gguf:m+1.gguf+lora=a.gguf+threads=2")
    assert ref.location == "m+1.gguf"
    assert ref.option("lora") == "a.gguf"
    assert ref.option("threads") == "2"
    assert ref.option("other") is None


@pytest.mark.parametrize(
    "text", ["base:x", "gguf:m.gguf+lora=a.gguf", "record:reports/runs/1+model=base:x"]
)
def test_a_ref_prints_as_it_was_typed(text):
    assert str(ModelRef.parse(text)) == text


@pytest.mark.parametrize("text", ["", "base", "base:", ":x"])
def test_half_a_ref_is_refused_with_an_example(text):
    with pytest.raises(HarnessError, match=r"expected kind:location, such as base:"):
        ModelRef.parse(text)


@pytest.mark.parametrize(
    ("location", "name"), [("out/a", "a"), ("out/a/", "a"), ("a", "a"), ("/", "/")]
)
def test_the_name_is_the_last_part_of_the_location(location, name):
    assert ModelRef("adapter", location).name == name
