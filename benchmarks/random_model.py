"""A model in Qwen2.5-0.5B's real shape with random weights, for what depends on size alone.

    python -m benchmarks.random_model /tmp/qwen05

Speed and memory of loading, converting and decoding depend on shapes, not on what the weights mean.
The tokenizer is the bundled one, with as many filler tokens as the real vocabulary has rows. Two
runs of one seed write the same bytes. About 1 GB; never committed.
"""

import json
import shutil
from pathlib import Path

import click
import numpy as np

from harness.export.numbers import from_float32
from harness.export.safetensors_file import Array
from harness.export.safetensors_writer import write_safetensors

BUNDLED = Path(__file__).parent.parent / "fixtures/models/tiny-qwen2"
SHAPE = {
    "hidden_size": 896,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "intermediate_size": 4864,
    "vocab_size": 151_936,
    "max_position_embeddings": 32_768,
    "max_window_layers": 24,
}
"""Of Qwen2.5-0.5B's ``config.json``."""
THETA = 1_000_000.0
SPREAD = 0.02
"""Standard deviation of the weights: transformers' own for a fresh model."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--seed", default=0, show_default=True)
@click.option("--shards", default=1, show_default=True, help="Files to spread the weights over.")
@click.option("--layers", default=SHAPE["num_hidden_layers"], show_default=True)
def main(folder: Path, seed: int, shards: int, layers: int) -> None:
    """Write the model into FOLDER."""
    write_random_model(folder, seed=seed, shards=shards, layers=layers)
    size = sum(file.stat().st_size for file in folder.iterdir())
    click.echo(f"{folder}: {size / 1e6:,.0f} MB in {shards} file(s)")


def write_random_model(folder: Path, *, seed: int = 0, shards: int = 1, layers: int = 24) -> None:
    """Write a Qwen2 of the real widths with ``layers`` layers, in bfloat16."""
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((BUNDLED / "config.json").read_text("utf-8"))
    config |= {**SHAPE, "num_hidden_layers": layers, "tie_word_embeddings": True}
    config["layer_types"] = ["full_attention"] * layers
    config["rope_parameters"] = {"rope_theta": THETA, "rope_type": "default"}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    for name in ("generation_config.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copyfile(BUNDLED / name, folder / name)
    _write_tokenizer(folder / "tokenizer.json")
    _write_weights(folder, shapes(layers), seed, shards)


def shapes(layers: int) -> dict[str, tuple[int, ...]]:
    """Every weight by its transformers name."""
    width, inner = SHAPE["hidden_size"], SHAPE["intermediate_size"]
    narrow = width // SHAPE["num_attention_heads"] * SHAPE["num_key_value_heads"]
    found: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (SHAPE["vocab_size"], width)}
    for layer in range(layers):
        start = f"model.layers.{layer}."
        for part, rows in (("q", width), ("k", narrow), ("v", narrow)):
            found[f"{start}self_attn.{part}_proj.weight"] = (rows, width)
            found[f"{start}self_attn.{part}_proj.bias"] = (rows,)
        found[f"{start}self_attn.o_proj.weight"] = (width, width)
        found[f"{start}mlp.gate_proj.weight"] = (inner, width)
        found[f"{start}mlp.up_proj.weight"] = (inner, width)
        found[f"{start}mlp.down_proj.weight"] = (width, inner)
        found[f"{start}input_layernorm.weight"] = (width,)
        found[f"{start}post_attention_layernorm.weight"] = (width,)
    found["model.norm.weight"] = (width,)
    return found


def _write_tokenizer(path: Path) -> None:
    tokenizer = json.loads((BUNDLED / "tokenizer.json").read_text("utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    for index in range(len(vocabulary), SHAPE["vocab_size"]):
        vocabulary[f"[filler {index}]"] = index
    path.write_text(json.dumps(tokenizer, ensure_ascii=False), "utf-8")


def _write_weights(
    folder: Path, wanted: dict[str, tuple[int, ...]], seed: int, shards: int
) -> None:
    names = list(wanted)
    files = [f"model-{n + 1:05d}-of-{shards:05d}.safetensors" for n in range(shards)]
    if shards == 1:
        files = ["model.safetensors"]
    places = {name: files[index * shards // len(names)] for index, name in enumerate(names)}
    for file in files:
        part = {name: wanted[name] for name in names if places[name] == file}
        write_safetensors(
            folder / file, part, "BF16", (_values(n, s, seed) for n, s in part.items())
        )
    if shards > 1:
        index = {"metadata": {}, "weight_map": places}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), "utf-8")


def _values(name: str, shape: tuple[int, ...], seed: int) -> Array:
    """Ones for norms, small normal numbers elsewhere; each tensor from a stream of its own."""
    if name.endswith("norm.weight"):
        values = np.ones(shape, np.float32)
    else:
        stream = np.random.default_rng([seed, *name.encode()])
        values = stream.standard_normal(shape, np.float32) * np.float32(SPREAD)
    return from_float32(values, "BF16", name)


if __name__ == "__main__":
    main()
