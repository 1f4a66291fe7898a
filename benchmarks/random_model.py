"""Writes a model in Qwen2.5-0.5B's shape with random weights, for benchmarks that depend on size.

    python -m benchmarks.random_model /tmp/qwen05
    python -m benchmarks.random_model /tmp/small --shape 15m
    python -m benchmarks.random_model /tmp/qwen7 --shape 7b --shards 4
    python -m benchmarks.random_model /tmp/qwen7 --shape 7b --empty

Speed and memory of loading, converting and decoding depend on shapes, not on the weights' values.
The tokenizer is the bundled one, with filler tokens up to the size of the real vocabulary. The same
seed writes the same bytes. The model takes about 1 GB, the shape 7b 15 GB; it is never committed.
Smaller shapes serve to find the size from which an optimisation pays.
"""

import json
import math
import shutil
from pathlib import Path

import click
import numpy as np

from harness.export.tensors.dtypes import from_float32
from harness.export.tensors.safetensors_file import Array
from harness.export.tensors.safetensors_writer import header_bytes, write_safetensors

BUNDLED = Path(__file__).parent.parent / "fixtures/models/tiny-qwen2"


def _shape(
    width: int, layers: int, heads: int, own: int, inner: int, rows: int, *, is_tied: bool = True
) -> dict[str, int]:
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": own,
        "intermediate_size": inner,
        "vocab_size": rows,
        "max_position_embeddings": 32_768,
        "max_window_layers": layers,
        "tie_word_embeddings": is_tied,
    }


SHAPES = {
    "7b": _shape(3584, 28, 28, 4, 18_944, 152_064, is_tied=False),
    "1.5b": _shape(1536, 28, 12, 2, 8960, 151_936),
    "0.5b": _shape(896, 24, 14, 2, 4864, 151_936),
    "135m": _shape(576, 30, 9, 3, 1536, 49_152),
    "45m": _shape(512, 10, 8, 2, 1536, 32_000),
    "15m": _shape(384, 8, 6, 2, 1024, 8192),
    "5m": _shape(320, 5, 5, 1, 640, 4096),
}
"""Shapes by approximate number of parameters: those of Qwen2.5 and SmolLM2-135M, and smaller ones
with the usual head size of 64."""
THETA = 1_000_000.0
SPREAD = 0.02
"""Standard deviation of the weights: transformers' own for a fresh model."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--seed", default=0, show_default=True)
@click.option("--shards", default=1, show_default=True, help="Files to spread the weights over.")
@click.option("--layers", type=int, default=None, help="Fewer than the shape has.")
@click.option("--shape", type=click.Choice(list(SHAPES)), default="0.5b", show_default=True)
@click.option("--empty", is_flag=True, help="Zeros that take no room on the disk, in one file.")
def main(folder: Path, seed: int, shards: int, layers: int | None, shape: str, empty: bool) -> None:
    """Write the model into FOLDER."""
    if empty and shards > 1:
        raise click.UsageError("--empty writes one file, leave --shards out")
    write_random_model(
        folder, seed=seed, shards=shards, layers=layers, shape=shape, has_values=not empty
    )
    size = sum(file.stat().st_size for file in folder.iterdir())
    click.echo(f"{folder}: {size / 1e6:,.0f} MB in {shards} file(s)")


def write_random_model(
    folder: Path,
    *,
    seed: int = 0,
    shards: int = 1,
    layers: int | None = None,
    shape: str = "0.5b",
    has_values: bool = True,
) -> None:
    """Write a Qwen2 of one of ``SHAPES``, with ``layers`` layers, in bfloat16.

    Args:
        has_values: otherwise all weights are zeros that take no room on the disk.
    """
    sizes = dict(SHAPES[shape])
    if layers is not None:
        sizes["num_hidden_layers"] = layers
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((BUNDLED / "config.json").read_text("utf-8"))
    config |= sizes
    config["layer_types"] = ["full_attention"] * sizes["num_hidden_layers"]
    config["rope_parameters"] = {"rope_theta": THETA, "rope_type": "default"}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    for name in ("generation_config.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copyfile(BUNDLED / name, folder / name)
    _write_tokenizer(folder / "tokenizer.json", sizes["vocab_size"])
    if has_values:
        _write_weights(folder, tensors(sizes), seed, shards)
    else:
        write_hole(folder / "model.safetensors", tensors(sizes))


def tensors(sizes: dict[str, int]) -> dict[str, tuple[int, ...]]:
    """Every weight's shape by its transformers name."""
    width, inner = sizes["hidden_size"], sizes["intermediate_size"]
    narrow = width // sizes["num_attention_heads"] * sizes["num_key_value_heads"]
    found: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (sizes["vocab_size"], width)}
    for layer in range(sizes["num_hidden_layers"]):
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
    if not sizes["tie_word_embeddings"]:
        found["lm_head.weight"] = (sizes["vocab_size"], width)
    return found


def _write_tokenizer(path: Path, rows: int) -> None:
    tokenizer = json.loads((BUNDLED / "tokenizer.json").read_text("utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    for index in range(len(vocabulary), rows):
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


def write_hole(path: Path, wanted: dict[str, tuple[int, ...]]) -> None:
    """Write weights of zeros that take no room on the disk."""
    header = header_bytes(wanted, "BF16")
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + 2 * sum(map(math.prod, wanted.values())))


def _values(name: str, shape: tuple[int, ...], seed: int) -> Array:
    """Ones for norms, small normal values elsewhere; each tensor has its own random stream."""
    if name.endswith("norm.weight"):
        values = np.ones(shape, np.float32)
    else:
        stream = np.random.default_rng([seed, *name.encode()])
        values = stream.standard_normal(shape, np.float32) * np.float32(SPREAD)
    return from_float32(values, "BF16", name)


if __name__ == "__main__":
    main()
