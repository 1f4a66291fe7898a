"""Adapters over small random models, every matrix of them random."""

import warnings
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CONV1D = ["c_attn", "c_proj", "c_fc"]


def adapter(model, folder: Path, base: Path, **settings):
    """Put a random adapter over ``model``, save it, and return peft's model."""
    config = LoraConfig(
        **{"r": 4, "lora_alpha": 12, "target_modules": TARGETS, "task_type": "CAUSAL_LM"} | settings
    )
    made = get_peft_model(model, config).eval()
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                weight.add_(torch.randn_like(weight) * 0.1)
    made.peft_config["default"].base_model_name_or_path = str(base)
    with warnings.catch_warnings():
        # peft tells of the frozen copies of head and embedding that it saves along.
        warnings.filterwarnings("ignore", "Setting `save_embedding_layers`")
        made.save_pretrained(folder)
    return made
