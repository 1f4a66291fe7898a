"""One training of ``benchmarks.gpu_check``, in a process of its own; its last line is JSON.

The base's file may hold nothing but zeros, a hole on the disk: so a 7B model need not be written.
The weights become random where they lie, on the GPU, layer by layer.
"""

import json
import sys
from typing import Any

import torch

from trainers.run import prepare
from trainers.run.train import train

SPREAD = 0.02


def main(recipe: str, gigabytes: str) -> None:
    """Train, with at most so many GB of the GPU; 0 is all of it."""
    is_cuda = torch.cuda.is_available()
    if is_cuda and float(gigabytes):
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, float(gigabytes) * 1e9 / total))
    opened = prepare.open_model

    def open_model(*args: Any) -> Any:
        model = opened(*args)
        fill(model)
        return model

    prepare.open_model = open_model
    train(recipe)
    reserved = torch.cuda.max_memory_reserved() / 1e6 if is_cuda else None
    print(json.dumps({"reserved_mb": reserved}), flush=True)


@torch.no_grad()
def fill(model: Any) -> None:
    """Random weights in place of those that were read, quantized ones too."""
    torch.manual_seed(0)
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if weight is None:
            continue
        if getattr(weight, "quant_state", None) is not None:
            _fill_quantized(module)
        elif weight.ndim == 2:
            weight.normal_(0, SPREAD)
        else:
            weight.fill_(1)


def _fill_quantized(module: Any) -> None:
    from bitsandbytes.functional import quantize_4bit

    weight, state = module.weight, module.weight.quant_state
    values = torch.randn(state.shape, dtype=state.dtype, device=weight.device) * SPREAD
    packed, weight.quant_state = quantize_4bit(
        values, blocksize=state.blocksize, compress_statistics=state.nested, quant_type="nf4"
    )
    weight.data.copy_(packed.view_as(weight.data))
    module.quant_state = weight.quant_state


if __name__ == "__main__":
    main(*sys.argv[1:])
