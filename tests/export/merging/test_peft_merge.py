"""peft merging in a process of its own: what it makes, and what it cannot is one line."""

import pytest

from harness.core.errors import HarnessError
from harness.export.merging.adapter import read_adapter
from harness.export.merging.peft_merge import merge_by_peft, merge_here
from tests.export import small_models
from tests.export.adapters import adapter

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
]


def test_a_merge_in_another_process_is_the_merge_in_this_one(tmp_path):
    base = small_models.save(small_models.llama(), small_models.byte_level(), tmp_path / "base")
    adapter(small_models.llama(), tmp_path / "adapter", base, use_dora=True)
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    peak = merge_by_peft(base, read_adapter(tmp_path / "adapter"), there, "bfloat16")
    merge_here(str(base), str(tmp_path / "adapter"), str(here), "bfloat16")
    name = "model.safetensors"
    assert (there / name).read_bytes() == (here / name).read_bytes()
    assert peak > 10**8


def test_an_adapter_of_other_shapes_is_one_line(tmp_path):
    base = small_models.save(small_models.llama(), small_models.byte_level(), tmp_path / "base")
    adapter(small_models.llama(hidden_size=32), tmp_path / "adapter", base, use_dora=True)
    with pytest.raises(HarnessError, match="peft cannot merge it into") as error:
        merge_by_peft(base, read_adapter(tmp_path / "adapter"), tmp_path, "float32")
    assert "\n" not in str(error.value)
    assert "in the base it is 64 by 96" in str(error.value)
