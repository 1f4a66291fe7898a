"""Code that a model brings along: a finding where nothing else could open the model."""

import pytest

from harness.core.errors import HarnessError
from harness.core.modelref import ModelRef
from harness.model_files.finding import Level
from harness.run.preflight import preflight
from tests.model_files.copies import change, copy, said
from tests.models import TINY_QWEN2

OWN = {"AutoConfig": "payload.Config", "AutoModelForCausalLM": "payload.Model"}


def test_a_type_that_only_its_own_code_knows_is_told(tmp_path):
    folder = copy(TINY_QWEN2, tmp_path)
    change(folder / "config.json", model_type="evil", auto_map=OWN)
    text = said(Level.PROBLEM, f"base:{folder}")
    assert "transformers does not know the type 'evil'" in text
    assert "allow it with --trust-remote-code" in text


def test_a_run_of_a_type_that_only_its_own_code_knows_ends_before_it_begins(tmp_path):
    folder = copy(TINY_QWEN2, tmp_path)
    change(folder / "config.json", model_type="evil", auto_map=OWN)
    with pytest.raises(HarnessError, match="allow it with --trust-remote-code"):
        preflight([ModelRef.parse(f"base:{folder}")])


def test_a_type_that_transformers_knows_may_bring_code_along(tmp_path):
    folder = copy(TINY_QWEN2, tmp_path)
    change(folder / "config.json", auto_map=OWN)
    assert said(Level.PROBLEM, f"base:{folder}") == ""


def test_a_type_may_be_anything(tmp_path):
    folder = copy(TINY_QWEN2, tmp_path)
    for kind in (None, [], 1):
        change(folder / "config.json", model_type=kind, auto_map=OWN)
        assert "does not know the type" in said(Level.PROBLEM, f"base:{folder}")
