"""A pattern names all that matches, in the order of numbers."""

import pytest

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.run.model_patterns import models_named


def test_checkpoints_come_in_the_order_of_their_steps(tmp_path) -> None:
    for step in (100, 20, 3):
        (tmp_path / f"checkpoint-{step}").mkdir()
    found = models_named(ModelRef.parse(f"adapter:{tmp_path}/checkpoint-*+base=b"))
    assert [ref.name for ref in found] == ["checkpoint-3", "checkpoint-20", "checkpoint-100"]
    assert all(ref.option("base") == "b" for ref in found)


def test_a_name_without_a_pattern_is_itself(tmp_path) -> None:
    ref = ModelRef.parse("base:org/name")
    assert models_named(ref) == (ref,)
    (tmp_path / "odd[1]").mkdir()
    odd = ModelRef("base", str(tmp_path / "odd[1]"))
    assert models_named(odd) == (odd,)


def test_a_pattern_without_a_match_is_a_mistake(tmp_path) -> None:
    with pytest.raises(HarnessError, match=r"nothing matches .*checkpoint-\*, correct the pattern"):
        models_named(ModelRef.parse(f"adapter:{tmp_path}/checkpoint-*"))


def test_a_url_is_no_pattern():
    ref = ModelRef.parse("endpoint:http://[::1]:8000/v1#org/name")
    assert models_named(ref) == (ref,)
