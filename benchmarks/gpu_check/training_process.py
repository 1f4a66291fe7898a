"""One training of ``benchmarks.gpu_check``, in a process of its own; its last line is JSON.

The base's file may hold nothing but zeros, a hole on the disk: so a 7B model need not be written.
The weights become random where they lie, on the GPU, layer by layer.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from trainers.run import prepare
from trainers.run.train import train

SPREAD = 0.02


def main(how: str, recipe: str, *overrides: str) -> None:
    """Train, with at most so many GB for torch's allocator; 0 is all of the GPU."""
    settings, is_cuda, took = json.loads(how), torch.cuda.is_available(), dict[str, float]()
    if is_cuda and settings["cap_gb"]:
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, settings["cap_gb"] * 1e9 / total))
    if settings["first_scale"]:
        scaler: Any = torch.amp.GradScaler
        changed_amp: Any = torch.amp
        changed_amp.GradScaler = partial(scaler, init_scale=settings["first_scale"])
    changed: Any = prepare
    opened = _timed(changed.open_model, took)

    def open_model(*args: Any) -> Any:
        model = opened(*args)
        if settings["is_filled"]:
            # A base that is not quantized is still on the CPU, which draws numbers slowly.
            fill(model.to("cuda") if is_cuda and model.device.type == "cpu" else model)
        return model

    changed.open_model = open_model
    if settings["is_filled"]:
        # It would read the hole, and the hash of zeros says nothing.
        changed.folder_hash = lambda folder: "0" * 64
    train(recipe, overrides)
    found = {"opening_seconds": round(took["open_model"], 2), **_memory(is_cuda)}
    print(json.dumps(found), flush=True)


def _timed(function: Callable[..., Any], took: dict[str, float]) -> Callable[..., Any]:
    def timed(*args: Any) -> Any:
        began = time.perf_counter()
        found = function(*args)
        took[function.__name__] = time.perf_counter() - began
        return found

    return timed


def _memory(is_cuda: bool) -> dict[str, Any]:
    """Of the whole process; ``gpu_used_mb`` is that of all processes on the GPU."""
    if not is_cuda:
        return {"reserved_mb": None}
    free, total = torch.cuda.mem_get_info()
    reserved, now = torch.cuda.max_memory_reserved() / 1e6, torch.cuda.memory_reserved() / 1e6
    used = {"gpu_used_mb": (total - free) / 1e6, "reserved_at_end_mb": now}
    return {"reserved_mb": reserved, **used}


@torch.no_grad()
def fill(model: Any) -> None:
    """Random weights in place of those that were read, four-bit ones too; those of eight stay."""
    torch.manual_seed(0)
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if weight is None:
            continue
        if getattr(weight, "quant_state", None) is not None:
            _fill_quantized(module)
        elif weight.ndim == 2 and weight.is_floating_point():
            weight.normal_(0, SPREAD)
        elif weight.is_floating_point():
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
