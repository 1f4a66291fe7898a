"""Merges by peft the adapters that are more than a LoRA: DoRA, trained modules, new tokens.

peft loads the whole model in float32. This happens in a separate process, ``python -m
harness.export.merging.peft_merge BASE ADAPTER FOLDER DTYPE``, which releases its memory when
it ends and whose libraries print into a pipe.
"""

import sys
from pathlib import Path
from typing import Any

from harness.core.errors import HarnessError
from harness.export.merging.adapter import Adapter
from harness.export.python_process import print_result, run_module
from harness.machine.memory import peak_resident_bytes

PROBE_TOKENS = 48
"""Length of the sequence on which the merged model is compared with the adapter."""
TOLERANCE = 1e-4
"""Largest difference of a logit, in units of the largest logit, that rounding in float32 explains:
merges that peft does right differ by some 1e-6."""


def merge_by_peft(base: Path, adapter: Adapter, folder: Path, dtype: str) -> int:
    """Write the merged model's weights and configuration into ``folder``.

    Args:
        dtype: torch's name of the type to which the sum is rounded.

    Returns:
        Peak resident bytes of that process.

    Raises:
        HarnessError: peft failed, with its own reason.
    """
    arguments = [str(base.resolve()), str(adapter.folder.resolve()), str(folder.resolve()), dtype]
    try:
        found = run_module(__spec__.name, *arguments)
    except (HarnessError, ChildProcessError) as error:
        reason = f"{error!s:.300}"
        raise HarnessError(
            f"{adapter.folder}: peft cannot merge it into {base} ({reason})"
        ) from None
    return int(found["peak_bytes"])


def merge_here(base: str, adapter: str, folder: str, dtype: str) -> None:
    """Merge in this process.

    Raises:
        HarnessError: the adapter does not fit its base, or the merged model answers otherwise.
    """
    from harness.engine.hf.libraries import quiet

    quiet()
    import torch
    from transformers import AutoModelForCausalLM

    from harness.engine.hf.adapter_loading import load_adapter

    loaded = AutoModelForCausalLM.from_pretrained(
        base, dtype=torch.float32, trust_remote_code=False
    )
    model = load_adapter(loaded, Path(base), Path(adapter))
    ids = _probe(model)
    with torch.inference_mode():
        expected = model(ids).logits
    _untie(model.get_base_model())
    merged = model.merge_and_unload(safe_merge=True)
    with torch.inference_mode():
        difference = (merged(ids).logits - expected).abs().max() / expected.abs().max()
    if not difference <= TOLERANCE:
        raise HarnessError(
            f"merged it answers otherwise than as an adapter, by {difference:.2g} of the largest "
            "logit: peft merges this kind of adapter wrongly"
        )
    _say_untied(merged)
    merged.to(getattr(torch, dtype)).save_pretrained(folder)


def _probe(model: Any) -> Any:
    """Tokens on which adapter and merged model are compared: trained ones, the last, any."""
    import torch

    rows = model.get_base_model().get_input_embeddings().weight.shape[0]
    indices = getattr(model.active_peft_config, "trainable_token_indices", None) or []
    listed = (
        [i for found in indices.values() for i in found] if isinstance(indices, dict) else indices
    )
    wanted = [*listed[: PROBE_TOKENS // 2], rows - 1]
    generator = torch.Generator().manual_seed(0)
    rest = torch.randint(0, rows, (PROBE_TOKENS - len(wanted),), generator=generator)
    return torch.cat([torch.tensor(wanted), rest])[None]


def _untie(model: Any) -> None:
    """Give embedding and head weights of their own where the adapter changes one of them alone:
    merging changes the weights in place, and with them whatever is tied to them."""
    import torch

    for module in (model.get_input_embeddings(), model.get_output_embeddings()):
        layer = getattr(module, "base_layer", None)
        if layer is not None:
            layer.weight = torch.nn.Parameter(layer.weight.detach().clone())


def _say_untied(model: Any) -> None:
    """Correct the configuration where the head is no longer the embedding."""
    import torch

    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    if not torch.equal(embedding.weight, head.weight):
        model.config.get_text_config().tie_word_embeddings = False
        model.config.tie_word_embeddings = False


def _merged(base: str, adapter: str, folder: str, dtype: str) -> dict[str, int]:
    merge_here(base, adapter, folder, dtype)
    return {"peak_bytes": peak_resident_bytes()}


if __name__ == "__main__":
    print_result(lambda: _merged(*sys.argv[1:]))
