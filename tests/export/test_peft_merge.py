"""What peft cannot merge is one line, from whichever depth it comes."""

import pytest

from harness.core.errors import HarnessError
from harness.export.adapter import read_adapter
from harness.export.peft_merge import merge_by_peft
from tests.export import small_models
from tests.export.adapters import adapter

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


@pytest.mark.slow
def test_an_adapter_of_other_shapes_is_one_line(tmp_path):
    base = small_models.save(small_models.llama(), small_models.byte_level(), tmp_path / "base")
    adapter(small_models.llama(hidden_size=32), tmp_path / "adapter", base, use_dora=True)
    with pytest.raises(HarnessError, match="peft cannot merge it into") as error:
        merge_by_peft(base, read_adapter(tmp_path / "adapter"), tmp_path, "float32")
    assert "\n" not in str(error.value)
    assert "size mismatch" in str(error.value)
